/** @jsxRuntime automatic @jsxImportSource preact */
import type { GalleryPhoto } from '../report.ts';
import type { Heatmap } from '../../../core/review/desk/desk.ts';
import { probabilityText, tagText } from '../../../core/kernel/texts.ts';
import type { OfPage } from './context.ts';
import { ClassName, CsvLink, Nothing, Section, To } from './parts.tsx';

export function WhySection({ context }: OfPage) {
  const { gallery } = context.report;
  const models = [...new Set(gallery.flatMap(({ model }) => (model === null ? [] : [model])))];
  return (
    <Section context={context} name="why">
      {gallery.length === 0 ? <Nothing>There are no photos to show.</Nothing> : null}
      {models.length === 0 ? null : (
        <p>
          The colour shows which parts of the centre crop speak for{' '}
          {gallery.every(({ searched }) => searched === null) ? null : (
            <>
              <span class="key searched">the searched class</span> and for{' '}
            </>
          )}
          <span class="key predicted">the predicted one</span>, as {models.join(', ')} sees it. Maps of one photo share
          the scale below them: {meaningOf(gallery)}. Not drawn: cells that speak against the class, and what is outside
          the centre crop.
        </p>
      )}
      <ul class="gallery">
        {gallery.map((photo) => (
          <Card context={context} key={`${photo.sha256} ${photo.wnid}`} photo={photo} />
        ))}
      </ul>
      {gallery.length === 0 ? null : <CsvLink href={context.csv('gallery')} of="the gallery" />}
    </Section>
  );
}

/** The meaning of a cell's value. Heatmaps of one model are of one kind. */
function meaningOf(gallery: readonly GalleryPhoto[]): string {
  const [first] = gallery.flatMap((photo) => heatsOf(photo));
  return first?.heat.kind === 'occlusion'
    ? 'how far the class’s logit falls if a cell is hidden'
    : 'how much a cell adds to the class’s logit, before the bias';
}

type PhotoProps = OfPage & { readonly photo: GalleryPhoto };

function Card({ photo, context }: PhotoProps) {
  const { sha256, wnid, predictedWnid, maxTrueProb, predictedProb, tags, credit, licence } = photo;
  return (
    <li class="why">
      <To href={context.linkOf('photo', sha256)}>
        <Pictures context={context} photo={photo} />
      </To>
      <dl>
        <div>
          <dt>
            <ClassName context={context} wnid={wnid} kind="searched" />
          </dt>
          <dd>{maxTrueProb === null ? null : `p ≤ ${probabilityText(maxTrueProb)}`}</dd>
        </div>
        <div>
          <dt>
            <ClassName context={context} wnid={predictedWnid} kind="predicted" />
          </dt>
          <dd>{`p ${probabilityText(predictedProb)}`}</dd>
        </div>
      </dl>
      {tags.length === 0 ? null : <p class="tags">{tags.map(tagText).join(', ')}</p>}
      <p class="credit">
        <bdi>{credit}</bdi>, <bdi>{licence}</bdi>
      </p>
    </li>
  );
}

function Pictures({ photo, context: { pictures, nameOf } }: PhotoProps) {
  const src = pictures(photo.sha256);
  const [searched, predicted] = [nameOf(photo.wnid), nameOf(photo.predictedWnid)];
  const alt = `Photo searched as ${searched}, taken for ${predicted}`;
  if (src === null) return <span class="no-picture">no picture</span>;
  const heats = heatsOf(photo);
  const [first] = heats;
  if (first === undefined) {
    return (
      <span class="shot alone">
        <img src={src} alt={alt} />
      </span>
    );
  }
  const highest = Math.max(0, ...heats.flatMap(({ heat }) => heat.values));
  const id = `photo-${photo.sha256.slice(0, 16)}-${photo.wnid.replaceAll(/[^\w]/g, '')}`;
  const width = Math.round(SHOT * aspectOf(first.heat));
  return (
    <span class="shots">
      <svg class="shot" viewBox={`0 0 ${width} ${SHOT}`} role="img" aria-label={alt}>
        <image id={id} href={src} width={width} height={SHOT} preserveAspectRatio="none" />
      </svg>
      <span class="heats">
        {heats.map(({ kind, heat }) => (
          <Overlay
            key={kind}
            heat={heat}
            highest={highest}
            kind={kind}
            id={id}
            width={width}
            name={kind === 'searched' ? searched : predicted}
          />
        ))}
      </span>
      <Scale heat={first.heat} highest={highest} />
    </span>
  );
}

function Scale({ heat, highest }: { readonly heat: Heatmap; readonly highest: number }) {
  if (highest === 0) return <span class="scale">no cell speaks for either class</span>;
  // The logit is the mean of class activations plus the bias, so a cell adds its share of them.
  const most = heat.kind === 'occlusion' ? highest : highest / heat.values.length;
  return (
    <span class="scale">
      0 <span class="ramp" /> +{most.toPrecision(2)}
    </span>
  );
}

const SHOT = 100;

function heatsOf({ searched, predicted }: GalleryPhoto): { kind: 'searched' | 'predicted'; heat: Heatmap }[] {
  return [
    ...(searched === null ? [] : [{ kind: 'searched', heat: searched } as const]),
    ...(predicted === null ? [] : [{ kind: 'predicted', heat: predicted } as const]),
  ];
}

/** Width of a photo as a share of its height: the box is a square of pixels. */
function aspectOf({ box }: Heatmap): number {
  return box.width > 0 && box.height > 0 ? Math.min(4, Math.max(0.25, box.height / box.width)) : 1;
}

interface OverlayProps {
  readonly heat: Heatmap;
  readonly highest: number;
  readonly kind: 'searched' | 'predicted';
  readonly id: string;
  readonly width: number;
  readonly name: string;
}

/** The photo, pale, with the cells of a heatmap over it. What speaks against the class is not drawn. */
function Overlay({ heat, highest, kind, id, width, name }: OverlayProps) {
  const { rows, columns, values, box } = heat;
  const place = `translate(${round(box.left * width)} ${round(box.top * SHOT)}) scale(${round((box.width * width) / columns)} ${round((box.height * SHOT) / rows)})`;
  return (
    <svg
      class={`shot heat ${kind}`}
      viewBox={`0 0 ${width} ${SHOT}`}
      role="img"
      aria-label={`Where the model sees ${name}`}
    >
      <use href={`#${id}`} class="pale" />
      <g transform={place}>
        {values.map((value, i) =>
          value <= Math.max(0, highest * 0.02) ? null : (
            <rect
              // oxlint-disable-next-line react/no-array-index-key -- a cell is its place
              key={i}
              x={i % columns}
              y={Math.floor(i / columns)}
              width={1.02}
              height={1.02}
              fill-opacity={Math.round((80 * value) / highest) / 100}
            />
          ),
        )}
      </g>
    </svg>
  );
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
