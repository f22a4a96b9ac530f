import * as z from 'zod';
import { wholeNumber } from './schema-problems.ts';
import { setting } from './setting.ts';

/** Settings of long-running workers: how they shut down, and how a monitor sees that they are alive. */
export const WORKER_SETTINGS = {
  'workers.drainTimeoutMs': setting(
    wholeNumber(0, 3_600_000),
    8_000,
    'How long a worker that receives SIGTERM may take to finish its running jobs, in milliseconds. Then it abandons them and ends. ' +
      'Keep this below the time after which the worker is killed: 10 s with Docker, 30 s with Kubernetes.',
  ),
  'workers.heartbeatFile': setting(
    z.string().trim().min(1).describe('a path').nullable(),
    null,
    'File that a worker writes at least every half minute while it makes progress, and removes when it ends. A monitor checks the ' +
      'age of the file. null: no file.',
  ),
} as const;
