import { z } from 'zod';
import type { JobDefinition } from '../../../src/kernel/job.ts';

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
