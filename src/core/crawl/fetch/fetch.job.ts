import * as z from 'zod';
import type { JobDefinition } from '../../kernel/job.ts';

const payload = z.strictObject({ host: z.string(), partition: z.int().nonnegative(), partitions: z.int().positive() });

/**
 * A host's pictures whose ids leave the same remainder, fetched over one connection. A job runs once at a time over all workers, so
 * a host never sees more connections than it has partitions. Files on disk have an empty host.
 */
export type FetchPayload = z.infer<typeof payload>;

export const fetchJob: JobDefinition<FetchPayload> = {
  queue: 'fetch',
  parse: (data) => payload.parse(data),
  // A host may contain a colon, a key may not.
  keyOf: ({ host, partition }) => `partition-${partition}-${encodeURIComponent(host)}`,
  attempts: 3,
  backoffMs: 1_000,
};
