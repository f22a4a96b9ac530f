import { discoverJob } from '../../candidate/discover.job.ts';
import { filterJob } from '../../decision/filter.job.ts';
import type { JobDefinition } from '../../kernel/job.ts';
import { fetchJob } from '../../photo/fetch.job.ts';
import { NETWORK_SOURCES } from './sources.ts';

/** The queues that a collection's work goes through; that of fetching is everybody's. Nothing can be added by them. */
export function queuesOf(collectionId: number): JobDefinition<unknown>[] {
  const jobs = [
    ...NETWORK_SOURCES.map((source) => discoverJob(source, collectionId)),
    fetchJob,
    filterJob(collectionId),
  ];
  return jobs.map((job) => ({ ...job, keyOf: () => '' }));
}
