/** @jsxRuntime automatic @jsxImportSource preact */
import type { Report } from '../report.ts';
import { pathOf } from '../../page/frame.tsx';
import type { RunningWork } from '../../page/running-work.ts';
import type { LinkOf } from './context.ts';
import { ReportPage } from './page.tsx';
import { Notice } from './notice.tsx';

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
  const notice = (
    <Notice
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
        {notice}
        <p>
          There is no report of this collection yet.{' '}
          <code>winnow report --collection {collection} --out DIR --clean DIR</code> makes one and also measures how
          models do on clean photos.
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
      notice={notice}
    />
  );
}
