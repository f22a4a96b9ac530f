import * as z from 'zod';
import type { JobDefinition } from '../../kernel/job.ts';

const payload = z.strictObject({ queryId: z.int().positive(), page: z.int().nonnegative() });

export type DiscoverPayload = z.infer<typeof payload>;

/** Each source has its own queue, so that a slow one delays no other; so has each collection, whose rules judge a page's photos. */
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
