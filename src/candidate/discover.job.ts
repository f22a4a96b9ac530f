import * as z from 'zod';
import type { JobDefinition } from '../kernel/job.ts';

const payload = z.strictObject({ queryId: z.int().positive(), page: z.int().nonnegative() });

/** Fetches one page of one query. */
export type DiscoverPayload = z.infer<typeof payload>;

/**
 * One queue a source, so that a slow or blocked one keeps no other waiting, and a collection: what a page brings is judged
 * by the rules of the collection that asked.
 */
export function discoverJob(source: string, collectionId: number): JobDefinition<DiscoverPayload> {
  return {
    queue: `discover-${source}-${collectionId}`,
    parse: (data) => payload.parse(data),
    // The page's number is part of the key: the next page can be queued while this one is being worked.
    keyOf: ({ queryId, page }) => `query-${queryId}-page-${page}`,
    attempts: 1,
    backoffMs: 1_000,
  };
}
