import { countText } from '../../kernel/texts.ts';
import type { Overview } from './overview.ts';
import { sheetOf } from './tables.tsx';

const SIDE = 16;
const LABEL = 130;
const MAX_CLASSES = 24;

export function ConfusionMatrix({ confusions }: { readonly confusions: Overview['confusions'] }) {
  const rows = topNames(confusions, ({ searchedAs }) => searchedAs);
  const ofRows = confusions.filter(({ searchedAs }) => rows.includes(searchedAs));
  const columns = topNames(ofRows, ({ predicted }) => predicted);
  const cells = ofRows.filter(({ predicted }) => columns.includes(predicted));
  const most = Math.max(1, ...cells.map(({ count }) => count));
  if (cells.length === 0) return null;
  const width = LABEL + columns.length * SIDE;
  const height = LABEL + rows.length * SIDE;
  return (
    <section>
      <h2>What is taken for what</h2>
      <div class="scroll" tabIndex={0} role="region" aria-label="Confusion matrix">
        <svg viewBox={`0 0 ${width} ${height}`} width={width} height={height} role="img" class="confusions">
          <title>Confusions of the kept photos: classes searched as in rows, predicted classes in columns</title>
          {rows.map((name, y) => (
            <text key={name} x={LABEL - 4} y={LABEL + y * SIDE + 12} text-anchor="end">
              {shortened(name)}
            </text>
          ))}
          {columns.map((name, x) => (
            <text key={name} transform={`translate(${LABEL + x * SIDE + 12} ${LABEL - 4}) rotate(-90)`}>
              {shortened(name)}
            </text>
          ))}
          {cells.map(({ searchedAs, predicted, count }) => (
            <rect
              key={`${searchedAs}|${predicted}`}
              x={LABEL + columns.indexOf(predicted) * SIDE}
              y={LABEL + rows.indexOf(searchedAs) * SIDE}
              width={SIDE - 1}
              height={SIDE - 1}
              fill-opacity={0.15 + (0.85 * count) / most}
            >
              <title>{`searched as ${searchedAs}, taken for ${predicted}: ${countText(count)}`}</title>
            </rect>
          ))}
        </svg>
      </div>
    </section>
  );
}

type Confusion = Overview['confusions'][number];

function topNames(confusions: readonly Confusion[], nameOf: (one: Confusion) => string): string[] {
  const sums = new Map<string, number>();
  for (const one of confusions) sums.set(nameOf(one), (sums.get(nameOf(one)) ?? 0) + one.count);
  return [...sums]
    .toSorted(([, a], [, b]) => b - a)
    .slice(0, MAX_CLASSES)
    .map(([name]) => name);
}

function shortened(name: string): string {
  return name.length > 20 ? `${name.slice(0, 19)}…` : name;
}

const CARDS = 12;

export function ConfusionCards({ confusions }: { readonly confusions: Overview['confusions'] }) {
  if (confusions.length === 0) return null;
  return (
    <section>
      <h2>
        Confusions <small>largest first · each leads to its photos</small>
      </h2>
      <ul class="confusion-cards">
        {confusions.slice(0, CARDS).map(({ wnid, confusionWnid, searchedAs, predicted, count, photo }) => (
          <li key={`${wnid}|${confusionWnid}`} class="card">
            <a href={sheetOf(wnid, confusionWnid)}>
              <span class="frame">
                <img
                  src={`/thumbnails/${photo}`}
                  alt={`Photo searched as ${searchedAs}, taken for ${predicted}`}
                  loading="lazy"
                />
              </span>
            </a>
            <p>
              <span>
                <span class="searched">{searchedAs}</span> → <span class="predicted">{predicted}</span>
              </span>
              <small>{countText(count)}</small>
            </p>
          </li>
        ))}
      </ul>
    </section>
  );
}
