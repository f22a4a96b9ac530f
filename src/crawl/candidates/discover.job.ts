import * as z from 'zod';
import type { JobDefinition } from '../../kernel/job.ts';

const payload = z.strictObject({ queryId: z.int().positive(), page: z.int().nonnegative() });

/** Fetches one page of one query. */
export type DiscoverPayload = z.infer<typeof payload>;

/**
 * Defines discovery jobs. Each source has its own queue, so that a slow or blocked source does not delay others. Each collection
 * has its own queue too, because its rules decide about the photos of a page.
 */
export function discoverJob(source: string, collectionId: number): JobDefinition<DiscoverPayload> {
  return {
    queue: `discover-${source}-${collectionId}`,
    parse: (data) => payload.parse(data),
    // The key includes the page's number, so that the next page can be queued while this one is fetched.
    keyOf: ({ queryId, page }) => `query-${queryId}-page-${page}`,
    attempts: 1,
    backoffMs: 1_000,
  };
}
