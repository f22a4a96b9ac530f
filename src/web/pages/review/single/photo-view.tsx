import { useLayoutEffect, useRef } from 'preact/hooks';
import type { Heatmap, ModelEvidence, ReviewPhoto } from '../../../../core/review/desk/desk.ts';
import type { ZoomControl } from './use-zoom.ts';
import { placeOf } from './zoom.ts';
import { CommandButton } from '../action-bar.tsx';
import { cropAt } from './crop-grid.tsx';
import { EndPage } from './end-page.tsx';
import type { SingleDesk } from './single-desk.ts';
import type { HeatControl } from './use-heat.ts';
import { tagText } from '../../../../core/kernel/texts.ts';
import { isolated, judgementText } from '../words.ts';

/** Index of the first mirrored crop. Mirrored crops have the same boxes as the first five. */
const FIRST_MIRRORED = 5;

type CropBox = ModelEvidence['crops'][number]['box'];

interface PhotoViewProps {
  readonly desk: SingleDesk;
  readonly zoom: ZoomControl;
  readonly heat: HeatControl;
}

export function PhotoView(props: PhotoViewProps) {
  const { desk, zoom } = props;
  const { photo } = desk;
  return (
    <main class="photo-view" data-ready={desk.isReady.value ? '' : undefined}>
      {photo === null ? null : (
        <p class="asked">
          <b class="searched" title={photo.name}>
            {photo.name}
          </b>{' '}
          {photo.confusionName === null ? null : (
            <span class="predicted" title={photo.confusionName}>
              seen as {photo.confusionName}
            </span>
          )}
        </p>
      )}
      <div class={`view${zoom.zoom === null ? '' : ' zoomed'}`} ref={zoom.view}>
        {photo === null || zoom.size.width === 0 ? null : <Shown {...props} photo={photo} />}
        {photo !== null && desk.hasFailed(photo) ? (
          <div class="failed" role="alert">
            <p>This photo cannot be loaded, so it cannot be accepted.</p>
            <button type="button" onClick={() => desk.pictures.tryAgain(photo.sha256)}>
              Try again
            </button>
          </div>
        ) : null}
        {photo === null ? <EndPage desk={desk} /> : <Said desk={desk} />}
      </div>
      <PhotoTools {...props} />
    </main>
  );
}

function Shown({ photo, desk, zoom, heat }: PhotoViewProps & { photo: ReviewPhoto }) {
  const { members } = desk;
  const crops = desk.areCropsDrawn.value ? (members[0]?.crops.slice(0, FIRST_MIRRORED) ?? []) : [];
  const crop = desk.crop.value === null ? null : cropAt(members, desk.crop.value);
  const { left, top, width, height } = placeOf(photo, zoom.size, zoom.zoom);
  return (
    <div class="shown" style={{ left: `${left}px`, top: `${top}px`, width: `${width}px`, height: `${height}px` }}>
      <Picture photo={photo} desk={desk} isZoomed={zoom.zoom !== null} />
      {heat.shown === null ? null : <Heat {...heat.shown} />}
      {crops.length === 0 && crop === null ? null : (
        <svg class="crop-boxes" aria-hidden="true">
          {crops.map(({ box }, i) => (
            <Box key={i} {...box} />
          ))}
          {crop === null ? null : <Box {...crop.box} isActive />}
        </svg>
      )}
    </div>
  );
}

/** Inserts the decoded image element itself. When zoomed, the full-size photo is over it. */
function Picture({ photo, desk, isZoomed }: { photo: ReviewPhoto; desk: SingleDesk; isZoomed: boolean }) {
  const { pictures } = desk;
  const holder = useRef<HTMLDivElement>(null);
  const { sha256, wnid, name } = photo;
  const isLoaded = pictures.of(sha256).complete;
  useLayoutEffect(() => {
    const image = pictures.of(sha256);
    image.alt = `Photo to judge, searched as ${name}`;
    image.dataset['photo'] = sha256;
    image.dataset['wnid'] = wnid;
    image.draggable = false;
    holder.current?.replaceChildren(image);
  }, [pictures, sha256, wnid, name]);
  return (
    <>
      {isLoaded ? null : <img class="whole" src={`/thumbnails/${sha256}`} alt="" />}
      <div class="picture" ref={holder} />
      {isZoomed ? <img key={sha256} class="whole" src={`/photos/${sha256}`} alt="" draggable={false} /> : null}
    </>
  );
}

function Heat({ map, kind }: { readonly map: Heatmap; readonly kind: 'searched' | 'predicted' }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useLayoutEffect(() => {
    if (canvas.current !== null) drawHeat(canvas.current, map);
  }, [map, kind]);
  const { left, top, width, height } = map.box;
  const style = { left: percent(left), top: percent(top), width: percent(width), height: percent(height) };
  return (
    <canvas ref={canvas} class={`heat ${kind}`} style={style} role="img" aria-label={`Heatmap of the ${kind} class`} />
  );
}

function Box({ left, top, width, height, isActive = false }: CropBox & { readonly isActive?: boolean }) {
  return (
    <rect
      class={isActive ? 'active' : ''}
      x={percent(left)}
      y={percent(top)}
      width={percent(width)}
      height={percent(height)}
    />
  );
}

function percent(share: number): string {
  return `${(100 * share).toFixed(2)}%`;
}

/** Draws a heatmap, one canvas pixel per cell, in the canvas's text colour. Opacity grows with the value; 0 is not drawn. */
function drawHeat(canvas: HTMLCanvasElement, { rows, columns, values }: Heatmap): void {
  canvas.width = columns;
  canvas.height = rows;
  const context = canvas.getContext('2d');
  if (context === null) return;
  const highest = Math.max(...values, Number.MIN_VALUE);
  context.clearRect(0, 0, columns, rows);
  context.fillStyle = getComputedStyle(canvas).color;
  for (const [i, value] of values.entries()) {
    context.globalAlpha = 0.8 * Math.max(0, value / highest);
    context.fillRect(i % columns, Math.floor(i / columns), 1, 1);
  }
}

function PhotoTools({ desk, zoom, heat }: PhotoViewProps) {
  const { photo } = desk;
  const common = { desk, kind: 'chip', isDisabled: photo === null };
  return (
    <div class="tools" role="group" aria-label="How the photo is shown">
      <CommandButton {...common} command="zoom" isOn={zoom.zoom !== null} onClick={zoom.toggle}>
        1:1
      </CommandButton>
      <CommandButton {...common} command="fit">
        Fit
      </CommandButton>
      <CommandButton {...common} command="crops" isOn={desk.areCropsDrawn.value}>
        Crops
      </CommandButton>
      <CommandButton {...common} command="heatmap" kind={`chip ${heat.kind ?? ''}`} isOn={heat.kind !== null}>
        {heat.text === '' ? 'Heatmap' : `Heatmap: ${heat.text}`}
      </CommandButton>
      <span class="percent">{zoom.percent === null ? '' : `${zoom.percent} %`}</span>
    </div>
  );
}

function Said({ desk }: { readonly desk: SingleDesk }) {
  return (
    <p class="said">
      {saidOf(desk).map((text) => (
        <span key={text}>{text}</span>
      ))}
    </p>
  );
}

function saidOf({ photo, withOtherText, nameOfFurther }: SingleDesk): readonly string[] {
  if (photo === null) return [];
  const { mine, others, state } = photo;
  const also = (wnids: readonly string[]): string[] => wnids.map((wnid) => `+ ${isolated(nameOfFurther(wnid))}`);
  const verdict = mine.verdict === null ? [] : [judgementText({ verdict: mine.verdict, reason: mine.reason })];
  const theirs = others.flatMap(({ reviewer, verdict: said, reason, alsoWnids }) =>
    said === null ? [] : [[`${reviewer}: ${judgementText({ verdict: said, reason })}`, ...also(alsoWnids)].join(' ')],
  );
  return [
    ...(withOtherText === null ? [] : [withOtherText]),
    ...verdict,
    ...also(mine.alsoWnids),
    ...(state === 'disputed' ? ['disputed'] : []),
    ...(mine.flagged ? ['flagged'] : []),
    ...mine.tags.map((tag) => `#${tagText(tag)}`),
    ...(mine.note === '' ? [] : [`“${mine.note}”`]),
    ...theirs,
  ];
}
