import { appendFile } from 'node:fs/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { PublishResult } from '../../src/exchange/publish/publish.process.ts';
import { makeFolderToPublish, type FolderToPublish } from '../support/folder-to-publish.ts';
import { suiteFolder } from '../support/process-tree.ts';
import { startS3, type TestS3 } from '../support/s3-server.ts';
import { sha256Of } from '../support/sha256.ts';
import {
  startWinnow,
  winnow,
  type CommandOptions,
  type CommandResult,
  type RunningCommand,
} from '../support/winnow.ts';

const folder = suiteFolder();
let s3: TestS3;
const numbers = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

beforeAll(async () => {
  s3 = await startS3();
  s3.pageKeys = 50;
});
afterAll(() => s3.close());
beforeEach(() => {
  s3.objects.clear();
  s3.requests.length = 0;
  s3.fault = () => null;
});

const PLACE = 's3://photos/sets/birds';
const environment = (): CommandOptions => ({
  env: {
    AWS_ACCESS_KEY_ID: s3.accessKeyId,
    AWS_SECRET_ACCESS_KEY: s3.secretAccessKey,
    AWS_ENDPOINT_URL: s3.url,
  },
});
const publish = (made: FolderToPublish, ...flags: string[]): Promise<CommandResult> =>
  winnow(['publish', made.root, '--to', PLACE, ...flags], environment());

async function published(made: FolderToPublish): Promise<PublishResult> {
  const { code, stdout, stderr } = await publish(made, '--json');
  expect([code, stderr]).toEqual([0, expect.not.stringContaining('winnow:')]);
  return JSON.parse(stdout);
}

const contents = (): Record<string, string> =>
  Object.fromEntries([...s3.objects].map(([key, { bytes }]) => [key, bytes.toString()]));
const contentsOf = ({ files }: FolderToPublish): Record<string, string> =>
  Object.fromEntries([...files].map(([name, bytes]) => [`sets/birds/${name}`, bytes.toString()]));
const puts = (): string[] => s3.requests.filter((request) => request.startsWith('PUT '));
const mine = { bytes: Buffer.from('mine'), sha256: null };

describe('winnow publish to a bucket', () => {
  it('stores every file with its SHA-256, protocol.json last, and sends nothing again', async () => {
    const made = await makeFolderToPublish(folder.at('v1'), numbers(130));
    const first = await published(made);
    expect(first).toMatchObject({ revision: made.id, uploaded: { files: made.files.size }, url: `${PLACE}/` });
    expect(contents()).toEqual(contentsOf(made));
    expect(puts().at(-1)).toBe('PUT sets/birds/protocol.json');
    for (const { bytes, metadata } of s3.objects.values())
      expect(metadata).toEqual({ 'x-amz-meta-sha256': sha256Of(bytes) });
    s3.requests.length = 0;
    expect(await published(made)).toMatchObject({ uploaded: { files: 0, bytes: 0 }, unchanged: made.files.size });
    expect(puts()).toEqual([]);
  });

  it('deletes a photo that a later revision lacks, and nothing outside of it', async () => {
    await published(await makeFolderToPublish(folder.at('v1'), numbers(20)));
    const others = ['sets/birds/notes.txt', 'sets/birds-2/README.md'];
    for (const key of others) s3.objects.set(key, mine);
    const next = await makeFolderToPublish(folder.at('v2'), numbers(20).slice(1));
    const dry = await publish(next, '--dry-run');
    expect([dry.code, dry.stdout]).toEqual([
      0,
      expect.stringMatching(/^delete  test\/n01440764\/p[0-9a-f]{16}\.jpg  /),
    ]);
    expect(s3.objects.size).toBe(28);
    expect((await published(next)).deleted).toBe(1);
    expect(contents()).toEqual({ ...contentsOf(next), ...Object.fromEntries(others.map((key) => [key, 'mine'])) });
  });

  it('deletes and replaces nothing where no protocol.json of winnow is', async () => {
    const made = await makeFolderToPublish(folder.at('v1'), numbers(3));
    s3.objects.set('sets/birds/test/n1/old.jpg', mine);
    expect(await published(made)).toMatchObject({ deleted: 0, leftAlone: 1 });
    s3.objects.delete('sets/birds/protocol.json');
    s3.objects.set('sets/birds/README.md', mine);
    const { code, stderr } = await publish(made);
    expect([code, stderr]).toEqual([2, expect.stringContaining("has a file 'README.md' that winnow did not publish")]);
    expect(contents()['sets/birds/README.md']).toBe('mine');
  });

  it('refuses the place of another collection, and replaces its set only with --replace', async () => {
    const made = await makeFolderToPublish(folder.at('v1'), numbers(3));
    await published(made);
    const key = 'sets/birds/protocol.json';
    const there = s3.objects.get(key) ?? mine;
    const protocol = { ...(JSON.parse(there.bytes.toString()) as object), collection: { name: 'cats' } };
    s3.objects.set(key, { ...there, bytes: Buffer.from(JSON.stringify(protocol)) });
    s3.requests.length = 0;
    for (const flags of [[], ['--dry-run']]) {
      const { code, stderr } = await publish(made, ...flags);
      expect([code, stderr]).toEqual([2, expect.stringContaining("the set of the collection 'cats'")]);
    }
    expect(s3.requests.filter((request) => !/^(?:GET|HEAD) /.test(request))).toEqual([]);
    expect((await publish(made, '--replace')).code).toBe(0);
    expect(contents()).toEqual(contentsOf(made));
  });

  it('goes on after a kill at ten moments, and ends complete', async () => {
    const made = await makeFolderToPublish(folder.at('killed'), numbers(400));
    for (const requests of [1, 2, 3, 20, 40, 60, 80, 100, 101, 120]) {
      const before = puts().length;
      let [running, count]: [RunningCommand | null, number] = [null, 0];
      s3.fault = ({ method }) => {
        if (method !== 'HEAD') count += 1;
        if (count === requests) running?.killGroup('SIGKILL');
        return null;
      };
      running = startWinnow(['publish', made.root, '--to', PLACE], environment());
      await running.result;
      expect(puts().length - before).toBeLessThanOrEqual(requests + 8);
    }
    s3.fault = () => null;
    await published(made);
    expect(contents()).toEqual(contentsOf(made));
    expect(new Set(puts()).size).toBe(made.files.size);
    // A request that was killed on its way may be made again: 8 at a time.
    expect(puts().length).toBeLessThanOrEqual(made.files.size + 10 * 8);
  });

  it('waits and goes on if the service is busy or cuts connections', async () => {
    const made = await makeFolderToPublish(folder.at('v1'), numbers(20));
    let count = 0;
    s3.fault = () => {
      count += 1;
      return count % 9 === 4 ? 'reset' : count % 9 === 7 ? { status: 503, code: 'SlowDown' } : null;
    };
    await published(made);
    expect(contents()).toEqual(contentsOf(made));
  });

  it('sends a large file whole, and once more if the connection breaks', async () => {
    const shard = Buffer.alloc(17e6, 'shard ');
    const made = await makeFolderToPublish(folder.at('large'), numbers(1), { 'shards/test-000000.tar': shard });
    let tries = 0;
    s3.fault = ({ method, key }) => {
      if (method !== 'PUT' || !key.endsWith('.tar')) return null;
      tries += 1;
      return tries === 1 ? { status: 503, code: 'SlowDown' } : null;
    };
    await published(made);
    expect(s3.objects.get('sets/birds/shards/test-000000.tar')?.bytes.equals(shard)).toBe(true);
    expect(tries).toBe(2);
  });

  it('refuses a changed file, a missing bucket, wrong keys and options of the Hub', async () => {
    const made = await makeFolderToPublish(folder.at('v1'), numbers(3));
    const bucket = await winnow(['publish', made.root, '--to', 's3://nowhere/x'], environment());
    expect([bucket.code, bucket.stderr]).toEqual([1, expect.stringContaining('the bucket of s3://nowhere/x')]);
    const { env } = environment();
    const keys = await winnow(['publish', made.root, '--to', PLACE], { env: { ...env, AWS_SECRET_ACCESS_KEY: 'x' } });
    expect([keys.code, keys.stderr]).toEqual([1, expect.stringContaining('check AWS_ACCESS_KEY_ID')]);
    for (const flag of ['--public', '--forget-history'])
      expect(await publish(made, flag)).toMatchObject({ code: 2, stderr: expect.stringContaining('is for hf: only') });
    await appendFile(`${made.root}/attribution.csv`, 'x');
    const changed = await publish(made);
    expect([changed.code, changed.stderr]).toEqual([1, expect.stringContaining('winnow verify')]);
    expect(s3.objects.has('sets/birds/protocol.json')).toBe(false);
  });
});
