import { ConfusionMatrix } from './confusion-matrix.tsx';
import { Controls } from './controls.tsx';
import { Funnels } from './funnels.tsx';
import { useLive } from './live.ts';
import {
  bytesText,
  countText,
  decidedCount,
  leftText,
  rateBetween,
  shareText,
  timeLeftText,
  type Overview,
} from './overview.ts';
import { ClassTable, Numbers, Problems, Table } from './tables.tsx';

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
        <p>
          <span role="status" class="trouble">
            {trouble ?? ''}
          </span>
          {/* Apart from the status, or a screen reader would tell the time every second. */}
          {trouble === null ? <span class="live">live, {new Date(now.at).toLocaleTimeString()}</span> : null}
        </p>
      </header>
      <Funnels totals={totals} classes={now.classes} />
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
        <Table
          caption="Budgets"
          head={[
            'site or host',
            'requests a minute left',
            'requests today left',
            'bytes this hour left',
            'bytes today left',
            'waits',
          ]}
        >
          {budgets.map((budget) => (
            <tr key={budget.key}>
              <th scope="row">{budget.key}</th>
              <Numbers
                of={[
                  leftText(budget.requestsPerMinute),
                  leftText(budget.requestsPerDay),
                  leftText(budget.bytesPerHour, bytesText),
                  leftText(budget.bytesPerDay, bytesText),
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
