import { readdir, writeFile, mkdir } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { sql } from 'kysely';
import * as z from 'zod';
import type { App } from '../../../../../src/core/runtime/open/app.process.ts';
import type { JobControl } from '../../../../../src/core/runtime/work/job-intake.process.ts';
import { inPortions } from '../../../../../src/core/runtime/work/in-portions.ts';
import type { Stage, StageDefinition } from '../../../../../src/core/runtime/work/stage-definition.ts';
import { startStage } from '../../../../../src/core/runtime/work/stage.process.ts';
import { endPauses, pauseStages } from '../../../../../src/core/collection/pause.repository.ts';
import { StopTheRun } from '../../../../../src/core/kernel/errors.ts';
import { pagesOf, rangeOf } from '../../../../../src/core/kernel/pages.ts';
import { useDatabase } from '../../../../support/database.ts';
import { redisProblem, startRedis } from '../../../../support/redis-server.ts';
import { openTestApp, testFolder } from '../../../../support/test-app.ts';

const database = useDatabase();

/** A command on this file's catalogue, closed at the end of the test. */
const newApp = async (clientName = 'test'): Promise<App> => appIn(await testFolder(), clientName);
const appIn = (dataDir: string, clientName = 'test', env: Record<string, string> = {}): Promise<App> =>
  openTestApp({ url: database.url, dataDir, clientName, env });

const NEVER = new AbortController().signal;
let queues = 0;
const page = z.strictObject({ page: z.int() });

/**
 * A catalogue in memory: a set of ids to process. `work` gets the remaining ids of a page and removes those that it did.
 */
type Page = z.output<typeof page>;
const jobsFor = (some: readonly number[]): Page[] => pagesOf(some).map((number) => ({ page: number }));

function definition(
  left: Set<number>,
  work: (ids: number[], control: JobControl) => Promise<void> | void,
): StageDefinition<Page> {
  const ascending = (after: number): number[] => [...left].filter((id) => id > after).toSorted((a, b) => a - b);
  return {
    name: 'numbers',
    job: {
      queue: `stage-${(queues += 1)}`,
      parse: (data) => page.parse(data),
      keyOf: (payload) => `page-${payload.page}`,
      attempts: 2,
      backoffMs: 20,
    },
    pausedAs: { stage: 'filter', collectionId: 1 },
    concurrency: 2,
    async handle(payload, control) {
      const { from, before } = rangeOf(payload.page);
      const some = [...left].filter((id) => id >= from && id < before);
      await work(some, control);
      return { moved: some.some((id) => !left.has(id)), handOn: some };
    },
    jobsFor,
    workable: () => inPortions((after, limit) => Promise.resolve(ascending(after).slice(0, limit)), jobsFor),
    countLeft: () => Promise.resolve(left.size),
    requeueEveryMs: null,
  };
}

interface Start {
  readonly app?: App;
  readonly signal?: AbortSignal;
}
async function start(defined: StageDefinition<Page>, { app, signal = NEVER }: Start = {}): Promise<Stage> {
  const stage = await startStage(app ?? (await newApp()), defined, { signal });
  onTestFinished(() => stage.stop());
  return stage;
}

const PAGES_OF_1000 = [41, 63, ...Array.from({ length: 14 }, () => 64)];
const ids = (count: number): Set<number> => new Set(Array.from({ length: count }, (_, i) => i + 1));

describe('a stage', () => {
  it('processes everything that is left in the catalogue, page by page', async () => {
    const left = ids(1_000);
    const pages: number[] = [];
    const defined = definition(left, (some) => {
      pages.push(some.length);
      for (const id of some) left.delete(id);
    });
    expect(await (await start(defined)).finish()).toBe(0);
    expect(pages.toSorted((a, b) => a - b)).toEqual(PAGES_OF_1000);
  });

  it('queues remaining work whenever the queue has room, for any amount of work', async () => {
    const left = ids(64 * 60);
    const app = await newApp();
    const defined = definition(left, (some) => some.forEach((id) => left.delete(id)));
    const queue = await app.openQueue(defined.job);
    let most = 0;
    const limited: StageDefinition<Page> = {
      ...defined,
      queuedAtMost: 10,
      async *workable() {
        const jobs = jobsFor([...left]);
        for (let i = 0; i < jobs.length; i += 10) yield jobs.slice(i, i + 10);
      },
      async handle(payload, control) {
        most = Math.max(most, await queue.pending());
        return defined.handle(payload, control);
      },
    };
    expect(await (await start(limited, { app })).finish()).toBe(0);
    expect([most > 1, most < 30]).toEqual([true, true]);
  });

  it('is done at once if nothing is left', async () => {
    const stage = await start(definition(new Set(), () => undefined));
    expect(await stage.finish()).toBe(0);
  });

  it('starts on work that arrives before it is asked to finish, and passes its results on', async () => {
    const left = ids(10);
    const made: number[] = [];
    const defined = definition(left, (some) => some.forEach((id) => left.delete(id)));
    const onDone = async (some: readonly number[]): Promise<void> => void made.push(...some);
    const stage = await startStage(await newApp(), defined, { signal: NEVER, onDone });
    await stage.enqueue([3, 4]);
    for (let i = 0; i < 200 && left.size > 0; i += 1) await sleep(20);
    expect([left.size, made]).toEqual([0, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]]);
    await stage.finish();
  });

  it('continues while another command adds as much work as it does', async () => {
    const left = ids(64);
    let added = 0;
    const defined = definition(left, (some) => {
      for (const id of some) left.delete(id);
      added += 1;
      if (added > 6) return;
      for (let i = 0; i < 64; i += 1) left.add(added * 64 + i);
    });
    expect(await (await start(defined)).finish()).toBe(0);
    expect(added).toBeGreaterThan(6);
  });

  it('is fed by one process at a time, and by another once that one has died', async () => {
    const left = ids(64);
    const fedBy: string[] = [];
    const defined = { ...definition(left, (some) => some.forEach((id) => left.delete(id))), feedLock: [7, 7] } as const;
    const fedAs = (name: string, wait?: Promise<void>): StageDefinition<Page> => ({
      ...defined,
      async *workable() {
        fedBy.push(name);
        await wait;
        yield* defined.workable();
      },
    });
    let wake = (): void => undefined;
    const frozen = new Promise<void>((resolve) => (wake = resolve));
    const first = (await start(fedAs('first', frozen))).finish();
    await vi.waitUntil(() => fedBy.length > 0);
    const second = (await start(fedAs('second'))).finish();
    await sleep(300);
    const whileFed = [...fedBy];
    await sql`select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and classid = 7 and objid = 7`.execute(
      database.db,
    );
    expect([await second, whileFed, fedBy]).toEqual([0, ['first'], ['first', 'second']]);
    wake();
    await expect(first).rejects.toThrow(/connection/i);
  });

  it('does not count the remaining work while it makes progress', async () => {
    const left = ids(640);
    let counts = 0;
    const stage = await start({
      ...definition(left, (some) => some.forEach((id) => left.delete(id))),
      async countLeft() {
        counts += 1;
        return left.size;
      },
      isAnyLeft: () => Promise.resolve(left.size > 0),
    });
    expect([await stage.finish(), counts]).toEqual([0, 1]);
  });

  it('gives up when it makes no progress, and reports the last error', async () => {
    const left = ids(70);
    const defined = definition(left, (some) => {
      if (some.length > 10) throw new Error('the model is in a bad mood');
      for (const id of some) left.delete(id);
    });
    const message = /makes no progress: 63 items remain; the last error was: the model is in a bad mood/;
    await expect((await start(defined)).finish()).rejects.toMatchObject({
      name: 'StopTheRun',
      code: 'no-progress',
      message: expect.stringMatching(message),
    });
  });

  it('ends at once with the reason if the run cannot continue', async () => {
    let tries = 0;
    const full = new StopTheRun('Expected room but there is none', { code: 'disk-full' });
    const defined = definition(ids(500), () => {
      tries += 1;
      throw full;
    });
    await expect((await start(defined)).finish()).rejects.toBe(full);
    expect(tries).toBeLessThan(4);
  });

  it('reports once, while it still runs, that it can never finish', async () => {
    const full = new StopTheRun('Expected room but there is none', { code: 'disk-full' });
    const defined = definition(ids(500), () => {
      throw full;
    });
    const told: string[] = [];
    const stage = await startStage(await newApp(), defined, { signal: NEVER, onFatal: () => told.push('fatal') });
    await stage.enqueue([...ids(500)]);
    for (let i = 0; i < 200 && told.length === 0; i += 1) await sleep(20);
    expect(told).toEqual(['fatal']);
    await expect(stage.finish()).rejects.toBe(full);
    expect(told).toEqual(['fatal']);
  });

  it('after the signal finishes the jobs in flight, takes no more jobs, and reports how many are left', async () => {
    const left = ids(640);
    const controller = new AbortController();
    let begun = 0;
    const defined = definition(left, async (some) => {
      begun += 1;
      if (begun === 2) controller.abort();
      await sleep(100);
      for (const id of some) left.delete(id);
    });
    const stage = await start(defined, controller);
    expect([await stage.finish(), begun]).toEqual([left.size, 2]);
    expect(left.size).toBeLessThan(640);
    expect(left.size).toBeGreaterThan(500);
  });

  it('forgets jobs that a killed run had queued if it is alone on the catalogue', async () => {
    const app = await newApp();
    expect(app.soleClient).toBe(true);
    const left = ids(3);
    const handled: number[][] = [];
    const defined = definition(left, (some) => {
      handled.push(some);
      for (const id of some) left.delete(id);
    });
    const before = await app.openQueue(defined.job);
    await before.add([{ page: 40 }, { page: 41 }]);
    await (await start(defined, { app })).finish();
    expect(handled).toEqual([[1, 2, 3]]);
  });
});

describe('a stage that an operator pauses', () => {
  const all = { stages: ['filter'], collectionId: null } as const;
  const pause = (endWorkers = false): Promise<void> => pauseStages(database.db, { ...all, by: 'ann', endWorkers });
  afterEach(async () => void (await endPauses(database.db, all)));

  it('takes no job, is not given up, and continues when the pause ends', async () => {
    const left = ids(200);
    let begun = 0;
    await pause();
    const app = await newApp();
    const defined = definition(left, (some) => {
      begun += 1;
      for (const id of some) left.delete(id);
    });
    const stage = await start(defined, { app });
    await stage.enqueue([...left]);
    const finished = stage.finish();
    await sleep(300);
    const whilePaused = [begun, left.size, app.pauses.text()];
    await endPauses(database.db, all);
    expect([await finished, whilePaused]).toEqual([
      0,
      [0, 200, expect.stringMatching(/^filter is paused since \d\d:\d\d by ann/)],
    ]);
  });

  it('stops the jobs in flight where they can continue later, and ends at the signal', async () => {
    const left = ids(640);
    const controller = new AbortController();
    let begun = 0;
    let ended = 0;
    const defined = definition(left, async (some, control) => {
      begun += 1;
      for (const id of some) {
        if (control.shouldStop()) break;
        left.delete(id);
        await sleep(40);
      }
      ended += 1;
    });
    const stage = await start(defined, controller);
    const finished = stage.finish();
    await vi.waitUntil(() => begun >= 2);
    await pause();
    await vi.waitUntil(() => ended >= 2, 10_000);
    const whenDrained = left.size;
    await sleep(300);
    controller.abort();
    expect([await finished, begun, left.size]).toEqual([whenDrained, 2, whenDrained]);
    expect(whenDrained).toBeGreaterThan(640 - 128);
  });

  it('ends a long-running worker once its jobs in flight are done, if that is requested', async () => {
    const left = ids(640);
    let isInFlight = false;
    const defined = definition(left, async (some) => {
      isInFlight = true;
      await sleep(300);
      for (const id of some) left.delete(id);
      isInFlight = false;
    });
    const stage = await start({ ...defined, concurrency: 1 });
    const served = stage.serve();
    await vi.waitUntil(() => isInFlight);
    await pause(true);
    await served;
    const whenEnded = [isInFlight, left.size];
    const later = await start({ ...defined, concurrency: 1 });
    const laterServed = later.serve().then(() => 'ended');
    const first = await Promise.race([laterServed, sleep(1_500).then(() => 'waits')]);
    expect([whenEnded[0], left.size, first]).toEqual([false, whenEnded[1], 'waits']);
    expect(left.size).toBeGreaterThan(0);
    await pause(true);
    expect(await laterServed).toBe('ended');
  });
});

describe('a stage whose Redis is emptied in mid-run', () => {
  it('queues the remaining pages again, processes each once, and reports that', async (context) => {
    const problem = await redisProblem();
    context.skip(problem !== null, problem ?? '');
    const redis = await startRedis();
    onTestFinished(() => redis.stop());
    const app = await appIn(await testFolder(), 'test', { REDIS_URL: redis.url });
    const left = ids(1_000);
    const pages: number[] = [];
    const defined = definition(left, async (some) => {
      pages.push(some.length);
      if (pages.length === 4) await redis.run('FLUSHALL');
      await sleep(50);
      for (const id of some) left.delete(id);
    });
    expect(await (await start(defined, { app })).finish()).toBe(0);
    expect(pages.filter((count) => count > 0).toSorted((a, b) => a - b)).toEqual(PAGES_OF_1000);
  });
});

describe('an app', () => {
  it('knows whether another command uses the catalogue', async () => {
    const first = await newApp('crawl');
    const second = await newApp('filter');
    expect([first.soleClient, second.soleClient]).toEqual([true, false]);
    expect(await first.isStillAlone()).toBe(false);
    await second.close();
    // The server notices the end of a client some milliseconds later.
    await expect.poll(() => first.isStillAlone()).toBe(true);
    await first.close();
    expect((await newApp('crawl')).soleClient).toBe(true);
  });

  it('removes half-written files of a killed command, unless another command may be writing them', async () => {
    const first = await newApp('crawl');
    const unfinished = path.join(first.dataDir, 'blobs', 'unfinished');
    await mkdir(unfinished, { recursive: true });
    await writeFile(path.join(unfinished, 'half'), 'bytes');
    const second = await appIn(first.dataDir, 'filter');
    expect(await readdir(unfinished)).toEqual(['half']);
    await first.close();
    await second.close();
    await appIn(first.dataDir, 'crawl');
    await expect(readdir(unfinished)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('may be closed twice', async () => {
    const app = await newApp();
    await app.close();
    await expect(app.close()).resolves.toBeUndefined();
  });
});
