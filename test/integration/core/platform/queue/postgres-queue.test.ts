import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { JobQueues } from '../../../../../src/core/kernel/job.ts';
import { openPostgresQueues, prepareQueues } from '../../../../../src/core/platform/queue/postgres-queue.ts';
import { applicationName, createDatabase, dropDatabase, useDatabase } from '../../../../support/database.ts';
import { until } from '../../../../support/until.ts';
import { useComplaints } from '../../../../contract/core/support/complaints.ts';
import { isEmpty, numbers, numbersJob } from '../../../../contract/core/support/numbers.job.ts';

const database = useDatabase();

const complaints = useComplaints();

let opened = 0;
function openQueues(): Promise<JobQueues> {
  return openPostgresQueues({
    url: database.url,
    applicationName: applicationName(),
    onError: (error) => complaints.push(error),
  });
}

async function newQueue(name = `numbers-${(opened += 1)}`) {
  const queue = (await openQueues()).open(numbersJob(name));
  onTestFinished(() => queue.close());
  return { name, queue };
}

describe('a command that has nothing to do', () => {
  it('leaves no connection behind even if it ends at once', async () => {
    const queues = await openQueues();
    for (let round = 0; round < 30; round += 1) {
      const queue = queues.open(numbersJob('idle'));
      const consumer = queue.consume(() => Promise.resolve(), { concurrency: 2, onFailure: () => undefined });
      // Takes as long as a command that counts the remaining work: some round trips, in which the worker connects.
      for (let trips = 0; trips < round % 10; trips += 1) await queue.pending();
      await consumer.stop();
      await queue.close();
    }
    // A late connection would have appeared by now.
    await sleep(500);
    const { rows } = await sql<{ count: number }>`select count(*) as count from pg_stat_activity
      where datname = current_database() and application_name = 'idle'`.execute(database.db);
    expect(rows[0]?.count).toBe(0);
  });
});

describe('two thousand jobs', () => {
  it('are drained, and leave small tables', async () => {
    const { name, queue } = await newQueue();
    // The queue has written its settings once it is cleared.
    await sleep(200);
    await queue.clear();
    const seen = new Set<number>();
    await queue.add(numbers(2_000));
    expect(await queue.pending()).toBe(2_000);
    const startedMs = performance.now();
    const consumer = queue.consume(async ({ n }) => void seen.add(n), {
      concurrency: 4,
      onFailure: ({ error }) => complaints.push(error instanceof Error ? error : new Error(String(error))),
    });
    onTestFinished(() => consumer.stop());
    await until(isEmpty(queue), 60_000);
    console.log(`2,000 jobs in ${((performance.now() - startedMs) / 1_000).toFixed(1)} s`);
    expect(seen.size).toBe(2_000);
    const { rows } = await sql<{ jobs: number; events: number }>`
      select (select count(*) from winnow_queue.job where state = 'completed') as jobs,
        (select count(*) from winnow_queue.event where queue = ${name}) as events`.execute(database.db);
    expect(rows[0]?.jobs).toBe(0);
    // A hundred events, and those that are not trimmed yet: every 256th event trims.
    expect(rows[0]?.events).toBeLessThan(400);
    await sql`vacuum winnow_queue.event, winnow_queue.job`.execute(database.db);
    const { rows: sizes } = await sql<{ name: string; bytes: number }>`
      select relname as name, pg_total_relation_size(oid) as bytes from pg_class
      where relnamespace = 'winnow_queue'::regnamespace and relname in ('event', 'job')`.execute(database.db);
    for (const size of sizes) expect([size.name, size.bytes < 8e6]).toEqual([size.name, true]);
  });
});

describe('prepareQueues', () => {
  it('creates the tables once even if several commands start at the same time', async () => {
    const url = await createDatabase('nothing');
    try {
      const connection = { url, applicationName: applicationName(), onError: (error: Error) => complaints.push(error) };
      await Promise.all([1, 2, 3, 4].map(() => prepareQueues(connection)));
      await prepareQueues(connection);
      const queue = (await openPostgresQueues(connection)).open(numbersJob('first'));
      await queue.add([{ n: 1 }]);
      expect(await queue.pending()).toBe(1);
      await queue.close();
    } finally {
      await dropDatabase(url);
    }
  });
});
