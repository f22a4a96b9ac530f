import { sql } from 'kysely';
import { expect, it, onTestFinished } from 'vitest';
import * as z from 'zod';
import type { App } from '../../../../../src/core/runtime/open/app.process.ts';
import {
  addJobs,
  listJobs,
  pruneJobs,
  type JobToRecord,
} from '../../../../../src/core/runtime/work/job-history.repository.ts';
import type { RunningJob, StageDefinition } from '../../../../../src/core/runtime/work/stage-definition.ts';
import { startStage } from '../../../../../src/core/runtime/work/stage.process.ts';
import { RetryLater } from '../../../../../src/core/kernel/errors.ts';
import { useDatabase } from '../../../../support/database.ts';
import { redisProblem, startRedis } from '../../../../support/redis-server.ts';
import { openTestApp, testFolder } from '../../../../support/test-app.ts';

const database = useDatabase();
const redisIsMissing = await redisProblem();

async function newApp(env: Record<string, string> = {}): Promise<App> {
  const app = await openTestApp({ url: database.url, dataDir: await testFolder(), env });
  await sql`truncate job_history, collection cascade`.execute(app.db);
  return app;
}

async function newCollection({ db }: App, name = 'demo'): Promise<number> {
  const nothing = Buffer.alloc(32);
  const { rows } = await sql<{ id: number }>`
    insert into collection (name, file_sha256, decision_sha256, definition) values (${name}, ${nothing}, ${nothing}, '{}') returning id`.execute(
    db,
  );
  return rows[0]?.id ?? 0;
}

interface Host {
  readonly host: string;
}

/** A stage with one job for each host; `work` does what the job does. */
function partitions(
  collectionId: number,
  left: Set<string>,
  work: (host: string, job: RunningJob) => void,
): StageDefinition<Host> {
  return {
    name: 'partitions',
    job: {
      queue: `history-${collectionId}`,
      parse: (data) => z.object({ host: z.string() }).parse(data),
      keyOf: ({ host }) => encodeURIComponent(host),
      attempts: 2,
      backoffMs: 10,
    },
    pausedAs: { stage: 'fetch', collectionId },
    concurrency: 1,
    async handle({ host }, job) {
      const moved = left.has(host);
      if (moved) work(host, job);
      left.delete(host);
      return { moved };
    },
    subjectOf: ({ host }) => ({ host }),
    jobsFor: () => [],
    workable: async function* () {
      yield [...left].map((host) => ({ host }));
    },
    countLeft: () => Promise.resolve(left.size),
    requeueEveryMs: null,
  };
}

it.for(['PostgreSQL', 'Redis'])(
  'a stage on %s records the jobs that it finished and each failed try',
  async (queue, { skip }) => {
    const onRedis = queue === 'Redis';
    skip(onRedis && redisIsMissing !== null, redisIsMissing ?? '');
    const redis = onRedis ? await startRedis() : null;
    onTestFinished(async () => redis?.stop());
    const app = await newApp(redis === null ? {} : { REDIS_URL: redis.url });
    let tries = 0;
    const work = (host: string, job: RunningJob): void => {
      if (host === 'slow.example:443' && (tries += 1) === 1) throw new RetryLater('the disk is slow', { code: 'busy' });
      job.count({ source: 'urls', outcome: 'fetched', reason: null, count: 3 });
      job.count({ source: 'urls', outcome: 'failed', reason: 'http-404', count: 2 });
      job.count({ source: 'urls', outcome: 'later', reason: null, count: 1 });
    };
    const definition = partitions(await newCollection(app), new Set(['fast.example:443', 'slow.example:443']), work);
    await (await startStage(app, definition, { signal: new AbortController().signal })).finish();
    const jobs = await listJobs(app.db, { limit: 10 });
    const shared = { collection: 'demo', stage: 'fetch', source: null, wnid: null, page: null };
    expect(
      jobs.toSorted((a, b) => a.state.localeCompare(b.state) || (a.host ?? '').localeCompare(b.host ?? '')),
    ).toEqual(
      [
        ['failed', 'slow.example:443', 0, 'the disk is slow'],
        ['finished', 'fast.example:443', 5, 'http-404 2'],
        ['finished', 'slow.example:443', 5, 'http-404 2'],
      ].map(([state, host, photos, reason]) => ({
        ...shared,
        state,
        host,
        photos,
        reason,
        id: expect.any(Number),
        at: expect.any(Date),
        seconds: expect.any(Number),
        worker: expect.stringContaining(`process ${process.pid}`),
      })),
    );
    expect(await listJobs(app.db, { state: 'failed', stage: 'fetch', collection: 'demo', limit: 10 })).toHaveLength(1);
    expect(await listJobs(app.db, { stage: 'filter', limit: 10 })).toEqual([]);
  },
);

it('a job ends well although its history cannot be written', async () => {
  const app = await newApp();
  const left = new Set(['a.example:443']);
  const definition = partitions(await newCollection(app), left, (_host, job) =>
    job.count({ source: 'urls', outcome: 'fetched', reason: null, count: 1 }),
  );
  await sql`alter table job_history rename to job_history_away`.execute(app.db);
  try {
    const stage = await startStage(app, definition, { signal: new AbortController().signal });
    expect([await stage.finish(), left.size]).toEqual([0, 0]);
  } finally {
    await sql`alter table job_history_away rename to job_history`.execute(app.db);
  }
});

it('the history keeps the last 200 finished and 1,000 failed jobs of each stage', async () => {
  const app = await newApp();
  const collectionId = await newCollection(app);
  const job = (n: number, state: JobToRecord['state'], stage: JobToRecord['stage']): JobToRecord => ({
    at: new Date(n).toISOString(),
    collectionId,
    stage,
    state,
    source: null,
    queryId: null,
    host: null,
    page: n,
    photos: 1,
    seconds: 1,
    reason: null,
    worker: 'lab, process 1',
  });
  const many = Array.from({ length: 1_100 }, (_, n) => n);
  await addJobs(
    app.db,
    (['finished', 'failed'] as const).flatMap((state) => many.map((n) => job(n, state, 'filter'))),
  );
  await addJobs(app.db, [job(7, 'finished', 'discover'), { ...job(8, 'failed', 'discover'), collectionId: 0 }]);
  await pruneJobs(app.db);
  const kept = await listJobs(app.db, { limit: 10_000 });
  const pages = (state: string, stage: string): (number | null)[] =>
    kept.filter((one) => one.state === state && one.stage === stage).map(({ page }) => page);
  expect(pages('finished', 'filter')).toEqual(many.slice(-200).toReversed());
  expect(pages('failed', 'filter')).toEqual(many.slice(-1_000).toReversed());
  expect([pages('finished', 'discover'), pages('failed', 'discover')]).toEqual([[7], []]);
});
