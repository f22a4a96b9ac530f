import { countText, shareText, type Shape } from './overview.ts';

const STEPS = [
  ['fetched', 'photos'],
  ['kept', 'kept by the filter'],
  ['shortlisted', 'shortlisted'],
  ['selected', 'selected'],
] as const;

/** The four numbers as bars, on a logarithmic scale: each step of the paper's own funnel keeps a tenth. */
export function FunnelBars({ shape, isReference = false }: { readonly shape: Shape; readonly isReference?: boolean }) {
  return (
    <figure class={isReference ? 'funnel reference' : 'funnel'}>
      <figcaption>
        {shape.name} <small>(bars are logarithmic)</small>
      </figcaption>
      <dl>
        {STEPS.map(([step, label], i) => {
          const count = shape[step];
          const before = i === 0 ? null : shape[STEPS[i - 1]?.[0] ?? 'fetched'];
          return (
            <div key={step}>
              <dt>{label}</dt>
              <dd>
                <span class="track">
                  <span class="bar" style={{ width: `${widthOf(count, shape.fetched)}%` }} />
                </span>
                <span class="numbers">
                  <b>{countText(count)}</b>
                  {before === null ? null : <small> {shareText(count, before)}</small>}
                </span>
              </dd>
            </div>
          );
        })}
      </dl>
    </figure>
  );
}

function widthOf(count: number, whole: number): number {
  return whole === 0 ? 0 : (100 * Math.log10(count + 1)) / Math.log10(whole + 1);
}
