import type { JobQueues } from '../../../../src/core/kernel/job.ts';
import { openPostgresQueues } from '../../../../src/core/platform/queue/postgres-queue.ts';
import { openRedisQueues } from '../../../../src/core/platform/queue/redis-queue.ts';

export type QueueBackend = 'postgres' | 'redis';

export interface QueuePlace {
  readonly backend: QueueBackend;
  readonly url: string;
}

export async function openQueues(
  { backend, url }: QueuePlace,
  onError: (error: Error) => void,
  applicationName = `vitest ${process.pid}`,
): Promise<JobQueues> {
  if (backend === 'postgres') return openPostgresQueues({ url, applicationName, onError });
  return openRedisQueues({
    url,
    shown: `Redis at ${url}`,
    prefix: 'winnow-test',
    applicationName,
    warn: (message) => onError(new Error(message)),
    onError,
    onGone: onError,
  });
}
