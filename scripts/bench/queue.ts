import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import * as z from 'zod';
import { attachEmbedded } from '../../src/core/platform/postgres/embedded/attach.ts';
import { openPostgresQueues } from '../../src/core/platform/queue/postgres-queue.ts';
import { openRedisQueues } from '../../src/core/platform/queue/redis-queue.ts';
import { redisProblem, startRedis } from '../../test/support/redis-server.ts';
import type { JobDefinition, JobQueues } from '../../src/core/kernel/job.ts';
import { hostOfRun, writeReport } from './report.ts';
import { median } from './statistics.ts';

export interface QueueBench {
  readonly jobs: number;
  readonly rounds: number;
  /** Number of jobs at the same time. */
  readonly concurrency: number;
  readonly out: string;
  readonly signal: AbortSignal;
}

/** Microseconds for each job, by the clock and by this process's processor time (without the servers' time). */
interface Round {
  readonly addUs: number;
  readonly workUs: number;
  readonly cpuUs: number;
}

const ignore = (): void => undefined;
const fail = (error: Error): void => console.error(error.message);

/** Runs small jobs on both backends of winnow's queues, in the same run. */
export async function benchQueue(bench: QueueBench): Promise<void> {
  const problem = await redisProblem();
  if (problem !== null) throw new Error(`Expected a Redis to measure with but ${problem}`);
  const folder = await mkdtemp(path.join(tmpdir(), 'winnow-bench-queue-'));
  const redis = await startRedis([], true);
  const log = { debug: ignore, info: ignore, warn: ignore };
  const postgres = await attachEmbedded({ dataDir: folder, clientName: 'bench', log });
  const queues: MeasuredQueue[] = [];
  try {
    queues.push(...(await openQueues(redis.url, postgres.url)));
    const results = await roundsOf(queues, bench);
    print(results);
    await writeReport(bench.out, {
      benchmark: 'queue',
      host: hostOfRun(),
      jobs: bench.jobs,
      concurrency: bench.concurrency,
      microsecondsPerJob: Object.fromEntries(results),
    });
  } finally {
    for (const queue of queues) await queue.close();
    await redis.stop();
    await postgres.detach();
    await rm(folder, { recursive: true, force: true });
  }
}

async function openQueues(redisUrl: string, postgresUrl: string): Promise<MeasuredQueue[]> {
  const onRedis = await openRedisQueues({
    url: redisUrl,
    shown: redisUrl,
    prefix: 'winnow-bench',
    applicationName: 'winnow bench',
    warn: console.error,
    onError: fail,
    onGone: fail,
  });
  const onPostgres = await openPostgresQueues({ url: postgresUrl, applicationName: 'winnow bench', onError: fail });
  return [openQueue('winnow on Redis', onRedis), openQueue('winnow on PostgreSQL', onPostgres)];
}

async function roundsOf(queues: readonly MeasuredQueue[], bench: QueueBench): Promise<Map<string, Round[]>> {
  const results = new Map<string, Round[]>(queues.map(({ name }) => [name, []]));
  // A warm-up round. Otherwise the first round would include compiling the code.
  for (const queue of queues) await oneRound(queue, { ...bench, jobs: Math.ceil(bench.jobs / 10) });
  for (let round = 0; round < bench.rounds; round += 1) {
    for (const queue of queues) {
      bench.signal.throwIfAborted();
      const measured = await oneRound(queue, bench);
      results.get(queue.name)?.push(measured);
      console.log(`round ${round + 1}: ${queue.name}: ${textOf(measured)}`);
    }
  }
  return results;
}

async function oneRound(queue: MeasuredQueue, { jobs, concurrency, signal }: QueueBench): Promise<Round> {
  const cpu = process.cpuUsage();
  const startMs = performance.now();
  await queue.fill(jobs);
  const filledMs = performance.now();
  await queue.drain(jobs, { concurrency, signal });
  const doneMs = performance.now();
  const { user, system } = process.cpuUsage(cpu);
  const perJob = (ms: number): number => (ms * 1_000) / jobs;
  return { addUs: perJob(filledMs - startMs), workUs: perJob(doneMs - filledMs), cpuUs: (user + system) / jobs };
}

function textOf({ addUs, workUs, cpuUs }: Round): string {
  const perSecond = Math.round(1e6 / (addUs + workUs)).toLocaleString('en');
  return `${perSecond} jobs/s (added in ${addUs.toFixed(0)} us, worked in ${workUs.toFixed(0)} us, ${cpuUs.toFixed(0)} us of CPU time a job)`;
}

function print(results: ReadonlyMap<string, readonly Round[]>): void {
  console.log('\nmedians:');
  for (const [name, rounds] of results) {
    const of = (key: keyof Round): number => median(rounds.map((round) => round[key]));
    console.log(`  ${name.padEnd(21)} ${textOf({ addUs: of('addUs'), workUs: of('workUs'), cpuUs: of('cpuUs') })}`);
  }
}

/** A queue of small jobs. `drain` resolves once every job is done. */
interface MeasuredQueue {
  readonly name: string;
  fill(jobs: number): Promise<void>;
  drain(jobs: number, how: Pick<QueueBench, 'concurrency' | 'signal'>): Promise<void>;
  close(): Promise<void>;
}

const payload = z.strictObject({ n: z.int() });
type Payload = z.infer<typeof payload>;

const numbers: JobDefinition<Payload> = {
  queue: 'bench',
  parse: (data) => payload.parse(data),
  keyOf: ({ n }) => `n-${n}`,
  attempts: 3,
  backoffMs: 1_000,
};

const payloads = (count: number): Payload[] => Array.from({ length: count }, (_, n) => ({ n }));

function openQueue(name: string, queues: JobQueues): MeasuredQueue {
  const queue = queues.open(numbers);
  return {
    name,
    fill: (jobs) => queue.add(payloads(jobs)),
    async drain(jobs, { concurrency, signal }) {
      const counter = new Counter(jobs, signal);
      const onFailure = ({ error }: { readonly error: unknown }): void => counter.fail(error);
      const consumer = queue.consume(async () => counter.count(), { concurrency, onFailure });
      try {
        await counter.reached;
      } finally {
        await consumer.stop();
      }
      const left = await queue.pending();
      if (left > 0) throw new Error(`Expected no job to be left but found ${left}`);
    },
    async close() {
      await queue.clear();
      await queue.close();
      await queues.close();
    },
  };
}

class Counter {
  readonly reached: Promise<void>;
  #left: number;
  #done: () => void = () => undefined;
  #failed: (error: unknown) => void = () => undefined;

  constructor(count: number, signal: AbortSignal) {
    this.#left = count;
    this.reached = new Promise((resolve, reject) => {
      this.#done = resolve;
      this.#failed = reject;
    });
    signal.addEventListener('abort', () => this.#failed(new Error('interrupted')), { once: true });
  }

  count(): void {
    this.#left -= 1;
    if (this.#left === 0) this.#done();
  }

  fail(error: unknown): void {
    this.#failed(error);
  }
}
