import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { Confirm } from './confirm.tsx';
import { sendOrder } from './order.ts';
import { countText, shareText } from '../shared/texts.ts';
import { problemsOf, type Answer, type ClassRow, type Overview } from './overview.ts';

interface TableProps {
  readonly caption: string;
  readonly head: readonly string[];
  readonly children: ComponentChildren;
}

/** The first column is text, the others are numbers; on a narrow screen it scrolls by itself. */
export function Table({ caption, head, children }: TableProps) {
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label={caption}>
      <table>
        <caption>{caption}</caption>
        <thead>
          <tr>
            {head.map((name) => (
              <th key={name} scope="col">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </div>
  );
}

const CLASS_HEAD = ['class', 'found', 'waiting', 'fetched', 'kept', 'yield', 'undecided', 'listed'];

/** Classes shown before one asks for more. */
const FIRST_CLASSES = 20;

/** Of 200 classes those with candidates, most kept first; what is typed narrows them down. */
export function ClassTable({ classes, confusions }: Pick<Overview, 'classes' | 'confusions'>) {
  const [wanted, setWanted] = useState('');
  const [showsAll, setShowsAll] = useState(false);
  const rows = classes
    .filter((row) => row.found > 0 && row.name.toLowerCase().includes(wanted.toLowerCase()))
    .toSorted((a, b) => b.decided.kept - a.decided.kept || b.found - a.found);
  const shown = showsAll || wanted !== '' ? rows : rows.slice(0, FIRST_CLASSES);
  return (
    <section>
      <label class="find">
        Find a class <input type="search" value={wanted} onInput={(event) => setWanted(event.currentTarget.value)} />
      </label>
      <Table caption={`Classes (${rows.length})`} head={CLASS_HEAD}>
        {shown.map((row) => (
          <tr key={row.wnid ?? row.name}>
            <th scope="row">
              <ClassName row={row} confusions={confusions} />
            </th>
            <Numbers
              of={[
                countText(row.found),
                countText(row.waiting),
                countText(row.fetched),
                countText(row.decided.kept),
                shareText(row.decided.kept, row.fetched - row.duplicates),
                countText(row.decided.undecided),
                countText(row.shortlisted),
              ]}
            />
          </tr>
        ))}
      </Table>
      {shown.length === rows.length ? null : (
        <button type="button" onClick={() => setShowsAll(true)}>
          All {rows.length} classes
        </button>
      )}
    </section>
  );
}

/** The address of a class on the contact sheet, or of its photos that the models take for another class. */
export function sheetOf(wnid: string, confusionWnid: string | null = null): string {
  const confusion = confusionWnid === null ? '' : `&as=${encodeURIComponent(confusionWnid)}`;
  return `sheet/class?id=${encodeURIComponent(wnid)}${confusion}`;
}

const PHOTOS_SHOWN = 3;

/** A class with some of its photos; it leads to its contact sheet once photos are kept. */
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

export function Numbers({ of }: { readonly of: readonly string[] }) {
  return (
    <>
      {of.map((text, i) => (
        // eslint-disable-next-line react/no-array-index-key -- columns do not move
        <td key={i}>{text}</td>
      ))}
    </>
  );
}

interface Example {
  readonly source: string;
  readonly url: string;
  readonly pageUrl: string | null;
  readonly detail: string | null;
}

const examplesIn: (json: string) => Example[] = JSON.parse;

/** Null if the server cannot give them. */
async function examplesOf(reason: string): Promise<Example[] | null> {
  try {
    const answer = await fetch(`api/examples/${reason}`);
    return answer.ok ? examplesIn(await answer.text()) : null;
  } catch {
    return null;
  }
}

/** What came to nothing and why; a reason opens to some examples. */
export function Problems({
  totals,
  isOperator,
}: {
  readonly totals: Overview['totals'];
  readonly isOperator: boolean;
}) {
  const problems = problemsOf(totals);
  // Here, and not beside its button: what is tried again is no problem any more, and off the list.
  const [said, say] = useState('');
  return (
    <section>
      <h2>Dropped and failed</h2>
      {problems.length === 0 ? <p>Nothing so far.</p> : null}
      {problems.map(({ reason, state, count }) => (
        <Problem
          key={`${state} ${reason}`}
          reason={reason}
          label={`${countText(count)} ${state}: ${reason}`}
          canRetry={isOperator && state === 'failed'}
          onSaid={say}
        />
      ))}
      <p role="status">{said}</p>
    </section>
  );
}

interface ProblemProps {
  readonly reason: string;
  readonly label: string;
  /** A rule's verdict stays; what failed may succeed later. */
  readonly canRetry: boolean;
  /** Told how another try went. */
  readonly onSaid: (text: string) => void;
}

function Problem({ reason, label, canRetry, onSaid }: ProblemProps) {
  const [examples, setExamples] = useState<readonly Example[] | null>([]);
  const load = async (): Promise<void> => setExamples(await examplesOf(reason));
  return (
    <details onToggle={(event) => (event.currentTarget.open ? void load() : undefined)}>
      <summary>{label}</summary>
      {examples === null ? <p>The examples are not available just now.</p> : null}
      <ul>
        {(examples ?? []).map(({ source, url, detail }) => (
          <li key={url}>
            {source}: <code>{url}</code>
            {detail === null ? null : <> ({detail})</>}
          </li>
        ))}
      </ul>
      {canRetry ? <Retry reason={reason} onSaid={onSaid} /> : null}
    </details>
  );
}

/** All collections' pictures that failed so are fetched again, photos filtered again. */
function Retry({ reason, onSaid }: Pick<ProblemProps, 'reason' | 'onSaid'>) {
  const send = async (): Promise<void> => {
    onSaid('Queueing …');
    const { error, ...retried } = await sendOrder(`/api/retry/${reason}`);
    onSaid(`${reason}: ${error ?? retriedText(retried)}`);
  };
  return (
    <Confirm label="Try again" question="Try again?" yes="Try again" onYes={() => void send()}>
      <p>
        Everything that failed for <code>{reason}</code> is tried once more, of every collection.
      </p>
    </Confirm>
  );
}

function retriedText({ pictures = 0, decisions = 0 }: Answer): string {
  if (decisions > 0) return `${countText(decisions)} will be tried again by the next filter`;
  return `${countText(pictures)} will be tried again by the next crawl`;
}
