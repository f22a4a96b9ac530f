import * as z from 'zod';
import type { JobDefinition } from '../../kernel/job.ts';

const payload = z.strictObject({ host: z.string(), lane: z.int().nonnegative(), lanes: z.int().positive() });

/** Fetches the pictures of one lane. A lane is one connection to one host. */
export type FetchPayload = z.infer<typeof payload>;

export const fetchJob: JobDefinition<FetchPayload> = {
  queue: 'fetch',
  parse: (data) => payload.parse(data),
  // A host may contain a colon, a key may not.
  keyOf: ({ host, lane }) => `lane-${lane}-${encodeURIComponent(host)}`,
  attempts: 3,
  backoffMs: 1_000,
};
