import type { ClassProgress } from '../../review/desk/desk.ts';
import { countText } from '../../kernel/texts.ts';

export type StateCounts = Pick<ClassProgress, 'listed' | 'open' | 'accepted' | 'rejected' | 'unsure' | 'disputed'>;

const DECIDED = ['accepted', 'disputed', 'unsure', 'rejected'] as const;

/**
 * How far a class is: a part for each state, on a track of all listed photos. It is decoration: the counts stand beside it as
 * text.
 *
 * @param props.target accepted photos that are wanted: a line across the bar
 */
export function ProgressBar({ counts, target }: { readonly counts: StateCounts; readonly target: number | null }) {
  const whole = Math.max(1, counts.listed, target ?? 0);
  let end = 0;
  return (
    <svg class="progress-bar" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">
      <rect class="track" width="100" height="8" />
      {DECIDED.map((state) => {
        const start = end;
        end += counts[state];
        return <rect key={state} class={state} x={share(start)} width={share(counts[state])} height="8" />;
      })}
      {target === null || target >= whole ? null : <path class="mark" d={`M${share(target)} 0V8`} />}
    </svg>
  );

  function share(count: number): string {
    return ((100 * count) / whole).toFixed(2);
  }
}

/** `12 of 40 accepted`, or `12 accepted` if there is no target. */
export function acceptedText(accepted: number, target: number | null): string {
  return target === null
    ? `${countText(accepted)} accepted`
    : `${countText(accepted)} of ${countText(target)} accepted`;
}

/** The sums over all classes. */
export function totalsOf(classes: readonly ClassProgress[]): StateCounts {
  const totals = { listed: 0, open: 0, accepted: 0, rejected: 0, unsure: 0, disputed: 0 };
  for (const one of classes) {
    totals.listed += one.listed;
    totals.open += one.open;
    totals.accepted += one.accepted;
    totals.rejected += one.rejected;
    totals.unsure += one.unsure;
    totals.disputed += one.disputed;
  }
  return totals;
}
