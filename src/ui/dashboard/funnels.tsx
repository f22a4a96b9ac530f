import { useState } from 'preact/hooks';
import { FunnelBars, type FunnelStage } from '../../page/funnel.tsx';
import { stagesOf } from '../../page/stages.ts';
import type { Overview } from './overview.ts';

const ALL = '';

export function ClassFunnel({ totals, classes }: Pick<Overview, 'totals' | 'classes'>) {
  const [chosen, choose] = useState(ALL);
  const named = classes
    .flatMap((row) => (row.wnid === null || row.found === 0 ? [] : [{ ...row, wnid: row.wnid }]))
    .toSorted((a, b) => a.name.localeCompare(b.name));
  const row = named.find(({ wnid }) => wnid === chosen);
  return (
    <section aria-label="Funnel" class="class-funnel">
      <h2>
        <label>
          Funnel of{' '}
          <select value={chosen} onChange={(event) => choose(event.currentTarget.value)}>
            <option value={ALL}>all classes</option>
            {named.map(({ wnid, name }) => (
              <option key={wnid} value={wnid}>
                {name}
              </option>
            ))}
          </select>
        </label>
      </h2>
      <FunnelBars stages={stagesOf(row ?? totals)} />
    </section>
  );
}

/** Photos of the class dragonfly of IMAGENET-A (the paper, section 3.1). */
const PAPER_DRAGONFLY: readonly FunnelStage[] = [
  { name: 'crawled', count: 81_413 },
  { name: 'kept', count: 8_925 },
  { name: 'shortlisted', count: 1_452 },
  { name: 'selected', count: 80 },
];

export function Reference() {
  return (
    <section aria-label="Reference" class="reference">
      <h2>
        For comparison <small>dragonfly, in the paper</small>
      </h2>
      <FunnelBars stages={PAPER_DRAGONFLY} />
    </section>
  );
}
