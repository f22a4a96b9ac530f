import * as z from 'zod';
import { wholeNumber } from './schema-problems.ts';
import { setting } from './setting.ts';

/** How workers that stay end, and how one sees that they are well. */
export const WORKER_SETTINGS = {
  'workers.drainTimeoutMs': setting(
    wholeNumber(0, 3_600_000),
    8_000,
    'How long a worker that is told to end (SIGTERM) may take to finish the jobs in hand, in milliseconds; then it ends without. ' +
      'Below what it is given before it is killed: 10 s by Docker, 30 s by Kubernetes.',
  ),
  'workers.heartbeatFile': setting(
    z.string().trim().min(1).describe('a path').nullable(),
    null,
    'A file that a worker writes again and again while it gets on, at least every half minute, and removes at its end: whoever ' +
      'watches over it looks at its age. null: none.',
  ),
} as const;
