import { createHash } from 'node:crypto';
import { copyFile, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { suiteFolder } from '../../../support/process-tree.ts';
import { makeCopies } from '../../../support/copies.ts';
import { createDatabase, dropDatabase } from '../../../support/database.ts';
import { startS3, type TestS3 } from '../../../support/s3-server.ts';
import { repositoryRoot, winnow, type CommandResult } from '../../../support/winnow.ts';

const CLASSES = ['n01440764', 'n01443537', 'n01498041', 'n01514668'];

const folder = suiteFolder();
let url = '';
let s3: TestS3;
let sha256 = '';
beforeAll(async () => {
  url = await createDatabase('template');
  s3 = await startS3();
  const [bundled, one] = [repositoryRoot, folder.at('one')];
  for (const name of ['one/config/models', 'one/config/collections', 'one/models', 'two'])
    await mkdir(folder.at(name), { recursive: true });
  const model = path.join(bundled, 'assets/models/efficientnet-lite0.onnx');
  await copyFile(model, path.join(one, 'models/mine.onnx'));
  sha256 = createHash('sha256')
    .update(await readFile(model))
    .digest('hex');
  const card = await readFile(path.join(bundled, 'config/models/efficientnet-lite0.yaml'), 'utf8');
  const mine = card.replace(/^name: .*$/m, 'name: mine').replace(/^file: .*$/m, 'file: models/mine.onnx');
  await writeFile(path.join(one, 'config/models/mine.yaml'), mine);
  await writeFile(path.join(one, 'config/collections/fish.txt'), CLASSES.join('\n'));
  await writeFile(path.join(one, 'config/collections/fish.yaml'), 'name: fish\nclasses: fish.txt\nensemble: [mine]\n');
});
afterAll(async () => {
  await s3.close();
  await dropDatabase(url);
});

/** Runs a command on the collection `fish` on one of two machines. Only the first has files of its own. */
async function on(machine: 'one' | 'two', ...args: string[]): Promise<CommandResult> {
  const env = {
    DATABASE_URL: url,
    WINNOW_BLOBS_URL: `s3://${s3.bucket}/lab`,
    AWS_ENDPOINT_URL_S3: s3.url,
    AWS_ACCESS_KEY_ID: s3.accessKeyId,
    AWS_SECRET_ACCESS_KEY: s3.secretAccessKey,
  };
  return winnow([...args, '--collection', 'fish', '--json'], { cwd: folder.at(machine), env });
}

async function crawl(count: number): Promise<void> {
  const photos = folder.at(`photos-${count}`);
  await makeCopies(photos, count, { wnids: CLASSES });
  expect(await on('one', 'crawl', '--from', photos)).toMatchObject({ code: 0 });
}

describe('a machine that has only the name of a collection', () => {
  it('filters with the model file that the first filter stored in S3 under its hash', async () => {
    await crawl(4);
    expect(await on('one', 'filter')).toMatchObject({ code: 0 });
    const key = `lab/models/${sha256.slice(0, 2)}/${sha256.slice(2, 4)}/${sha256}`;
    expect([...s3.objects.keys()].filter((one) => one.includes('models'))).toEqual([key]);
    await crawl(8);
    const { code, stdout, stderr } = await on('two', 'filter');
    expect([code, code === 0 ? '' : stderr]).toEqual([0, '']);
    const { kept, dropped } = JSON.parse(stdout) as { kept: number; dropped: number };
    expect(kept + dropped).toBe(4);
    expect(await readdir(folder.at('two/data/models'))).toEqual([`${sha256}.onnx`]);
    const { stdout: doctor } = await on('two', 'doctor', '--deep');
    expect(doctor).not.toContain('"ok":false');
  });

  it('refuses a model file of other bytes', async () => {
    await rm(folder.at('two/data/models'), { recursive: true });
    const key = [...s3.objects.keys()].find((one) => one.includes('models')) ?? '';
    const stored = s3.objects.get(key);
    s3.objects.set(key, { bytes: Buffer.from('another model'), sha256: null });
    await crawl(12);
    const { code, stderr } = await on('two', 'filter');
    expect([code, stderr]).toEqual([2, expect.stringContaining('The model file in S3 cannot be used')]);
    if (stored !== undefined) s3.objects.set(key, stored);
    expect(await on('two', 'filter')).toMatchObject({ code: 0 });
  });
});
