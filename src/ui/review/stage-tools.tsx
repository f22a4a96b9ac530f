import { CommandButton } from './action-bar.tsx';
import type { SingleDesk } from './single-desk.ts';
import type { HeatControl } from './use-heat.ts';
import type { ZoomControl } from './use-zoom.ts';
import { judgementText } from './words.ts';

interface StageToolsProps {
  readonly desk: SingleDesk;
  readonly zoom: ZoomControl;
  readonly heat: HeatControl;
  readonly areCropsDrawn: boolean;
}

export function StageTools({ desk, zoom, heat, areCropsDrawn }: StageToolsProps) {
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
      <CommandButton {...common} command="crops" isOn={areCropsDrawn}>
        Crops
      </CommandButton>
      <CommandButton {...common} command="heatmap" kind={`chip ${heat.kind ?? ''}`} isOn={heat.kind !== null}>
        {heat.text === '' ? 'Heatmap' : `Heatmap: ${heat.text}`}
      </CommandButton>
      <span class="percent">{zoom.percent === null ? '' : `${zoom.percent} %`}</span>
    </div>
  );
}

export function Said({ desk }: { readonly desk: SingleDesk }) {
  return (
    <p class="said">
      {saidOf(desk).map((text) => (
        <span key={text}>{text}</span>
      ))}
    </p>
  );
}

function saidOf({ photo, isWithOther }: SingleDesk): readonly string[] {
  if (photo === null) return [];
  const { mine, others, state } = photo;
  const verdict = mine.verdict === null ? [] : [judgementText({ verdict: mine.verdict, reason: mine.reason })];
  const theirs = others.flatMap(({ reviewer, verdict: said, reason }) =>
    said === null ? [] : [`${reviewer}: ${judgementText({ verdict: said, reason })}`],
  );
  return [
    ...(isWithOther ? ['another reviewer has this photo now; your verdict counts, too'] : []),
    ...verdict,
    ...(state === 'disputed' ? ['disputed'] : []),
    ...(mine.flagged ? ['flagged'] : []),
    ...mine.tags.map((tag) => `#${tag}`),
    ...(mine.note === '' ? [] : [`“${mine.note}”`]),
    ...theirs,
  ];
}
