/** @jsxRuntime automatic @jsxImportSource preact */
import { Fragment } from 'preact';
import { Bar } from './bar.tsx';
import { countText, shareText } from '../kernel/texts.ts';

export interface FunnelStage {
  readonly name: string;
  readonly count: number;
  readonly href?: string | undefined;
  readonly lost?: readonly { readonly reason: string; readonly count: number; readonly href?: string | undefined }[];
}

/** The stages in pipeline order. Bars are linear, on the scale of the largest stage. */
export function FunnelBars({ stages }: { readonly stages: readonly FunnelStage[] }) {
  const widest = Math.max(1, ...stages.map((stage) => stage.count));
  return (
    <ol class="funnel" aria-label="Photos left after each stage">
      {stages.map((stage, i) => (
        <li key={stage.name}>
          <span class="stage">{stage.name}</span>{' '}
          <span class="count">
            {stage.href === undefined ? countText(stage.count) : <a href={stage.href}>{countText(stage.count)}</a>}
          </span>{' '}
          <span class="share">{shareOfBefore(stage, stages[i - 1])}</span>
          <Bar kind="funnel" ratio={stage.count / widest} />
          <Lost stage={stage} />
        </li>
      ))}
    </ol>
  );
}

function shareOfBefore({ count }: FunnelStage, before: FunnelStage | undefined): string | null {
  return before === undefined ? null : `${shareText(count, before.count)} of ${before.name}`;
}

function Lost({ stage: { lost = [] } }: { readonly stage: FunnelStage }) {
  const some = lost.filter(({ count }) => count > 0);
  if (some.length === 0) return null;
  return (
    <span class="lost">
      {some.map(({ reason, count, href }, i) => (
        <Fragment key={reason}>
          {i === 0 ? '' : ', '}
          {href === undefined ? `${countText(count)} ${reason}` : <a href={href}>{`${countText(count)} ${reason}`}</a>}
        </Fragment>
      ))}
    </span>
  );
}
