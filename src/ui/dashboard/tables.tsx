import type { ComponentChildren } from 'preact';
import type { ReasonExample } from '../../status/overview.repository.ts';
import { useState } from 'preact/hooks';
import { WideTable } from '../../page/wide-table.tsx';
import { Confirm } from './confirm.tsx';
import { sendOrder } from './order.ts';
import { countText, shareText } from '../../kernel/texts.ts';
import { problemsOf, type OrderAnswer, type ClassRow, type Overview, type Row } from './overview.ts';

interface TableProps<Item> {
  readonly caption: string;
  readonly rows: readonly Item[];
  readonly keyOf: (row: Item) => string;
  /** A renderer for each column, by the column's head. The first column names the row. */
  readonly columns: Readonly<Record<string, (row: Item) => ComponentChildren>>;
}

export function Table<Item>({ caption, rows, keyOf, columns }: TableProps<Item>) {
  const lines = rows.map((row) => {
    const [head, ...cells] = Object.values(columns).map((textOf) => textOf(row));
    return { key: keyOf(row), head, cells };
  });
  return <WideTable label={caption} caption={caption} heads={Object.keys(columns)} rows={lines} />;
}

export const COUNT_COLUMNS = {
  found: ({ found }: Row) => countText(found),
  waiting: ({ waiting }: Row) => countText(waiting),
  fetched: ({ fetched }: Row) => countText(fetched),
  kept: ({ decided }: Row) => countText(decided.kept),
};

const FIRST_CLASSES = 20;

export function ClassTable({ classes, confusions }: Pick<Overview, 'classes' | 'confusions'>) {
  const [wanted, setWanted] = useState('');
  const [showsAll, setShowsAll] = useState(false);
  const rows = classes
    .filter((row) => row.found > 0 && row.name.toLowerCase().includes(wanted.toLowerCase()))
    .toSorted((a, b) => b.decided.kept - a.decided.kept || b.found - a.found);
  const shown = showsAll || wanted !== '' ? rows : rows.slice(0, FIRST_CLASSES);
  const columns = {
    class: (row: ClassRow) => <ClassName row={row} confusions={confusions} />,
    ...COUNT_COLUMNS,
    yield: ({ decided, fetched, duplicates }: Row) => shareText(decided.kept, fetched - duplicates),
    undecided: ({ decided }: Row) => countText(decided.undecided),
    listed: ({ shortlisted }: Row) => countText(shortlisted),
  };
  return (
    <section>
      <label class="find">
        Find a class <input type="search" value={wanted} onInput={(event) => setWanted(event.currentTarget.value)} />
      </label>
      <Table
        caption={`Classes (${rows.length})`}
        rows={shown}
        keyOf={({ wnid, name }) => wnid ?? name}
        columns={columns}
      />
      {shown.length === rows.length ? null : (
        <button type="button" onClick={() => setShowsAll(true)}>
          All {rows.length} classes
        </button>
      )}
    </section>
  );
}

export function sheetOf(wnid: string, confusionWnid: string | null = null): string {
  const confusion = confusionWnid === null ? '' : `&as=${encodeURIComponent(confusionWnid)}`;
  return `sheet/class?id=${encodeURIComponent(wnid)}${confusion}`;
}

const PHOTOS_SHOWN = 3;

function ClassName({ row, confusions }: { readonly row: ClassRow } & Pick<Overview, 'confusions'>) {
  if (row.wnid === null || row.decided.kept === 0) return <>{row.name}</>;
  const photos = confusions.filter(({ wnid }) => wnid === row.wnid).slice(0, PHOTOS_SHOWN);
  return (
    <a href={sheetOf(row.wnid)}>
      {photos.map(({ photo }) => (
        <img key={photo} src={`/thumbnails/${photo}`} alt="" loading="lazy" />
      ))}
      {row.name}
    </a>
  );
}

const examplesIn: (json: string) => ReasonExample[] = JSON.parse;

async function examplesOf(reason: string): Promise<ReasonExample[] | null> {
  try {
    const answer = await fetch(`api/examples/${reason}`);
    return answer.ok ? examplesIn(await answer.text()) : null;
  } catch {
    return null;
  }
}

export function Problems({ totals, isOperator }: Pick<Overview, 'totals'> & { readonly isOperator: boolean }) {
  const problems = problemsOf(totals);
  // The text is not beside its button, because a retried reason leaves the list.
  const [said, say] = useState('');
  return (
    <section>
      <h2>Dropped and failed</h2>
      {problems.length === 0 ? <p>Nothing so far.</p> : null}
      {problems.map((problem) => (
        <Problem
          key={`${problem.state} ${problem.reason}`}
          problem={problem}
          canRetry={isOperator && problem.state === 'failed'}
          onSaid={say}
        />
      ))}
      <p role="status">{said}</p>
    </section>
  );
}

interface ProblemProps {
  readonly problem: ReturnType<typeof problemsOf>[number];
  /** True for failures only: a rule would give the same verdict again. */
  readonly canRetry: boolean;
  readonly onSaid: (text: string) => void;
}

function Problem({ problem: { reason, state, count }, canRetry, onSaid }: ProblemProps) {
  const [examples, setExamples] = useState<readonly ReasonExample[] | null>([]);
  const load = async (): Promise<void> => setExamples(await examplesOf(reason));
  // The order covers all collections: their pictures are fetched again and their photos filtered again.
  const retry = async (): Promise<void> => {
    onSaid('Queueing …');
    const { error, ...retried } = await sendOrder(`/api/retry/${reason}`);
    onSaid(`${reason}: ${error ?? retriedText(retried)}`);
  };
  return (
    <details onToggle={(event) => (event.currentTarget.open ? void load() : undefined)}>
      <summary>
        {countText(count)} {state}: {reason}
      </summary>
      {examples === null ? <p>The examples are not available just now.</p> : null}
      <ul>
        {(examples ?? []).map(({ source, url, detail }) => (
          <li key={url}>
            {source}: <code>{url}</code>
            {detail === null ? null : <> ({detail})</>}
          </li>
        ))}
      </ul>
      {canRetry ? (
        <Confirm label="Try again" yes="Try again" onYes={() => void retry()}>
          <p>
            Everything that failed for <code>{reason}</code> is tried once more, of every collection.
          </p>
        </Confirm>
      ) : null}
    </details>
  );
}

function retriedText({ pictures = 0, decisions = 0 }: OrderAnswer): string {
  if (decisions > 0) return `${countText(decisions)} will be tried again by the next filter`;
  return `${countText(pictures)} will be tried again by the next crawl`;
}
