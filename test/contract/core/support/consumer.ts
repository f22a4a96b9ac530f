/**
 * A consumer in a process of its own: `consumer.ts BACKEND URL QUEUE`. It prints `started N` for each job that it begins
 * and never ends one, so that it can be killed in the middle of it.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { numbersJob } from './numbers.job.ts';
import { openQueues, type QueueBackend } from './queue-backends.ts';

const [backend, url, name] = process.argv.slice(2) as [QueueBackend, string, string];
const queues = await openQueues({ backend, url }, (error) => console.error(error), `winnow test ${process.pid}`);
queues.open(numbersJob(name)).consume(
  async ({ n }) => {
    process.stdout.write(`started ${n}\n`);
    await sleep(3_600_000);
  },
  { concurrency: 1, onFailure: ({ error }) => console.error(error) },
);
