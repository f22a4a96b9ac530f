import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { attachEmbedded } from '../../src/platform/postgres/embedded/attach.ts';
import { openPostgresQueues } from '../../src/platform/queue/postgres-queue.ts';
import { openRedisQueues } from '../../src/platform/queue/redis-queue.ts';
import { redisProblem, startRedis } from '../../test/support/redis-server.ts';
import { plainPostgres, plainRedis, winnowQueue, type QueueContender } from './queue-contenders.ts';
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

/** Runs small jobs on both backends of winnow's queues, next to plain BullMQ on the same servers in the same run. */
export async function benchQueue(bench: QueueBench): Promise<void> {
  const problem = await redisProblem();
  if (problem !== null) throw new Error(`Expected a Redis to measure with but ${problem}`);
  const folder = await mkdtemp(path.join(tmpdir(), 'winnow-bench-queue-'));
  const redis = await startRedis([], true);
  const log = { debug: ignore, info: ignore, warn: ignore };
  const postgres = await attachEmbedded({ dataDir: folder, clientName: 'bench', log });
  const contenders: QueueContender[] = [];
  try {
    contenders.push(...(await contendersOf(redis.url, postgres.url)));
    const results = await roundsOf(contenders, bench);
    print(results);
    await writeReport(bench.out, {
      benchmark: 'queue',
      host: hostOfRun(),
      jobs: bench.jobs,
      concurrency: bench.concurrency,
      microsecondsPerJob: Object.fromEntries(results),
    });
  } finally {
    for (const contender of contenders) await contender.close();
    await redis.stop();
    await postgres.detach();
    await rm(folder, { recursive: true, force: true });
  }
}

async function contendersOf(redisUrl: string, postgresUrl: string): Promise<QueueContender[]> {
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
  return [
    plainRedis(redisUrl),
    winnowQueue('winnow on Redis', onRedis),
    plainPostgres(postgresUrl),
    winnowQueue('winnow on PostgreSQL', onPostgres),
  ];
}

async function roundsOf(contenders: readonly QueueContender[], bench: QueueBench): Promise<Map<string, Round[]>> {
  const results = new Map<string, Round[]>(contenders.map(({ name }) => [name, []]));
  // A warm-up round. Otherwise the first round would include compiling the code.
  for (const contender of contenders) await oneRound(contender, { ...bench, jobs: Math.ceil(bench.jobs / 10) });
  for (let round = 0; round < bench.rounds; round += 1) {
    for (const contender of contenders) {
      bench.signal.throwIfAborted();
      const measured = await oneRound(contender, bench);
      results.get(contender.name)?.push(measured);
      console.log(`round ${round + 1}: ${contender.name}: ${textOf(measured)}`);
    }
  }
  return results;
}

async function oneRound(contender: QueueContender, { jobs, concurrency, signal }: QueueBench): Promise<Round> {
  const cpu = process.cpuUsage();
  const startMs = performance.now();
  await contender.fill(jobs);
  const filledMs = performance.now();
  await contender.drain(jobs, { concurrency, signal });
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
  const medians = new Map<string, Round>();
  for (const [name, rounds] of results) {
    const of = (key: keyof Round): number => median(rounds.map((round) => round[key]));
    medians.set(name, { addUs: of('addUs'), workUs: of('workUs'), cpuUs: of('cpuUs') });
  }
  for (const [name, round] of medians) console.log(`  ${name.padEnd(27)} ${textOf(round)}`);
  for (const server of ['Redis', 'PostgreSQL']) {
    const [own, bare] = [medians.get(`winnow on ${server}`), medians.get(`plain BullMQ on ${server}`)];
    if (own === undefined || bare === undefined) continue;
    const clockUs = own.addUs + own.workUs - bare.addUs - bare.workUs;
    console.log(
      `  winnow's own on ${server}: ${clockUs.toFixed(0)} us a job, ${(own.cpuUs - bare.cpuUs).toFixed(0)} us of CPU time`,
    );
  }
}
