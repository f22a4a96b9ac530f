/** @jsxRuntime automatic @jsxImportSource preact */
import type { Report } from '../report.ts';
import { Command } from '../../../core/page/command.tsx';
import { pathOf } from '../../../core/page/frame.tsx';
import type { RunningWork } from '../../../core/page/running-work.ts';
import type { LinkOf } from './context.ts';
import { ReportPage } from './page.tsx';
import { countText } from '../../../core/kernel/texts.ts';

export interface ServedReportProps {
  readonly collection: string;
  /** `null` if there is no report. `changes` describes newer data in the catalogue; `null` if there is none. */
  readonly shown: { readonly report: Report; readonly changes: string | null } | null;
  readonly running: RunningWork | null;
  readonly canRecompute: boolean;
  readonly linkOf: LinkOf;
}

export function ServedReport({ collection, shown, running, canRecompute, linkOf }: ServedReportProps) {
  const base = `${pathOf(collection)}report`;
  const banner = (
    <Banner
      changes={shown?.changes ?? null}
      running={running}
      canRecompute={canRecompute}
      action={base}
      isFirst={shown === null}
    />
  );
  if (shown === null)
    return (
      <main class="report">
        <h1>Report</h1>
        {banner}
        <p>
          There is no report of this collection yet.{' '}
          <Command text={`winnow report --collection ${collection} --out DIR --clean DIR`} /> makes one and also
          measures how models do on clean photos.
        </p>
      </main>
    );
  return (
    <ReportPage
      report={shown.report}
      pictures={(sha256) => `/thumbnails/${sha256}`}
      linkOf={linkOf}
      csv={(table) => `${base}/csv/${table}.csv`}
      json={`${base}/report.json`}
      photosCsv={null}
      figureFile={() => null}
      banner={banner}
    />
  );
}

interface BannerProps {
  readonly changes: string | null;
  readonly running: RunningWork | null;
  readonly canRecompute: boolean;
  readonly action: string;
  readonly isFirst: boolean;
}

/** Says whether the report is up to date and offers to recompute it. `main.tsx` refreshes this banner. */
function Banner({ changes, running, canRecompute, action, isFirst }: BannerProps) {
  const isRunning = running !== null && running.problem === null;
  const isFresh = changes === null && running === null && !isFirst;
  return (
    <aside
      class={isFresh ? 'fresh' : 'stale'}
      aria-label="State of this report"
      data-running={isRunning ? '' : undefined}
    >
      {isFresh ? <p>Fresh: of today’s catalogue</p> : null}
      {changes === null ? null : (
        <p>
          <b>Stale</b> {changes}
        </p>
      )}
      {running === null ? null : <Running {...running} />}
      {!isRunning && canRecompute ? (
        <form method="post" action={action}>
          <button>{isFirst ? 'Make a report' : 'Compute again'}</button>
        </form>
      ) : null}
    </aside>
  );
}

function Running({ progress, problem }: RunningWork) {
  if (problem !== null) return <p class="trouble">The last try ended without a report: {problem}</p>;
  return <p role="status">{progressText(progress)}</p>;
}

function progressText(progress: RunningWork['progress']): string {
  if (progress === null) return 'The server computes the report …';
  return `The server computes the report: ${progress.what}, ${countText(progress.done)} of ${countText(progress.total)}`;
}
