import { countText } from '../../kernel/texts.ts';
import { Command } from '../../page/command.tsx';
import { timeText, type Overview } from './overview.ts';
import { Table } from './tables.tsx';

export function Jobs({ jobs }: Pick<Overview, 'jobs'>) {
  const failed = jobs.filter(({ state }) => state === 'failed');
  const finished = jobs.filter(({ state }) => state === 'finished');
  return (
    <section aria-label="Jobs">
      <h2>Jobs</h2>
      <p>
        <a href="/queues/">Waiting and running jobs</a>. <Command text="winnow jobs" /> lists more of those that ended.
      </p>
      {failed.length === 0 ? <p>No job failed.</p> : <JobTable caption="Last failed jobs" jobs={failed} />}
      {finished.length === 0 ? null : <JobTable caption="Last finished jobs" jobs={finished} />}
    </section>
  );
}

function JobTable({ caption, jobs }: { readonly caption: string } & Pick<Overview, 'jobs'>) {
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
        at: ({ at }) => timeText(at),
        photos: ({ photos }) => countText(photos),
        seconds: ({ seconds }) => seconds.toFixed(1),
        reason: ({ reason }) => reason ?? '',
        worker: ({ worker }) => worker,
      }}
    />
  );
}
