import * as z from 'zod';
import type { JobDefinition } from '../../kernel/job.ts';

const payload = z.strictObject({ page: z.int().nonnegative() });

export type FilterPayload = z.infer<typeof payload>;

/** One queue for each collection, because a worker serves the collection whose ensemble it has loaded. */
export function filterJob(collectionId: number): JobDefinition<FilterPayload> {
  return {
    queue: `filter-${collectionId}`,
    parse: (data) => payload.parse(data),
    keyOf: ({ page }) => `page-${page}`,
    attempts: 3,
    backoffMs: 1_000,
  };
}
