/** @jsxRuntime automatic @jsxImportSource preact */
import { asTyped } from '../../../core/kernel/command-text.ts';
import { beyondCrawl, photosPath, type PhotoFilter } from '../../../core/kernel/photo-filter.ts';
import { bytesText, countOf, countText, shareText } from '../../../core/kernel/texts.ts';
import { FunnelBars } from '../../../core/page/funnel.tsx';
import { severalClassesText, stagesOf } from '../../../core/page/stages.ts';
import { useInAddress } from '../address.ts';
import { NeedsAttention } from './attention.tsx';
import { ClassProgressTable, Sources } from './class-table.tsx';
import { Confusions } from './confusion-matrix.tsx';
import { Controls } from './controls.tsx';
import { Days } from './days.tsx';
import { Details } from './details.tsx';
import { NextStepSection, ReviewProgress } from './head.tsx';
import { FinishedJobs } from './jobs.tsx';
import { budgetText, secondText, whenText, type Overview } from './overview.ts';
import { Table } from '../../../core/page/wide-table.tsx';
import { WhatIfForm } from './what-if.tsx';

export interface CollectionPageProps {
  readonly now: Overview;
  readonly isOperator: boolean;
  /** False in the page as the server sends it, which shows no rates and processes: they would be old at once. */
  readonly isLive: boolean;
  /** Why the page is not up to date; null if it is. */
  readonly trouble: string | null;
}

export function CollectionPage({ now, isOperator, isLive, trouble }: CollectionPageProps) {
  return (
    <main class="collection" data-ready={isLive ? true : undefined}>
      <header class="head">
        <h1>{now.collection}</h1>
        <p>
          mode {now.mode} · {countOf(now.classes.length, 'class', 'classes')} ·{' '}
          <a href="sheet/shortlist.html">contact sheet</a>
        </p>
        <p>
          <span role="status" class="trouble">
            {trouble ?? ''}
          </span>
          {/* Apart from the status, or a screen reader would tell the time every second. */}
          {trouble === null && isLive ? <span class="live">live, {secondText(now.at)}</span> : null}
        </p>
      </header>
      <NextStepSection now={now} />
      <div class="cols">
        <ClassFunnel now={now} />
        <ReviewProgress now={now} isOperator={isOperator} />
      </div>
      {now.isBlind ? (
        <p>
          A blind review runs: verdicts, and the numbers of kept and listed photos by class, source and query, are shown
          here after it. <a href="review/classes">The classes of the review</a> show its progress.
        </p>
      ) : null}
      <Confusions now={now} />
      <ClassProgressTable now={now} />
      <Days now={now} />
      {now.isBlind ? null : <WhatIfForm {...{ now, isLive }} />}
      <NeedsAttention now={now} isOperator={isOperator} />
      {isLive ? <Controls now={now} isOperator={isOperator} /> : null}
      <More now={now} />
    </main>
  );
}

function More({ now }: Pick<CollectionPageProps, 'now'>) {
  return (
    <Details kind="more" summary="Sources, budgets, queries, processes and jobs">
      {() => (
        <>
          <Sources now={now} />
          <Budgets budgets={now.budgets} />
          <Queries queries={now.queries} queryCount={now.queryCount} />
          <Workers workers={now.workers} />
          <FinishedJobs jobs={now.jobs} />
        </>
      )}
    </Details>
  );
}

const ALL = '';

function ClassFunnel({ now }: { readonly now: Overview }) {
  const { collection, totals, classes, isBlind } = now;
  const [chosen, choose] = useInAddress('class');
  // Not by `localeCompare`: its first use takes a page 10 ms.
  const named = classes
    .flatMap((row) => (row.wnid === null || row.found === 0 ? [] : [{ ...row, wnid: row.wnid }]))
    .toSorted((a, b) => (a.name.toLowerCase() < b.name.toLowerCase() ? -1 : 1));
  const row = named.find(({ wnid }) => wnid === chosen);
  // During a blind review the gallery shows what the crawl knows, so other numbers are no links.
  const linkOf = (filter: Partial<PhotoFilter>): string | undefined =>
    isBlind && beyondCrawl(filter) !== null
      ? undefined
      : photosPath(collection, row === undefined ? filter : { ...filter, class: [row.wnid] });
  return (
    <section aria-label="Funnel" class="class-funnel">
      <h2>
        <label>
          Funnel of{' '}
          <select value={row?.wnid ?? ALL} onChange={(event) => choose(event.currentTarget.value)}>
            <option value={ALL}>all classes</option>
            {named.map(({ wnid, name }) => (
              <option key={wnid} value={wnid}>
                {name}
              </option>
            ))}
          </select>
        </label>
      </h2>
      <FunnelBars stages={stagesOf(row ?? totals, linkOf)} />
      {row === undefined ? <p class="quiet">{severalClassesText(now)}</p> : null}
    </section>
  );
}

function Budgets({ budgets }: Pick<Overview, 'budgets'>) {
  if (budgets.length === 0) return null;
  return (
    <Table
      caption="Budgets"
      rows={budgets}
      keyOf={({ key }) => key}
      columns={{
        'site or host': ({ key }) => key,
        'requests a minute left': ({ requestsPerMinute }) => budgetText(requestsPerMinute),
        'requests today left': ({ requestsPerDay }) => budgetText(requestsPerDay),
        'bytes this hour left': ({ bytesPerHour }) => budgetText(bytesPerHour, bytesText),
        'bytes today left': ({ bytesPerDay }) => budgetText(bytesPerDay, bytesText),
        waits: ({ waits }) => (waits === null ? 'no' : `${waits.why}, until ${whenText(waits.until)}`),
      }}
    />
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
        since: ({ since }) => secondText(since),
      }}
    />
  );
}
