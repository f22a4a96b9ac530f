import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import type { StopTheRun } from '../../../../../src/core/kernel/errors.ts';
import { judgeRedis, reachRedis } from '../../../../../src/core/platform/queue/reach-redis.ts';
import { openRedisQueues } from '../../../../../src/core/platform/queue/redis-queue.ts';
import { numbers, numbersJob } from '../../../../contract/core/support/numbers.job.ts';
import { useDatabase } from '../../../../support/database.ts';
import { openTestApp, testFolder } from '../../../../support/test-app.ts';
import { redisProblem, startRedis, type TestRedis } from '../../../../support/redis-server.ts';
import { until } from '../../../../support/until.ts';

let problem: string | null = null;
let redis: TestRedis;
beforeAll(async () => {
  problem = await redisProblem();
  if (problem === null) redis = await startRedis();
});
afterAll(() => redis?.stop());
beforeEach(async (context) => {
  if (problem !== null) context.skip(problem);
  await redis.run('FLUSHALL');
});

const ONE_AT_ONCE = { concurrency: 1, onFailure: () => undefined };

async function open(changes: Partial<Parameters<typeof openRedisQueues>[0]> = {}) {
  const warnings: string[] = [];
  const gone: StopTheRun[] = [];
  const queues = await openRedisQueues({
    url: redis.url,
    shown: 'Redis at its place',
    prefix: 'winnow-here',
    applicationName: 'winnow test 1',
    warn: (message) => warnings.push(message),
    onError: () => undefined,
    onGone: (failure) => gone.push(failure),
    ...changes,
  });
  onTestFinished(() => queues.close());
  return { queues, warnings, gone };
}

describe('a process that opens its queues while Redis is away', () => {
  const database = useDatabase();

  it('opens them once it is back', async () => {
    const other = await startRedis();
    onTestFinished(() => other.stop());
    await other.stop();
    const env = { WINNOW_QUEUE_REDIS_URL: other.url };
    const app = await openTestApp({ url: database.url, dataDir: await testFolder(), env });
    await expect(app.openQueue(numbersJob('away'))).rejects.toThrow(/Redis at /);
    await other.start();
    const queue = await app.openQueue(numbersJob('away'));
    await queue.add(numbers(2));
    expect(await queue.pending()).toBe(2);
  });
});

describe('catalogues that share a Redis', () => {
  it('have separate queues', async () => {
    const here = (await open()).queues.open(numbersJob('shared'));
    const there = (await open({ prefix: 'winnow-there' })).queues.open(numbersJob('shared'));
    await here.add(numbers(3));
    await there.add(numbers(1));
    await there.clear();
    expect([await here.pending(), await there.pending()]).toEqual([3, 0]);
    await Promise.all([here.close(), there.close()]);
  });
});

describe('a drained queue', () => {
  it('leaves a few small keys', async () => {
    const { queues } = await open();
    const queue = queues.open(numbersJob('drained'));
    const seen = new Set<number>();
    await queue.clear();
    await queue.add(numbers(1_000));
    const consumer = queue.consume(async ({ n }) => void seen.add(n), { concurrency: 8, onFailure: () => undefined });
    await until(async () => (await queue.pending()) === 0);
    await consumer.stop();
    await queue.close();
    expect(seen.size).toBe(1_000);
    const keys = (await redis.run('KEYS', '*')) as string[];
    expect(keys.length).toBeLessThan(8);
    expect(keys.every((key) => key.startsWith('winnow-here:drained:'))).toBe(true);
    expect(Number(await redis.run('XLEN', 'winnow-here:drained:events'))).toBeLessThan(500);
  });
});

describe('a Redis that becomes unreachable', () => {
  it('is waited for until it returns, and jobs that it has forgotten can be queued again', async () => {
    const { queues, gone } = await open();
    const queue = queues.open(numbersJob('restarted'));
    const seen: number[] = [];
    let isSlow = true;
    await queue.add(numbers(20));
    const consumer = queue.consume(async ({ n }) => {
      seen.push(n);
      if (isSlow) await sleep(500);
    }, ONE_AT_ONCE);
    await until(() => seen.length === 1);
    await redis.stop();
    const added = queue.add(numbers(5));
    isSlow = false;
    await sleep(300);
    await redis.start();
    await added;
    await until(() => seen.length >= 6);
    await until(async () => (await queue.pending()) === 0);
    expect([...new Set(seen)].toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3, 4]);
    expect(gone).toEqual([]);
    await consumer.stop();
    await queue.close();
  });

  it('lets a consumer stop between two attempts to reach it', async () => {
    const { queues } = await open();
    const queue = queues.open(numbersJob('stopped'));
    const seen: number[] = [];
    const consumer = queue.consume(async ({ n }) => void seen.push(n), ONE_AT_ONCE);
    await queue.add(numbers(1));
    // A consumer that has asked for its next job, or has yet to report the end of one, waits for the server, as the next test shows.
    await until(async () => seen.length === 1 && (await queue.pending()) === 0);
    await until(async () => String(await redis.run('CLIENT', 'LIST')).includes('cmd=bzpopmin'));
    await redis.stop();
    // The attempts are 100, 200 and 300 ms apart by then, and each is refused at once.
    await sleep(700);
    await consumer.stop();
    await redis.start();
    await queue.add(numbers(3));
    expect(await queue.pending()).toBe(3);
    await queue.close();
  });

  it('keeps a consumer that stops, and has yet to report the end of a job, until it is given up', async () => {
    const own = await startRedis();
    const { queues, gone } = await open({ url: own.url, patienceMs: 400 });
    const queue = queues.open(numbersJob('unreported'));
    let ended = 0;
    const consumer = queue.consume(async () => {
      await own.stop();
      ended += 1;
    }, ONE_AT_ONCE);
    await queue.add(numbers(1));
    await until(() => ended === 1);
    await consumer.stop();
    expect(gone).toEqual([expect.objectContaining({ code: 'redis-gone' })]);
  });

  it('is given up if it does not return, and every call reports that', async () => {
    const own = await startRedis();
    const { queues, gone } = await open({ url: own.url, patienceMs: 400 });
    const queue = queues.open(numbersJob('gone'));
    await queue.add(numbers(2));
    let begun = 0;
    const consumer = queue.consume(async () => {
      begun += 1;
      await sleep(300);
    }, ONE_AT_ONCE);
    await until(() => begun === 1);
    await own.stop();
    await expect(queue.pending()).rejects.toMatchObject({
      code: 'redis-gone',
      message: expect.stringMatching(/^Expected Redis at its place to come back within 0 s but it did not; run the/),
    });
    expect(gone).toHaveLength(1);
    await expect(queue.add(numbers(1))).rejects.toBe(gone[0]);
    await consumer.stop();
    await queue.close();
  });

  it('after Ctrl-C is not waited for long', async () => {
    const own = await startRedis();
    const interrupt = new AbortController();
    const { queues } = await open({ url: own.url, signal: interrupt.signal });
    const queue = queues.open(numbersJob('interrupted'));
    await queue.add(numbers(2));
    await own.stop();
    const pending = queue.pending();
    interrupt.abort();
    await expect(pending).rejects.toMatchObject({ code: 'redis-gone' });
    await queue.close();
  });
});

describe('a Redis that is full', () => {
  it('ends the run with its reason', async () => {
    const own = await startRedis(['--maxmemory', '1mb']);
    const { queues, gone } = await open({ url: own.url });
    const queue = queues.open(numbersJob('full'));
    await expect(queue.add(numbers(20_000))).rejects.toMatchObject({
      code: 'redis-refuses',
      message: expect.stringMatching(/^Expected Redis at its place to take jobs but received 'OOM command not allowed/),
    });
    expect(gone).toHaveLength(1);
    await queue.close();
    await own.stop();
  });
});

/** A server that accepts connections and answers everything the same way; null: with nothing. */
async function listener(says: string | null): Promise<string> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', () => says !== null && socket.end(says));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const address = server.address();
  return `redis://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`;
}

describe('reaching a Redis', () => {
  const reach = (url: string, signal?: AbortSignal) =>
    reachRedis({ url, shown: 'Redis at its place (from REDIS_URL)', connectTimeoutMs: 1_000, signal });

  it('returns its version', async () => {
    expect(await reach(redis.url)).toEqual({ version: expect.stringMatching(/^\d+\.\d+/), warnings: [] });
  });

  it('warns about a Redis that evicts keys', async () => {
    await redis.run('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru');
    onTestFinished(async () => void (await redis.run('CONFIG', 'SET', 'maxmemory-policy', 'noeviction')));
    expect((await open()).warnings).toEqual([
      expect.stringMatching(
        /^Expected the maxmemory-policy 'noeviction' of Redis at its place but it is 'allkeys-lru'/,
      ),
    ]);
  });

  it('reports a wrong password without printing it', async () => {
    const own = await startRedis(['--requirepass', 'right']);
    onTestFinished(() => own.stop());
    const address = own.url.slice('redis://'.length);
    const failure = await reach(`redis://:secret-word@${address}`).catch((error: unknown) => error);
    expect(failure).toMatchObject({
      code: 'redis-unreachable',
      message: expect.stringMatching(
        /^Expected Redis at its place \(from REDIS_URL\) but received 'WRONGPASS.*'; check the URL$/,
      ),
    });
    expect(JSON.stringify(failure, Object.getOwnPropertyNames(failure))).not.toContain('secret-word');
    await expect(reach(own.url)).rejects.toThrow(/received 'NOAUTH/);
    expect((await reach(`redis://:right@${address}`)).warnings).toEqual([]);
  });

  it('refuses a database that does not exist', async () => {
    await expect(reach(`${redis.url}/99`)).rejects.toThrow(/received 'ERR DB index is out of range'/);
  });

  it.each([
    ['nobody there', () => Promise.resolve('redis://127.0.0.1:1'), /ECONNREFUSED/],
    ['a silent host', () => listener(null), /no answer within 1 s/],
    ['another protocol', () => listener('HTTP/1.1 400 Bad Request\r\n\r\n'), /Protocol error, got "H"/],
  ])('reports %s', async (_, place, reason) => {
    await expect(reach(await place())).rejects.toMatchObject({
      code: 'redis-unreachable',
      message: expect.stringMatching(reason),
    });
  });

  it('is given up at Ctrl-C', async () => {
    const interrupt = new AbortController();
    const reached = reach(await listener(null), interrupt.signal);
    interrupt.abort();
    await expect(reached).rejects.toMatchObject({ code: 'interrupted' });
  });

  it('refuses an old version, a cluster node and a replica', () => {
    const judged = (info: string) => () => judgeRedis(info, 'Redis at its place');
    expect(judged('redis_version:6.0.16\r\n')).toThrow(
      "Expected version 6.2 or newer of Redis at its place but it is '6.0.16'",
    );
    expect(judged('# nothing')).toThrow("but it is ''");
    expect(judged('redis_version:7.0.15\r\ncluster_enabled:1\r\n')).toThrow(/it is a node of a cluster/);
    expect(judged('redis_version:7.0.15\r\nrole:slave\r\nmaster_host:10.0.0.7\r\n')).toThrow(
      /it is a replica \(role 'slave'\) of 10\.0\.0\.7; use its primary/,
    );
    expect(judged('redis_version:10.0.0\r\nrole:master\r\n')()).toEqual({ version: '10.0.0', warnings: [] });
  });
});
