import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { suiteFolder } from '../../../support/process-tree.ts';
import { makeCopies } from '../../../support/copies.ts';
import { createDatabase, dropDatabase, onClient, onServer } from '../../../support/database.ts';
import { ONE_MODEL } from '../../../support/one-model.ts';
import { redisProblem, startRedis, type TestRedis } from '../../../support/redis-server.ts';
import { startS3, type Fault, type TestS3 } from '../../../support/s3-server.ts';
import { until } from '../../../support/until.ts';
import { startWinnow, winnow, type RunningCommand } from '../../../support/winnow.ts';

/** So many that the second test, which decides what the first one leaves, has jobs at each of its moments. */
const COPIES = 48;
/** The difference between the ids of two photos. A job decides the photos of a page of 64 ids, so there are twelve jobs. */
const ID_STEP = 16;

const folder = suiteFolder();
let s3: TestS3;
let redis: TestRedis | null = null;
let problem: string | null = null;
const urls: string[] = [];

beforeAll(async () => {
  problem = await redisProblem();
  if (problem !== null) return;
  await makeCopies(folder.at('photos'), COPIES);
  s3 = await startS3();
  redis = await startRedis();
});
afterAll(async () => {
  if (problem !== null) return;
  await redis?.stop();
  await s3.close();
  for (const url of urls) await dropDatabase(url);
});

async function openProject(name: string) {
  const url = await createDatabase('template');
  urls.push(url);
  await onServer(url, `alter sequence photo_id_seq increment by ${ID_STEP}`);
  return { name, url };
}
type Project = Awaited<ReturnType<typeof openProject>>;

/** With one thread and batches so small that any moment is in the middle of the work. */
function environment({ name, url }: Project): Record<string, string> {
  return {
    DATABASE_URL: url,
    REDIS_URL: redis?.url ?? '',
    WINNOW_BLOBS_URL: `s3://${s3.bucket}/${name}`,
    AWS_ENDPOINT_URL_S3: s3.url,
    AWS_ACCESS_KEY_ID: s3.accessKeyId,
    AWS_SECRET_ACCESS_KEY: s3.secretAccessKey,
    WINNOW_FILTER_BATCH_PHOTOS: '4',
    WINNOW_FILTER_THREADS: '1',
  };
}

function start(project: Project, ...args: string[]): RunningCommand {
  return startWinnow([...args, '--data', folder.at(project.name)], { env: environment(project) });
}

async function done(project: Project, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await winnow([...args, '--data', folder.at(project.name)], {
    env: environment(project),
  });
  expect([args[0], code, code === 0 ? '' : stderr]).toEqual([args[0], 0, '']);
  return stdout;
}

async function crawl(project: Project): Promise<void> {
  await done(project, 'crawl', '--collection', ONE_MODEL, '--from', folder.at('photos'));
}

const countDecided = ({ url }: Project): Promise<number> => onClient(url, countOn);

async function countOn(client: Client): Promise<number> {
  return Number((await client.query('select count(*) from decision')).rows[0].count);
}

async function untilDecided(project: Project, least: number): Promise<void> {
  await onClient(project.url, (client) => until(async () => (await countOn(client)) >= least));
}

/** Checks what must hold after any fault, and returns the decisions. */
async function audited(project: Project): Promise<string[]> {
  const findings: { ok: boolean }[] = JSON.parse(await done(project, 'doctor', '--deep', '--json'));
  expect(findings.filter(({ ok }) => !ok)).toEqual([]);
  const pictures = 'select p.state, count(*) from candidate c join picture p on p.id = c.picture_id group by 1';
  expect(await onServer(project.url, pictures)).toEqual([{ state: 'fetched', count: String(COPIES) }]);
  const rows = await onServer(
    project.url,
    `select encode(sha256, 'hex') as sha256, wnid, state, confusion_wnid, confusion_prob
     from decision join photo on photo.id = photo_id order by 1, 2`,
  );
  return rows.map((row) => JSON.stringify(row));
}

/** The faults in turn: many requests are refused, cut off, late, or store and return half of the bytes. */
function oftenFaulty(): () => Fault | null {
  const faults: readonly (Fault | null)[] = [
    { status: 500, code: 'InternalError' },
    null,
    { delayMs: 400 },
    null,
    'half',
    null,
    { status: 503, code: 'SlowDown' },
    null,
    'reset',
    null,
  ];
  let asked = 0;
  return () => faults[(asked += 1) % faults.length] ?? null;
}

describe('faults of shared services in the middle of the work', () => {
  let project: Project;
  let undisturbed: string[] = [];

  it('a filter that is interrupted while Redis is away ends soon and reports what is left', async (context) => {
    context.skip(problem !== null, problem ?? '');
    project = await openProject('redis');
    await crawl(project);
    const filter = start(project, 'filter', '--collection', ONE_MODEL);
    await untilDecided(project, 1);
    await redis?.stop();
    // Between two attempts to reach Redis.
    await sleep(700);
    filter.killGroup('SIGINT');
    const { code, stderr } = await filter.result;
    await redis?.start();
    expect([code, stderr]).toEqual([130, expect.stringMatching(/left: \d+ photos? to decide; run the command again/)]);
  });

  it('a filter decides all remaining photos although Redis stops, returns empty, and is emptied again', async (context) => {
    context.skip(problem !== null, problem ?? '');
    const before = await countDecided(project);
    const filter = start(project, 'filter', '--collection', ONE_MODEL);
    await untilDecided(project, before + 1);
    await redis?.stop();
    await sleep(300);
    await redis?.start();
    await untilDecided(project, before + (COPIES - before) / 2);
    await redis?.run('FLUSHALL');
    expect(await countDecided(project)).toBeLessThan(COPIES);
    expect((await filter.result).code).toBe(0);
    undisturbed = await audited(project);
    expect(undisturbed.length).toBe(COPIES);
    expect(undisturbed.filter((line) => /undecided|failed/.test(line))).toEqual([]);
  });

  it('a crawl and a filter succeed although S3 answers 500, late, with half of the bytes or not at all', async (context) => {
    context.skip(problem !== null, problem ?? '');
    const other = await openProject('s3');
    s3.fault = oftenFaulty();
    await crawl(other);
    await done(other, 'filter', '--collection', ONE_MODEL);
    s3.fault = () => null;
    expect(await audited(other)).toEqual(undisturbed);
    const stored = [...s3.objects].filter(([key]) => key.startsWith('s3/') && !key.includes('/models/'));
    expect(stored.length).toBe(COPIES);
    for (const [key, { bytes }] of stored)
      expect(createHash('sha256').update(bytes).digest('hex')).toBe(key.split('/').at(-1));
  });
});
