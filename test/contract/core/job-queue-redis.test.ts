import { redisProblem, startRedis, type TestRedis } from '../../support/redis-server.ts';
import { describeJobQueues, type QueueBackend } from './support/job-queue-battery.ts';

function redis(): QueueBackend {
  let server: TestRedis | null = null;
  return {
    name: 'Redis',
    async start() {
      const problem = await redisProblem();
      if (problem === null) server = await startRedis();
      return problem;
    },
    place: () => ({ backend: 'redis', url: server?.url ?? '' }),
    stop: async () => server?.stop(),
  };
}

describeJobQueues(redis());
