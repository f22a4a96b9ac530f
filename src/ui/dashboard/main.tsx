import { acceptanceStateText } from '../../kernel/acceptance.ts';
import { asTyped } from '../../kernel/command-text.ts';
import { bytesText, countText, shareText } from '../../kernel/texts.ts';
import { ConfusionCards, ConfusionMatrix } from './confusion-matrix.tsx';
import { Controls } from './controls.tsx';
import { Jobs } from './jobs.tsx';
import { useLive } from './live.ts';
import { attentionOf, leftText, timeText, type Overview } from './overview.ts';
import { ClassTable, COUNT_COLUMNS, Problems, Table } from './tables.tsx';
import { render } from 'preact';
import { useState } from 'preact/hooks';
import { Command, readTyping } from '../../page/command.tsx';
import { FunnelBars, type FunnelStage } from '../../page/funnel.tsx';
import { stagesOf } from '../../page/stages.ts';

function CollectionPage({ isOperator }: { readonly isOperator: boolean }) {
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
      <p class="next">
        <b>Next:</b> {asTyped(now.next.text)} <Command text={now.next.command} />
      </p>
      {now.acceptance === null ? null : <p>Inspection {acceptanceStateText(now.acceptance)}.</p>}
      {now.mode === 'O' || totals.selected === 0 ? null : (
        <p class="quiet">
          In the <a href="quiz">quiz</a>, people who have not reviewed name the classes of accepted photos.
        </p>
      )}
      <div class="cols">
        <ClassFunnel totals={totals} classes={now.classes} />
        <div>
          <NeedsAttention now={now} />
          <Reference />
        </div>
      </div>
      <Controls now={now} isOperator={isOperator} />
      {now.isBlind ? (
        <p>A blind review runs: the numbers of kept and listed photos by class, source and query are shown after it.</p>
      ) : null}
      <ClassTable classes={now.classes} confusions={now.confusions} />
      <ConfusionCards confusions={now.confusions} />
      <Problems totals={totals} isOperator={isOperator} />
      <Sources {...now} />
      <Queries queries={now.queries} queryCount={now.queryCount} />
      <ConfusionMatrix confusions={now.confusions} />
      <Workers workers={now.workers} />
      <Jobs jobs={now.jobs} />
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
            <span>{asTyped(remedy)}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Sources({ sources, budgets }: Pick<Overview, 'sources' | 'budgets'>) {
  return (
    <section>
      <Table
        caption="Sources"
        rows={sources}
        keyOf={({ source }) => source}
        columns={{
          source: ({ source }) => source,
          ...COUNT_COLUMNS,
          yield: ({ decided, fetched }) => shareText(decided.kept, fetched),
        }}
      />
      {budgets.length === 0 ? null : (
        <Table
          caption="Budgets"
          rows={budgets}
          keyOf={({ key }) => key}
          columns={{
            'site or host': ({ key }) => key,
            'requests a minute left': ({ requestsPerMinute }) => leftText(requestsPerMinute),
            'requests today left': ({ requestsPerDay }) => leftText(requestsPerDay),
            'bytes this hour left': ({ bytesPerHour }) => leftText(bytesPerHour, bytesText),
            'bytes today left': ({ bytesPerDay }) => leftText(bytesPerDay, bytesText),
            waits: ({ waits }) => (waits === null ? 'no' : `${waits.why}, until ${timeText(waits.until)}`),
          }}
        />
      )}
    </section>
  );
}

function captionOf(shown: number, all: number): string {
  if (shown === all) return 'Queries';
  return `Queries: the ${countText(shown)} of ${countText(all)} that brought most (${asTyped('winnow status --queries')} has all)`;
}

function Queries({ queries, queryCount }: Pick<Overview, 'queries' | 'queryCount'>) {
  if (queries.length === 0) return null;
  return (
    <Table
      caption={captionOf(queries.length, queryCount)}
      rows={queries}
      keyOf={({ source, wnid, title }) => `${source} ${wnid} ${title}`}
      columns={{
        query: (query) => `${query.class}: ${query.title}`,
        source: ({ source }) => source,
        state: ({ state }) => state,
        seen: ({ seen }) => countText(seen),
        fetched: ({ fetched }) => countText(fetched),
        kept: ({ kept }) => countText(kept),
        yield: ({ kept, fetched }) => shareText(kept, fetched),
      }}
    />
  );
}

function Workers({ workers }: Pick<Overview, 'workers'>) {
  return (
    <Table
      caption="Processes at work"
      rows={workers}
      keyOf={({ name, address, pid }) => `${name} ${address} ${pid}`}
      columns={{
        process: ({ name }) => name,
        pid: ({ pid }) => pid,
        machine: ({ address }) => address ?? 'this one',
        since: ({ since }) => new Date(since).toLocaleTimeString(),
      }}
    />
  );
}

const ALL = '';

function ClassFunnel({ totals, classes }: Pick<Overview, 'totals' | 'classes'>) {
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

function Reference() {
  return (
    <section aria-label="Reference" class="reference">
      <h2>
        For comparison <small>dragonfly, in the paper</small>
      </h2>
      <FunnelBars stages={PAPER_DRAGONFLY} />
    </section>
  );
}

readTyping(document.documentElement.dataset['typing']);
const app = document.querySelector<HTMLElement>('#app');
if (app !== null) render(<CollectionPage isOperator={app.dataset['role'] === 'operator'} />, app);
