import { messageOf } from '../../../core/kernel/errors.ts';
import type { ByReader, Reader } from '../../../core/kernel/people.ts';
import { withoutFolders } from '../../../core/kernel/printable.ts';
import type { App } from '../../../core/runtime/open/app.process.ts';
import { listJobs, type RecordedJob } from '../../../core/runtime/work/job-history.repository.ts';
import { queuesOfOverview, type EndedJob, type QueuesOverview } from '../../status/queues.ts';
import type { Collections } from '../collections.ts';
import { LiveFeed } from './live-feed.ts';

/** How often the page of queues is read: each collection is read for it. */
const EVERY_MS = 2_000;
/** Jobs that ended, on the page of queues. */
const JOBS_SHOWN = 50;

interface QueueFeedsDeps {
  readonly app: App;
  readonly nowMs: () => number;
}

export type QueueFeeds = ByReader<LiveFeed<QueuesOverview>> & {
  /** For those who may not operate the server: without the names of its processes and folders. */
  readonly viewers: LiveFeed<QueuesOverview>;
};

/** The messages for open pages of queues. */
export function queueFeeds(collections: Collections, { app, nowMs }: QueueFeedsDeps): QueueFeeds {
  const feedFor = (reader: Reader, shown: (job: RecordedJob) => EndedJob = (job) => job): LiveFeed<QueuesOverview> =>
    new LiveFeed({
      read: async () => ({
        at: new Date(nowMs()).toISOString(),
        collections: await readQueues(collections, reader),
        jobs: (await listJobs(app.db, { limit: JOBS_SHOWN })).map(shown),
      }),
      everyMs: EVERY_MS,
      onError: (error) => app.log.warn({ reason: messageOf(error) }, 'the queues could not be read'),
    });
  return { operators: feedFor('operators'), others: feedFor('others'), viewers: feedFor('others', forViewers) };
}

/** A collection that cannot be read is left out: its own page says why. */
async function readQueues(collections: Collections, reader: Reader): Promise<QueuesOverview['collections']> {
  const known = await collections.known();
  const read = await Promise.allSettled(known.map((one) => one.read()));
  return read.flatMap((result) => (result.status === 'fulfilled' ? [queuesOfOverview(result.value[reader])] : []));
}

function forViewers(job: RecordedJob): EndedJob {
  return { ...job, worker: null, reason: job.reason === null ? null : withoutFolders(job.reason) };
}
