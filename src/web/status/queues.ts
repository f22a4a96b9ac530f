import type { RecordedJob } from '../../core/runtime/work/job-history.repository.ts';
import type { LiveOverview } from './rates.ts';

/** The parts of an overview that the page of queues shows: work, failures and waits of the stages of a collection. */
export type CollectionQueues = Pick<
  LiveOverview,
  'collection' | 'totals' | 'rates' | 'running' | 'pauses' | 'budgets' | 'unfinishedQueries'
> & {
  /** The processes of the catalogue, whichever collection they work on. */
  readonly workers: readonly { readonly name: string }[];
};

/** A job that ended. `worker` is null for people who need not know the processes of this server. */
export type EndedJob = Omit<RecordedJob, 'worker'> & { readonly worker: string | null };

/** The payload of `/api/queues/live`. */
export interface QueuesOverview {
  /** ISO 8601. */
  readonly at: string;
  /** The collections of the catalogue, by name. */
  readonly collections: readonly CollectionQueues[];
  /** The jobs that ended last, newest first. */
  readonly jobs: readonly EndedJob[];
}

export function queuesOfOverview(overview: LiveOverview): CollectionQueues {
  const { collection, totals, rates, running, pauses, budgets, unfinishedQueries, workers } = overview;
  const names = workers.map(({ name }) => ({ name }));
  return { collection, totals, rates, running, pauses, budgets, unfinishedQueries, workers: names };
}
