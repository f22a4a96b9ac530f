import { cp, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DecisionLine } from '../../../../src/core/filter/run/decision-line.ts';
import { suiteFolder } from '../../../support/process-tree.ts';
import { createDatabase, dropDatabase, onServer } from '../../../support/database.ts';
import { inOutput } from '../../../support/in-output.ts';
import { ONE_MODEL } from '../../../support/one-model.ts';
import { redisProblem, startRedis, type TestRedis } from '../../../support/redis-server.ts';
import { startS3, type TestS3 } from '../../../support/s3-server.ts';
import { jsonLines, repositoryRoot, startWinnow, winnow, type CommandResult } from '../../../support/winnow.ts';

/** Number of the demo's 321 photos to use; `WINNOW_TEST_PHOTOS=321` uses all. */
const PHOTOS = Number(process.env['WINNOW_TEST_PHOTOS'] ?? 40);

/**
 * The difference between the ids of two photos. A job decides the photos of a page of 64 ids, so a job has four photos. They
 * make ten jobs, and one process takes two at once, so both processes get some.
 */
const ID_STEP = 16;

async function copyPhotos(to: string): Promise<void> {
  await cp(path.join(repositoryRoot, 'test', 'fixtures', 'samples'), to, { recursive: true });
  const labels = (await readFile(path.join(to, 'labels.csv'), 'utf8')).split('\n');
  await writeFile(path.join(to, 'labels.csv'), labels.slice(0, PHOTOS + 1).join('\n'));
}

/** Photos of the demo on a PostgreSQL server, a Redis and an S3 service, as several machines would share them. */
const folder = suiteFolder();
let url = '';
let s3: TestS3;
let redis: TestRedis | null = null;
let problem: string | null = null;
let env: Record<string, string> = {};
beforeAll(async () => {
  problem = await redisProblem();
  if (problem !== null) return;
  url = await createDatabase('template');
  await onServer(url, `alter sequence photo_id_seq increment by ${ID_STEP}`);
  s3 = await startS3();
  redis = await startRedis(['--requirepass', 'pa55word']);
  env = {
    DATABASE_URL: url,
    REDIS_URL: redis.url.replace('//', '//:pa55word@'),
    WINNOW_BLOBS_URL: `s3://${s3.bucket}/lab`,
    AWS_ENDPOINT_URL_S3: s3.url,
    AWS_ACCESS_KEY_ID: s3.accessKeyId,
    AWS_SECRET_ACCESS_KEY: s3.secretAccessKey,
  };
});
afterAll(async () => {
  if (problem !== null) return;
  await redis?.stop();
  await s3.close();
  await dropDatabase(url);
});

async function decisions(data: string, variables: Record<string, string>): Promise<unknown[]> {
  const { stdout } = await run(['decisions', '--json', '--collection', ONE_MODEL], data, variables);
  return jsonLines<DecisionLine>(stdout)
    .map(({ sha256, wnid, state, confusion }) => JSON.stringify([wnid, sha256, state, confusion]))
    .toSorted();
}

async function run(args: string[], data: string, variables: Record<string, string>): Promise<CommandResult> {
  const result = await winnow([...args, '--data', folder.at(data)], { env: variables });
  expect([args[0], result.code, result.stderr.includes('pa55word')]).toEqual([args[0], 0, false]);
  return result;
}

describe('photos on shared services, filtered by two processes', () => {
  it('are decided as on the embedded services', async (context) => {
    context.skip(problem !== null, problem ?? '');
    const photos = folder.at('photos');
    await copyPhotos(photos);
    const from = ['--collection', ONE_MODEL, '--source', 'folder', '--from', photos];
    // Two machines, each with its own empty data folder.
    await run(['crawl', ...from], 'one', env);
    expect(s3.objects.size).toBe(PHOTOS);
    // Both wait for the end of the pause, so that they start at the same moment.
    await run(['pause', 'filter'], 'one', env);
    const filters = ['one', 'two'].map((data) => {
      const flags = ['--collection', ONE_MODEL, '--json', '--set', 'filter.threads=1'];
      return startWinnow(['filter', ...flags, '--data', folder.at(data)], { env });
    });
    await Promise.all(filters.map(({ child }) => inOutput({ stdout: child.stderr }, /(filter is paused)/)));
    await run(['unpause', 'filter'], 'one', env);
    const both = await Promise.all(filters.map(({ result }) => result));
    expect(both.map(({ code }) => code)).toEqual([0, 0]);
    const decided = both.map(({ stdout }) => {
      const { kept, dropped, failed } = JSON.parse(stdout);
      return kept + dropped + failed;
    });
    console.log(`two filter processes decided ${decided.join(' and ')} photos`);
    expect(decided.reduce((sum, count) => sum + count)).toBe(PHOTOS);
    for (const count of decided) expect(count).toBeGreaterThan(0);
    await run(['run', ...from], 'default', {});
    const shared = await decisions('two', env);
    expect(shared.length).toBe(PHOTOS);
    expect(shared).toEqual(await decisions('default', {}));
  }, 300_000);

  it('leave nothing on either machine, and pass the audit', async (context) => {
    context.skip(problem !== null, problem ?? '');
    expect(await readdir(folder.at())).not.toContain('two/blobs');
    const { stdout } = await run(['doctor', '--deep'], 'three', env);
    expect(stdout).not.toContain('FAIL');
    expect(stdout).toMatch(
      /^ok {3}job queues: 7\.\S+ Redis at redis:\/\/:\*\*\*@127\.0\.0\.1:\d+ \(from REDIS_URL\)$/m,
    );
    expect(stdout).toMatch(/^ok {3}photos: their bytes are in s3:\/\/photos\/lab\/ at http:\/\/127\.0\.0\.1:\d+$/m);
    expect(stdout).toContain(`ok   photos have their bytes: ${PHOTOS} checked\n`);
    const { stdout: again } = await run(['filter', '--collection', ONE_MODEL, '--json'], 'two', env);
    expect(JSON.parse(again)).toMatchObject({ kept: 0, dropped: 0, failed: 0, left: 0, work: null });
    const { stdout: settings } = await run(['config'], 'three', env);
    expect(settings).not.toMatch(new RegExp(`pa55word|${s3.secretAccessKey}`));
  });

  it('are given as files to programs that need files', async (context) => {
    context.skip(problem !== null, problem ?? '');
    await run(['shortlist', '--collection', ONE_MODEL], 'two', env);
    await run(['shortlist', '--collection', ONE_MODEL, '--format', 'fiftyone'], 'two', env);
    const dataset = folder.at('two', 'shortlists', 'one-model', 'fiftyone', 'samples.json');
    const { samples } = JSON.parse(await readFile(dataset, 'utf8'));
    const files: string[] = samples.map(({ filepath }: { filepath: string }) => filepath);
    expect(files.length).toBeGreaterThan(PHOTOS / 5);
    const kept = await readdir(folder.at('two', 'blobs'), { recursive: true, withFileTypes: true });
    const names = new Set(
      kept.filter((entry) => entry.isFile()).map((entry) => path.join(entry.parentPath, entry.name)),
    );
    expect(files.filter((file) => !names.has(file))).toEqual([]);
  });
});
