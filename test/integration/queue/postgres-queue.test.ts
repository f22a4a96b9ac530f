import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { sql } from 'kysely';
import { afterEach, describe, expect, it, onTestFinished } from 'vitest';
import type { JobConsumer, JobQueue } from '../../../src/kernel/job.ts';
import { openQueue, prepareQueues } from '../../../src/platform/queue/postgres-queue.ts';
import { applicationName, createDatabase, dropDatabase, useDatabase } from '../../support/database.ts';
import { numbersJob, type NumberPayload } from './numbers.job.ts';

const database = useDatabase();
const REPOSITORY = fileURLToPath(new URL('../../../', import.meta.url));
const CONSUMER = fileURLToPath(new URL('consumer.ts', import.meta.url));

/** What the queues complained of in a test: nothing, if it did not ask for it. */
const complaints: Error[] = [];
afterEach(() => {
  if (complaints.length > 0) throw new AggregateError(complaints.splice(0), 'the queue complained');
});

let opened = 0;
interface Setting {
  readonly name: string;
  readonly queue: JobQueue<NumberPayload>;
}

/** A queue of its own for each test, closed at the end of it. */
function newQueue(name = `numbers-${(opened += 1)}`): Setting {
  const queue = openQueue(numbersJob(name), {
    url: database.url,
    applicationName: applicationName(),
    onError: (error) => complaints.push(error),
  });
  onTestFinished(() => queue.close());
  return { name, queue };
}

interface Failure {
  readonly key: string;
  readonly attempt: number;
  readonly message: string;
}

/** Consumes until the end of the test. */
function consume(
  queue: JobQueue<NumberPayload>,
  handle: (n: number) => Promise<void> | void,
  concurrency = 1,
): { consumer: JobConsumer; failures: Failure[] } {
  const failures: Failure[] = [];
  const consumer = queue.consume(async ({ n }) => handle(n), {
    concurrency,
    onFailure: ({ key, attempt, error }) =>
      failures.push({ key, attempt, message: error instanceof Error ? error.message : String(error) }),
  });
  onTestFinished(() => consumer.stop());
  return { consumer, failures };
}

async function until(condition: () => boolean | Promise<boolean>, timeoutMs = 10_000): Promise<void> {
  const deadlineMs = performance.now() + timeoutMs;
  while (!(await condition())) {
    if (performance.now() > deadlineMs) throw new Error(`Expected ${condition.toString()} within ${timeoutMs} ms`);
    await sleep(10);
  }
}

const isEmpty = (queue: JobQueue<NumberPayload>) => async (): Promise<boolean> => (await queue.pending()) === 0;
const numbers = (count: number): NumberPayload[] => Array.from({ length: count }, (_, n) => ({ n }));

describe('adding jobs', () => {
  it('of one key twice gives one job, whoever adds them', async () => {
    const { name, queue } = newQueue();
    const other = newQueue(name).queue;
    await queue.add([{ n: 1 }, { n: 1 }, { n: 2 }]);
    await Promise.all([queue.add([{ n: 2 }, { n: 3 }]), other.add([{ n: 3 }, { n: 2 }])]);
    expect(await queue.pending()).toBe(3);
    const seen: number[] = [];
    consume(queue, (n) => void seen.push(n));
    await until(isEmpty(queue));
    expect(new Set(seen)).toEqual(new Set([1, 2, 3]));
    expect(seen).toHaveLength(3);
  });

  it('does nothing while one of that key runs, and works again once it is done', async () => {
    const { queue } = newQueue();
    const seen: number[] = [];
    let finish = (): void => undefined;
    const { consumer } = consume(queue, async (n) => {
      seen.push(n);
      if (seen.length === 1) await new Promise<void>((resolve) => (finish = resolve));
    });
    await queue.add([{ n: 7 }]);
    await until(() => seen.length === 1);
    await queue.add([{ n: 7 }]);
    expect(await queue.pending()).toBe(1);
    finish();
    await until(isEmpty(queue));
    expect(seen).toEqual([7]);
    await queue.add([{ n: 7 }]);
    await until(() => seen.length === 2);
    await consumer.stop();
    expect(await queue.pending()).toBe(0);
  });

  it('of nothing is nothing', async () => {
    const { queue } = newQueue();
    await queue.add([]);
    expect(await queue.pending()).toBe(0);
  });

  it('leaves other queues alone', async () => {
    const [one, two] = [newQueue().queue, newQueue().queue];
    await one.add([{ n: 1 }]);
    await two.add([{ n: 1 }, { n: 2 }]);
    expect([await one.pending(), await two.pending()]).toEqual([1, 2]);
    await one.clear();
    expect([await one.pending(), await two.pending()]).toEqual([0, 2]);
  });
});

describe('a job that fails', () => {
  it('is tried again after pauses that grow, then given back', async () => {
    const { queue } = newQueue();
    const startedMs: number[] = [];
    const { failures } = consume(queue, (n) => {
      startedMs.push(performance.now());
      throw new Error(`no luck with ${n}`);
    });
    await queue.add([{ n: 4 }]);
    await until(() => failures.length === 3);
    expect(await queue.pending()).toBe(0);
    expect(failures).toEqual([1, 2, 3].map((attempt) => ({ key: 'n-4', attempt, message: 'no luck with 4' })));
    const [first = 0, second = 0, third = 0] = startedMs;
    expect(second - first).toBeGreaterThan(95);
    expect(third - second).toBeGreaterThan(195);
    await queue.add([{ n: 4 }]);
    await until(() => startedMs.length === 4);
  });

  it('counts as pending while it waits for its next try', async () => {
    const { queue } = newQueue();
    let tries = 0;
    consume(queue, () => {
      tries += 1;
      if (tries < 3) throw new Error('not yet');
    });
    await queue.add([{ n: 1 }]);
    while ((await queue.pending()) > 0) await sleep(5);
    expect(tries).toBe(3);
  });

  it('for its payload is not handed to anybody', async () => {
    const { name, queue } = newQueue();
    const { failures } = consume(queue, () => {
      throw new Error('handled');
    });
    const careless = openQueue(
      { ...numbersJob(name), keyOf: () => 'n-x' },
      {
        url: database.url,
        applicationName: applicationName(),
        onError: (error) => complaints.push(error),
      },
    );
    onTestFinished(() => careless.close());
    await careless.add([{ n: 0.5 }]);
    await until(() => failures.length === 3);
    expect(failures.map((failure) => failure.message).join()).not.toContain('handled');
  });
});

describe('consumers', () => {
  it('stop once the jobs in hand are done, and leave the rest', async () => {
    const { queue } = newQueue();
    const done: number[] = [];
    let running = 0;
    const { consumer } = consume(
      queue,
      async (n) => {
        running += 1;
        await sleep(200);
        done.push(n);
      },
      2,
    );
    await queue.add(numbers(9));
    await until(() => running === 2);
    await consumer.stop();
    expect(done).toHaveLength(2);
    await sleep(100);
    expect([running, await queue.pending()]).toEqual([2, 7]);
    await consumer.stop();
  });

  it('of one queue share its jobs', async () => {
    const { name, queue } = newQueue();
    const other = newQueue(name).queue;
    const seen: [string, number][] = [];
    const handle = (who: string) => async (n: number) => {
      seen.push([who, n]);
      await sleep(5);
    };
    await queue.add(numbers(60));
    consume(queue, handle('one'), 2);
    consume(other, handle('two'), 2);
    await until(isEmpty(queue));
    expect(seen.map(([, n]) => n).toSorted((a, b) => a - b)).toEqual(numbers(60).map(({ n }) => n));
    expect(new Set(seen.map(([who]) => who)).size).toBe(2);
  });

  it('never work on more jobs at once than they should', async () => {
    const { queue } = newQueue();
    let running = 0;
    let most = 0;
    await queue.add(numbers(30));
    consume(
      queue,
      async () => {
        running += 1;
        most = Math.max(most, running);
        await sleep(5);
        running -= 1;
      },
      3,
    );
    await until(isEmpty(queue));
    expect(most).toBe(3);
  });
});

describe('a command that has nothing to do', () => {
  it('leaves no connection behind, however soon it ends', async () => {
    for (let round = 0; round < 30; round += 1) {
      const queue = openQueue(numbersJob('idle'), {
        url: database.url,
        applicationName: applicationName(),
        onError: (error) => complaints.push(error),
      });
      const consumer = queue.consume(() => Promise.resolve(), { concurrency: 2, onFailure: () => undefined });
      // As long as a command asks what is left: some round trips, in which the worker connects.
      for (let trips = 0; trips < round % 10; trips += 1) await queue.pending();
      await consumer.stop();
      await queue.close();
    }
    // A connection that comes late would come by now.
    await sleep(500);
    const { rows } = await sql<{ count: number }>`select count(*) as count from pg_stat_activity
      where datname = current_database() and application_name = 'idle'`.execute(database.db);
    expect(rows[0]?.count).toBe(0);
  });
});

describe('clearing a queue', () => {
  it('forgets jobs that wait, that wait for another try, and that run, and leaves it usable', async () => {
    const { queue } = newQueue();
    const first = new Map<number, number>();
    let finish = (): void => undefined;
    const finished = new Promise<void>((resolve) => (finish = resolve));
    const { consumer, failures } = consume(
      queue,
      async (n) => {
        first.set(n, (first.get(n) ?? 0) + 1);
        if (n === 0) throw new Error('later');
        await finished;
      },
      2,
    );
    await queue.add(numbers(20));
    await until(() => failures.length === 1 && first.size === 3);
    expect(await queue.pending()).toBe(20);
    await queue.clear();
    expect(await queue.pending()).toBe(0);
    // The jobs in hand end without anybody minding that they were forgotten.
    finish();
    await consumer.stop();
    complaints.splice(0);
    expect([...first]).toEqual([0, 1, 2].map((n) => [n, 1]));
    const second: number[] = [];
    consume(queue, (n) => void second.push(n));
    await queue.add([{ n: 0 }, { n: 1 }, { n: 30 }]);
    await until(isEmpty(queue));
    expect(second).toEqual([0, 1, 30]);
  });
});

describe('a consumer that is killed', () => {
  it('in the middle of a job gives it to another one within 25 s, as if it had never had it', async () => {
    const { name, queue } = newQueue();
    await queue.add([{ n: 1 }]);
    const child = spawn(process.execPath, ['--import', 'tsx', CONSUMER, database.url, name], {
      cwd: REPOSITORY,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = await once(createInterface({ input: child.stdout }), 'line');
    expect(line).toBe('started 1');
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(await queue.pending()).toBe(1);
    const killedMs = performance.now();
    const seen: number[] = [];
    const { failures } = consume(queue, (n) => void seen.push(n));
    await until(isEmpty(queue), 25_000);
    console.log(
      `the job of a killed consumer came back after ${((performance.now() - killedMs) / 1_000).toFixed(1)} s`,
    );
    expect([seen, failures]).toEqual([[1], []]);
  });
});

describe('two thousand jobs', () => {
  it('are drained, and leave tables that are small', async () => {
    const { name, queue } = newQueue();
    // It has written its settings when it is cleared.
    await sleep(200);
    await queue.clear();
    const seen = new Set<number>();
    await queue.add(numbers(2_000));
    expect(await queue.pending()).toBe(2_000);
    const startedMs = performance.now();
    consume(queue, (n) => void seen.add(n), 4);
    await until(isEmpty(queue), 60_000);
    console.log(`2,000 jobs in ${((performance.now() - startedMs) / 1_000).toFixed(1)} s`);
    expect(seen.size).toBe(2_000);
    const { rows } = await sql<{ jobs: number; events: number }>`
      select (select count(*) from winnow_queue.job where state = 'completed') as jobs,
        (select count(*) from winnow_queue.event where queue = ${name}) as events`.execute(database.db);
    expect(rows[0]?.jobs).toBe(0);
    // A hundred, and what has not been trimmed yet: every 256th event does it.
    expect(rows[0]?.events).toBeLessThan(400);
    await sql`vacuum winnow_queue.event, winnow_queue.job`.execute(database.db);
    const { rows: sizes } = await sql<{ name: string; bytes: number }>`
      select relname as name, pg_total_relation_size(oid) as bytes from pg_class
      where relnamespace = 'winnow_queue'::regnamespace and relname in ('event', 'job')`.execute(database.db);
    for (const size of sizes) expect([size.name, size.bytes < 8e6]).toEqual([size.name, true]);
  });
});

describe('prepareQueues', () => {
  it('makes the tables once, however many commands start side by side', async () => {
    const url = await createDatabase('nothing');
    try {
      const connection = { url, applicationName: applicationName(), onError: (error: Error) => complaints.push(error) };
      await Promise.all([1, 2, 3, 4].map(() => prepareQueues(connection)));
      await prepareQueues(connection);
      const queue = openQueue(numbersJob('first'), connection);
      await queue.add([{ n: 1 }]);
      expect(await queue.pending()).toBe(1);
      await queue.close();
    } finally {
      await dropDatabase(url);
    }
  });
});
