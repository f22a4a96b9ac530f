import { z } from 'zod';
import type { JobDefinition } from '../kernel/job.ts';

const payload = z.strictObject({ page: z.int().nonnegative() });

/** Fetches the pictures of one page of picture ids that still wait. */
export type FetchPayload = z.infer<typeof payload>;

export const fetchJob: JobDefinition<FetchPayload> = {
  queue: 'fetch',
  parse: (data) => payload.parse(data),
  keyOf: ({ page }) => `page-${page}`,
  attempts: 3,
  backoffMs: 1_000,
};
