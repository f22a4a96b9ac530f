import { useState } from 'preact/hooks';
import { FunnelBars } from './funnel-bars.tsx';
import { PAPER_DRAGONFLY, shapeOf, type Overview } from './overview.ts';

const ALL = '';

/** How all classes narrow, or one that is chosen, beside the paper's own example. */
export function Funnels({ totals, classes }: Pick<Overview, 'totals' | 'classes'>) {
  const [chosen, choose] = useState(ALL);
  const named = classes
    .flatMap((row) => (row.wnid === null || row.found === 0 ? [] : [{ ...row, wnid: row.wnid }]))
    .toSorted((a, b) => a.name.localeCompare(b.name));
  const row = named.find(({ wnid }) => wnid === chosen) ?? { ...totals, name: 'all classes' };
  return (
    <section>
      <label class="find">
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
      <div class="funnels">
        <FunnelBars shape={shapeOf(row)} />
        <FunnelBars shape={PAPER_DRAGONFLY} isReference />
      </div>
    </section>
  );
}
