/** @jsxRuntime automatic @jsxImportSource preact */
import { countText } from '../../../core/kernel/texts.ts';
import { Command } from '../../../core/page/command.tsx';
import { minuteText, type Overview } from './overview.ts';
import { Table } from './tables.tsx';

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
        <a href="/queues/">Waiting and running jobs</a>. <Command text="winnow jobs" /> lists more of those that ended.
      </p>
      {finished.length === 0 ? null : <JobTable caption="Last finished jobs" jobs={finished} />}
    </>
  );
}

function JobTable({ caption, jobs }: { readonly caption: string } & Shown) {
  return (
    <Table
      caption={caption}
      rows={jobs}
      keyOf={({ id }) => String(id)}
      columns={{
        job: ({ stage, source, host, page, wnid }) =>
          [stage, source, host === '' ? 'files' : host, wnid, page === null ? null : `page ${page}`]
            .filter((part) => part !== null)
            .join(' '),
        at: ({ at }) => minuteText(at),
        photos: ({ photos }) => countText(photos),
        seconds: ({ seconds }) => seconds.toFixed(1),
        reason: ({ reason }) => reason ?? '',
        worker: ({ worker }) => worker,
      }}
    />
  );
}
