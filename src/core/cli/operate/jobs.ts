import type { Command } from 'commander';
import * as z from 'zod';
import { JOB_STATES, listJobs, type RecordedJob } from '../../runtime/work/job-history.repository.ts';
import { PAUSABLE_STAGES } from '../../collection/pause.ts';
import { runOnLog } from './activity.ts';
import { writeJsonLines, writeOut } from '../text/output.ts';
import { addCommand } from '../start/context.ts';
import { option, optional, wholeNumber } from '../start/flags.ts';
import { tableText } from '../text/table.ts';

const HELP = `
Newest first. Queues keep no job that has ended, so the catalogue keeps the last 200 finished and 1,000 failed
jobs of each stage. A fetch job is one connection to a host, a filter job a page of 64 photos, and a discovery
job a page of results. Each failed try of a job is a line. The reason of a finished job counts the photos that
it refused. Times are in UTC. With --json, host is '' for files on disk.

Examples:
  winnow jobs --state failed
  winnow jobs --stage fetch --collection imagenet-a --limit 1200 --json
`;

export function addJobsCommand(program: Command): void {
  addCommand(
    program,
    'jobs',
    'List the jobs that ended last: stage, host or source, photos, seconds and why they failed',
  )
    .flags({
      stage: optional(z.enum(PAUSABLE_STAGES), 'name', 'only of this stage'),
      state: optional(z.enum(JOB_STATES), 'name', 'only these'),
      limit: option(wholeNumber(1, 10_000).default(50), 'jobs', 'at most this many jobs'),
    })
    .addHelpText('after', HELP)
    .run((flags) =>
      runOnLog(flags, 'jobs', async (db, collection) => {
        const { stage, state, limit } = flags;
        const jobs = await listJobs(db, { stage, state, limit, collection });
        await (flags.json === true ? writeJsonLines(jobs) : writeOut(textOf(jobs)));
      }),
    );
}

function textOf(jobs: readonly RecordedJob[]): string {
  if (jobs.length === 0) return 'no job that fits is recorded\n';
  return tableText(
    ['when', 'collection', 'stage', 'state', 'where', 'class', 'page', 'photos', 'seconds', 'reason', 'worker'],
    jobs.map(({ at, collection, stage, state, source, host, wnid, page, photos, seconds, reason, worker }) => [
      at.toISOString().slice(0, 19).replace('T', ' '),
      collection,
      stage,
      state,
      source ?? (host === '' ? 'files' : (host ?? '')),
      wnid ?? '',
      String(page ?? ''),
      photos,
      seconds.toFixed(1),
      reason ?? '',
      worker,
    ]),
  );
}
