/** @jsxRuntime automatic @jsxImportSource preact */
import { countText } from '../../../core/kernel/texts.ts';
import { Command } from '../../../core/page/command.tsx';
import { whenText, type Json, type Overview } from './overview.ts';
import type { EndedJob } from '../../status/queues.ts';
import { Table } from '../../../core/page/wide-table.tsx';

type Shown = Pick<Overview, 'jobs'>;

export function FailedJobs({ jobs }: Shown) {
  const failed = jobs.filter(({ state }) => state === 'failed');
  return failed.length === 0 ? null : <JobTable caption="Last failed jobs" jobs={failed} />;
}

export function FinishedJobs({ jobs }: Shown) {
  const finished = jobs.filter(({ state }) => state === 'finished');
  return (
    <>
      <p>
        <a href="/queues">Queues of all collections</a>. <Command text="winnow jobs" /> lists more of the jobs that
        ended.
      </p>
      {finished.length === 0 ? null : <JobTable caption="Last finished jobs" jobs={finished} />}
    </>
  );
}

interface JobTableProps {
  readonly caption: string;
  readonly jobs: readonly Json<EndedJob>[];
  /** The page has jobs of several collections. */
  readonly isOfAll?: boolean;
}

export function JobTable({ caption, jobs, isOfAll = false }: JobTableProps) {
  return (
    <Table
      caption={caption}
      rows={jobs}
      keyOf={({ id }) => String(id)}
      columns={{
        job: ({ collection, stage, source, host, page, wnid }) =>
          [
            isOfAll ? `${collection}:` : null,
            stage,
            source,
            host === '' ? 'files' : host,
            wnid,
            page === null ? null : `page ${page}`,
          ]
            .filter((part) => part !== null)
            .join(' '),
        at: ({ at }) => whenText(at),
        photos: ({ photos }) => countText(photos),
        seconds: ({ seconds }) => seconds.toFixed(1),
        reason: ({ reason }) => reason ?? '',
        ...(jobs.every(({ worker }) => worker === null)
          ? {}
          : { worker: ({ worker }: JobTableProps['jobs'][number]) => worker }),
      }}
    />
  );
}
