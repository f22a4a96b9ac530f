/** @jsxRuntime automatic @jsxImportSource preact */
import type { Report } from '../report.ts';
import { Command } from '../../../core/page/command.tsx';
import { pathOf } from '../../../core/page/frame.tsx';
import type { LinkOf } from './context.ts';
import { ReportPage } from './page.tsx';

export interface ServedReportProps {
  readonly collection: string;
  /** `null` if there is no report. `changes` describes newer data in the catalogue; `null` if there is none. */
  readonly shown: { readonly report: Report; readonly changes: string | null } | null;
  readonly canRecompute: boolean;
  readonly linkOf: LinkOf;
}

export function ServedReport({ collection, shown, canRecompute, linkOf }: ServedReportProps) {
  const base = `${pathOf(collection)}report`;
  const banner = (
    <Banner changes={shown?.changes ?? null} canRecompute={canRecompute} action={base} isFirst={shown === null} />
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
  readonly canRecompute: boolean;
  readonly action: string;
  readonly isFirst: boolean;
}

/** Says whether the report is up to date, and offers to recompute it. The page of the collection shows how that goes. */
function Banner({ changes, canRecompute, action, isFirst }: BannerProps) {
  const isFresh = changes === null && !isFirst;
  return (
    <aside class={isFresh ? 'fresh' : 'stale'} aria-label="State of this report">
      {isFresh ? <p>Fresh: of today’s catalogue</p> : null}
      {changes === null ? null : (
        <p>
          <b>Stale</b> {changes}
        </p>
      )}
      {canRecompute ? (
        <form method="post" action={action}>
          <button>{isFirst ? 'Make a report' : 'Compute again'}</button>
        </form>
      ) : null}
    </aside>
  );
}
