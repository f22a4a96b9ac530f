import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import type { JobQueue } from '../../../../src/core/kernel/job.ts';
import { useBundle } from '../../../support/bundle.ts';
import { until } from '../../../support/until.ts';
import { useComplaints } from './complaints.ts';
import { isEmpty, numbers, numbersJob, type NumberPayload } from './numbers.job.ts';
import { openQueues, type QueuePlace } from './queue-backends.ts';

export interface QueueBackend {
  readonly name: string;
  /** Starts the queue's server. Returns why it is unavailable here, or null. */
  start(): Promise<string | null>;
  place(): QueuePlace;
  stop(): Promise<void>;
}

export function describeJobQueues(backend: QueueBackend): void {
  describe(`job queues on ${backend.name}`, () => {
    let problem: string | null = null;
    beforeAll(async () => {
      problem = await backend.start();
    });
    afterAll(() => backend.stop());
    beforeEach((context) => {
      if (problem !== null) context.skip(problem);
    });

    const complaints = useComplaints();
    const program = useBundle({ consumer: new URL('consumer.ts', import.meta.url) });

    /** The outcome of a killed consumer's job. It takes the length of a lease, so the other tests run in that time. */
    let afterKill: ReturnType<typeof killConsumer>;
    beforeAll(() => {
      if (problem !== null) return;
      afterKill = killConsumer();
      // The test that awaits it reports the error.
      afterKill.catch(() => undefined);
    });
    afterAll(() => afterKill?.catch(() => undefined));

    async function killConsumer(): Promise<{ pending: number; seen: number[]; failures: unknown[] }> {
      const failures: unknown[] = [];
      // Errors here must not fail the tests that run at the same time.
      const queues = await openQueues(backend.place(), (error) => failures.push(error));
      const queue = queues.open(numbersJob('of-killed'));
      await queue.add([{ n: 1 }]);
      const { backend: kind, url } = backend.place();
      const child = spawn(process.execPath, [program('consumer'), kind, url, 'of-killed'], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const [line] = await once(createInterface({ input: child.stdout }), 'line');
      child.kill('SIGKILL');
      await once(child, 'exit');
      expect(line).toBe('started 1');
      const pending = await queue.pending();
      const killedMs = performance.now();
      const seen: number[] = [];
      const consumer = queue.consume(async ({ n }) => void seen.push(n), {
        concurrency: 1,
        onFailure: (failure) => failures.push(failure),
      });
      try {
        await until(() => seen.length + failures.length > 0, 25_000);
        await until(isEmpty(queue));
      } finally {
        await consumer.stop();
        await queue.close();
        await queues.close();
      }
      console.log(
        `the job of a killed consumer came back after ${((performance.now() - killedMs) / 1_000).toFixed(1)} s`,
      );
      return { pending, seen, failures };
    }

    let opened = 0;
    /** A queue of its own for each test, on connections of its own, closed at the end of it. */
    async function newQueue(name = `numbers-${(opened += 1)}`, definition = numbersJob(name)) {
      const queues = await openQueues(backend.place(), (error) => complaints.push(error));
      const queue = queues.open(definition);
      onTestFinished(async () => {
        await queue.close();
        await queues.close();
      });
      return { name, queue };
    }

    function consume(queue: JobQueue<NumberPayload>, handle: (n: number) => Promise<void> | void, concurrency = 1) {
      const failures: { key: string; attempt: number; message: string }[] = [];
      const consumer = queue.consume(async ({ n }) => handle(n), {
        concurrency,
        onFailure: ({ key, attempt, error }) =>
          failures.push({ key, attempt, message: error instanceof Error ? error.message : String(error) }),
      });
      onTestFinished(() => consumer.stop());
      return { consumer, failures };
    }

    describe('adding jobs', () => {
      it('of one key twice gives one job, even from two processes', async () => {
        const { name, queue } = await newQueue();
        const other = (await newQueue(name)).queue;
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
        const { queue } = await newQueue();
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

      it('leaves other queues alone', async () => {
        const [one, two] = [(await newQueue()).queue, (await newQueue()).queue];
        await one.add([{ n: 1 }]);
        await two.add([{ n: 1 }, { n: 2 }]);
        expect([await one.pending(), await two.pending()]).toEqual([1, 2]);
        await one.clear();
        expect([await one.pending(), await two.pending()]).toEqual([0, 2]);
      });
    });

    describe('a job that fails', () => {
      it('is tried again after pauses that grow, then given back', async () => {
        const { queue } = await newQueue();
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
        const { queue } = await newQueue();
        let tries = 0;
        consume(queue, () => {
          tries += 1;
          if (tries < 3) throw new Error('not yet');
        });
        await queue.add([{ n: 1 }]);
        while ((await queue.pending()) > 0) await sleep(5);
        expect(tries).toBe(3);
      });

      it('for its payload never reaches the handler', async () => {
        const { name, queue } = await newQueue();
        const { failures } = consume(queue, () => {
          throw new Error('handled');
        });
        const { queue: careless } = await newQueue(name, { ...numbersJob(name), keyOf: () => 'n-x' });
        await careless.add([{ n: 0.5 }]);
        await until(() => failures.length === 3);
        expect(failures.map((failure) => failure.message).join()).not.toContain('handled');
      });
    });

    describe('consumers', () => {
      it('stop once the jobs in flight are done, and leave the rest queued', async () => {
        const { queue } = await newQueue();
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
        const { name, queue } = await newQueue();
        const other = (await newQueue(name)).queue;
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
        const { queue } = await newQueue();
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

    describe('clearing a queue', () => {
      it('forgets jobs that wait, that wait for another try, and that run, and leaves it usable', async () => {
        // Its next try must not come before the others' first: however slow all is, it still waits when the queue is cleared.
        const name = `numbers-${(opened += 1)}`;
        const { queue } = await newQueue(name, { ...numbersJob(name), backoffMs: 600_000 });
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
        // The queue was cleared during these jobs. They end without an error.
        finish();
        await consumer.stop();
        complaints.splice(0);
        expect([...first].toSorted(([a], [b]) => a - b)).toEqual([0, 1, 2].map((n) => [n, 1]));
        const second: number[] = [];
        consume(queue, (n) => void second.push(n));
        await queue.add([{ n: 0 }, { n: 1 }, { n: 30 }]);
        await until(isEmpty(queue));
        expect(second).toEqual([0, 1, 30]);
      });
    });

    describe('a consumer that is killed', () => {
      it('in the middle of a job gives it to another one within 25 s, as if it had never had it', async () => {
        expect(await afterKill).toEqual({ pending: 1, seen: [1], failures: [] });
      });
    });
  });
}
