import * as z from 'zod';
import type { JobDefinition, JobQueue } from '../../../../src/core/kernel/job.ts';

const payload = z.strictObject({ n: z.int() });
export type NumberPayload = z.infer<typeof payload>;

/** Jobs that carry a number; queues of different names know nothing of each other. */
export function numbersJob(queue: string): JobDefinition<NumberPayload> {
  return {
    queue,
    parse: (data) => payload.parse(data),
    keyOf: ({ n }) => `n-${n}`,
    attempts: 3,
    backoffMs: 100,
  };
}

export function numbers(count: number): NumberPayload[] {
  return Array.from({ length: count }, (_, n) => ({ n }));
}

export function isEmpty(queue: JobQueue<NumberPayload>): () => Promise<boolean> {
  return async () => (await queue.pending()) === 0;
}
