/**
 * A consumer in a process of its own: `consumer.ts URL QUEUE`. It prints `started N` for each job that it begins and
 * never ends one, so that it can be killed in the middle of it.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { openQueue } from '../../../src/platform/queue/postgres-queue.ts';
import { numbersJob } from './numbers.job.ts';

const [url = '', name = ''] = process.argv.slice(2);
const queue = openQueue(numbersJob(name), {
  url,
  applicationName: `winnow test ${process.pid}`,
  onError: (error) => console.error(error),
});
queue.consume(
  async ({ n }) => {
    process.stdout.write(`started ${n}\n`);
    await sleep(3_600_000);
  },
  { concurrency: 1, onFailure: ({ error }) => console.error(error) },
);
