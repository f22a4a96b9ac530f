import { bytesText, countText, shareText } from '../shared/texts.ts';
import { ConfusionCards, ConfusionMatrix } from './confusion-matrix.tsx';
import { Controls } from './controls.tsx';
import { ClassFunnel, Reference } from './funnels.tsx';
import { useLive } from './live.ts';
import { attentionOf, leftText, timeText, type Overview } from './overview.ts';
import { ClassTable, Numbers, Problems, Table } from './tables.tsx';

/** @param props.isOperator whether the reader may pause, resume and try again */
export function Page({ isOperator }: { readonly isOperator: boolean }) {
  const { now, trouble } = useLive();
  if (now === null) return <main aria-busy="true">{trouble ?? 'Reading the catalogue …'}</main>;
  const { totals } = now;
  return (
    <main>
      <header class="head">
        <h1>{now.collection}</h1>
        <p>
          mode {now.mode} · {countText(now.classes.length)} classes · <a href="sheet/shortlist.html">contact sheet</a>
        </p>
        <p>
          <span role="status" class="trouble">
            {trouble ?? ''}
          </span>
          {/* Apart from the status, or a screen reader would tell the time every second. */}
          {trouble === null ? <span class="live">live, {new Date(now.at).toLocaleTimeString()}</span> : null}
        </p>
      </header>
      <div class="cols">
        <ClassFunnel totals={totals} classes={now.classes} />
        <div>
          <NeedsAttention now={now} />
          <Reference />
        </div>
      </div>
      <Controls now={now} isOperator={isOperator} />
      <ClassTable classes={now.classes} confusions={now.confusions} />
      <ConfusionCards confusions={now.confusions} />
      <Problems totals={totals} isOperator={isOperator} />
      <Sources {...now} />
      <Queries queries={now.queries} queryCount={now.queryCount} />
      <ConfusionMatrix confusions={now.confusions} />
      <Workers workers={now.workers} />
    </main>
  );
}

function NeedsAttention({ now }: { readonly now: Overview }) {
  const items = attentionOf(now);
  return (
    <section aria-label="Needs attention">
      <h2>Needs attention</h2>
      {items.length === 0 ? <p class="quiet">Nothing.</p> : null}
      <ul class="attention">
        {items.map(({ what, remedy }) => (
          <li key={what}>
            <span class="warn">{what}</span>
            <span>{remedy}</span>
          </li>
        ))}
      </ul>
    </section>
  );
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
                  budget.waits === null ? 'no' : `${budget.waits.why}, until ${timeText(budget.waits.until)}`,
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
