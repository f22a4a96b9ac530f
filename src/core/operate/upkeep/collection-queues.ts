import { discoverJob } from '../../crawl/candidates/discover.job.ts';
import { filterJob } from '../../filter/run/filter.job.ts';
import type { JobDefinition } from '../../kernel/job.ts';
import { fetchJob } from '../../crawl/fetch/fetch.job.ts';
import { NETWORK_SOURCES } from '../../config/sources/sources.ts';

/**
 * The definitions of the queues that a collection uses. All collections share the fetch queue. No jobs can be added with them.
 * @param own names of sources in files of users' own
 */
export function queuesOf(collectionId: number, own: readonly string[]): JobDefinition<unknown>[] {
  const jobs = [
    ...[...NETWORK_SOURCES, ...own].map((source) => discoverJob(source, collectionId)),
    fetchJob,
    filterJob(collectionId),
  ];
  return jobs.map((job) => ({ ...job, keyOf: () => '' }));
}
