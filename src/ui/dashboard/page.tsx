import { useEffect, useRef, useState } from 'preact/hooks';
import { ConfusionMatrix } from './confusion-matrix.tsx';
import { Controls } from './controls.tsx';
import { FunnelBars } from './funnel-bars.tsx';
import {
  countText,
  decidedCount,
  overviewIn,
  PAPER_DRAGONFLY,
  rateBetween,
  shapeOf,
  shareText,
  timeLeftText,
  type Overview,
} from './overview.ts';
import { ClassTable, Numbers, Problems, Table } from './tables.tsx';

/** Rates are of this many milliseconds: shorter ones jump about. */
const RATE_OVER_MS = 10_000;

interface Live {
  readonly now: Overview | null;
  /** A moment some seconds ago. */
  readonly before: Overview | null;
  /** What is wrong, while it is. */
  readonly trouble: string | null;
}

/** The newest overview, sent by the server whenever something changes. */
function useLive(): Live {
  const [live, setLive] = useState<Live>({ now: null, before: null, trouble: null });
  const history = useRef<Overview[]>([]);
  useEffect(() => {
    const events = new EventSource('/api/live');
    events.addEventListener('message', ({ data }) => {
      const now = overviewIn(String(data));
      history.current = [...history.current, now].filter(
        ({ at }) => Date.parse(now.at) - Date.parse(at) <= RATE_OVER_MS,
      );
      setLive({ now, before: history.current[0] ?? null, trouble: null });
    });
    events.addEventListener('trouble', ({ data }) =>
      setLive((last) => ({ ...last, trouble: String(JSON.parse(String(data))) })),
    );
    events.addEventListener('error', () =>
      setLive((last) => ({ ...last, trouble: 'No connection to the server; trying again' })),
    );
    return () => events.close();
  }, []);
  return live;
}

/** @param props.isOperator whether whoever looks may steer the work */
export function Page({ isOperator }: { readonly isOperator: boolean }) {
  const { now, before, trouble } = useLive();
  if (now === null) return <main aria-busy="true">{trouble ?? 'Reading the catalogue …'}</main>;
  const fetchRate = rateBetween(before, now, ({ fetched }) => fetched);
  const decideRate = rateBetween(before, now, decidedCount);
  const { totals } = now;
  return (
    <main>
      <header>
        <h1>{now.collection}</h1>
        <p role="status" class={trouble === null ? 'live' : 'trouble'}>
          {trouble ?? `live, ${new Date(now.at).toLocaleTimeString()}`}
        </p>
      </header>
      <section class="funnels">
        <FunnelBars shape={shapeOf({ ...totals, name: 'all classes' })} />
        <FunnelBars shape={PAPER_DRAGONFLY} isReference />
      </section>
      <section class="figures">
        <Figure name="found" value={countText(totals.found)} />
        <Figure
          name="waiting to be fetched"
          value={countText(totals.waiting)}
          note={timeLeftText(totals.waiting, fetchRate)}
        />
        <Figure name="fetched a second" value={rateText(fetchRate)} />
        <Figure
          name="undecided"
          value={countText(totals.decided.undecided)}
          note={timeLeftText(totals.decided.undecided, decideRate)}
        />
        <Figure name="decided a second" value={rateText(decideRate)} />
      </section>
      <Controls collection={now.collection} pauses={now.pauses} isOperator={isOperator} />
      <ClassTable classes={now.classes} />
      <Sources {...now} />
      <Queries queries={now.queries} queryCount={now.queryCount} />
      <Problems totals={totals} isOperator={isOperator} />
      <ConfusionMatrix confusions={now.confusions} />
      <Workers workers={now.workers} />
      <p>
        <a href="/queues/">What waits and runs in the queues</a>
      </p>
    </main>
  );
}

function Figure({
  name,
  value,
  note = null,
}: {
  readonly name: string;
  readonly value: string;
  readonly note?: string | null;
}) {
  return (
    <div>
      <b>{value}</b> {name}
      {note === null ? null : <small> ({note} left)</small>}
    </div>
  );
}

function rateText(rate: number | null): string {
  return rate === null ? '–' : rate.toFixed(1);
}

function Sources({ sources, budgets }: Pick<Overview, 'sources' | 'budgets'>) {
  return (
    <section>
      <Table caption="Sources" head={['source', 'found', 'waiting', 'fetched', 'kept', 'yield']}>
        {sources.map((row) => (
          <tr key={row.source}>
            <th scope="row">{row.source}</th>
            <Numbers
              of={[row.found, row.waiting, row.fetched, row.decided.kept]
                .map(countText)
                .concat(shareText(row.decided.kept, row.fetched))}
            />
          </tr>
        ))}
      </Table>
      {budgets.length === 0 ? null : (
        <Table caption="Budgets" head={['site or host', 'requests a minute left', 'requests today left', 'waits']}>
          {budgets.map((budget) => (
            <tr key={budget.key}>
              <th scope="row">{budget.key}</th>
              <Numbers
                of={[
                  leftText(budget.requestsPerMinute),
                  leftText(budget.requestsPerDay),
                  budget.waits === null
                    ? 'no'
                    : `${budget.waits.why}, until ${new Date(budget.waits.until).toLocaleTimeString()}`,
                ]}
              />
            </tr>
          ))}
        </Table>
      )}
    </section>
  );
}

function leftText(budget: { readonly left: number; readonly limit: number } | null): string {
  return budget === null ? 'no limit' : `${countText(budget.left)} of ${countText(budget.limit)}`;
}

function captionOf(shown: number, all: number): string {
  if (shown === all) return 'Queries';
  return `Queries: the ${countText(shown)} of ${countText(all)} that brought most (winnow status --queries has all)`;
}

function Queries({ queries, queryCount }: Pick<Overview, 'queries' | 'queryCount'>) {
  if (queries.length === 0) return null;
  return (
    <Table
      caption={captionOf(queries.length, queryCount)}
      head={['query', 'source', 'state', 'seen', 'fetched', 'kept', 'yield']}
    >
      {queries.map((query) => (
        <tr key={`${query.source} ${query.wnid} ${query.title}`}>
          <th scope="row">
            {query.class}: {query.title}
          </th>
          <Numbers
            of={[
              query.source,
              query.state,
              countText(query.seen),
              countText(query.fetched),
              countText(query.kept),
              shareText(query.kept, query.fetched),
            ]}
          />
        </tr>
      ))}
    </Table>
  );
}

function Workers({ workers }: Pick<Overview, 'workers'>) {
  return (
    <Table caption="Processes at work" head={['process', 'pid', 'machine', 'since']}>
      {workers.map(({ name, pid, address, since }) => (
        <tr key={`${name} ${address} ${pid}`}>
          <th scope="row">{name}</th>
          <Numbers of={[String(pid), address ?? 'this one', new Date(since).toLocaleTimeString()]} />
        </tr>
      ))}
    </Table>
  );
}
