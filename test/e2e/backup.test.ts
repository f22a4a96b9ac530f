import { readdir, rename } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { withComment } from '../support/copies.ts';
import { createDatabase, dropDatabase } from '../support/database.ts';
import {
  goodPhoto,
  GOOD_PATHS,
  pathOf,
  sendPhoto,
  startPhotoServer,
  type LocalServer,
} from '../support/photo-server.ts';
import { suiteFolder } from '../support/process-tree.ts';
import { makeReviewedSet, SET_WNIDS, type ReviewedSet } from '../support/reviewed-set.ts';
import { useSharedServer } from '../support/shared-server.ts';
import { until } from '../support/until.ts';
import { writeUrlList } from '../support/url-list.ts';
import { jsonLines, setFlags, startWinnow, winnow } from '../support/winnow.ts';

const folder = suiteFolder();
/** The data folder with a server of its own. */
const FRESH = 'fresh';
useSharedServer({ except: (dataDir) => dataDir === folder.at(FRESH) });
const URLS = 120;
/** Pictures that the site sends at once. The others come one by one until `isHurried`, so that the crawl lasts. */
const AT_ONCE = 50;
const PAUSE_MS = 300;

let site: LocalServer;
let set: ReviewedSet;
/** The URL of an empty database on a shared server. */
let url = '';
let list = '';
let isHurried = false;
let dueMs = 0;

beforeAll(async () => {
  url = await createDatabase('nothing');
  site = await startPhotoServer((request, response) => {
    const number = Number(pathOf(request).replace(/\D/g, ''));
    const photo = withComment(goodPhoto(GOOD_PATHS[0] ?? ''), `picture ${number}`);
    dueMs = Math.max(Date.now(), dueMs) + PAUSE_MS;
    setTimeout(() => sendPhoto(response, photo), isHurried || number < AT_ONCE ? 0 : dueMs - Date.now());
  });
  set = await makeReviewedSet(folder.at());
  const urls = Array.from({ length: URLS }, (_, i) => `${site.origin}/picture-${i}.jpg`);
  list = await writeUrlList(folder.at('list.csv'), urls, SET_WNIDS[0]);
});
afterAll(async () => {
  await site.close();
  await dropDatabase(url);
});

interface Place {
  readonly data: string;
  readonly env?: Record<string, string>;
}

function crawlArgs(data: string): string[] {
  const settings = {
    'crawl.contact': 'curator@example.org',
    'fetch.allowAddresses': site.address,
    'fetch.requestsPerMinutePerHost': 60_000,
  };
  const flags = ['--source', 'urls', '--from', list, '--data', data];
  return ['crawl', '--collection', set.collection, ...flags, ...setFlags(settings)];
}

async function linesOf(command: string, { data, env = {} }: Place): Promise<string[]> {
  const { code, stdout, stderr } = await winnow([command, '--collection', set.collection, '--data', data, '--json'], {
    env,
  });
  expect([command, code, code === 0 ? '' : stderr]).toEqual([command, 0, '']);
  return stdout.split('\n').toSorted();
}

/** Decisions that were made, and all verdicts. */
async function story(place: Place): Promise<string[][]> {
  const decisions = await linesOf('decisions', place);
  return [
    decisions.filter((line) => line !== '' && JSON.parse(line).state !== 'undecided'),
    await linesOf('verdicts', place),
  ];
}

async function expectNothingWrong({ data, env = {} }: Place): Promise<void> {
  const { stdout } = await winnow(['doctor', '--deep', '--data', data, '--json'], { env });
  const findings: { ok: boolean; name: string }[] = JSON.parse(stdout);
  expect(findings.filter(({ ok }) => !ok)).toEqual([]);
  expect(findings.map(({ name }) => name)).toContain('photos have their bytes');
}

async function filesBelow(dir: string): Promise<number> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isFile()).length;
}

async function killOnce(args: readonly string[], dir: string, files: number): Promise<void> {
  const command = startWinnow(args);
  await until(async () => command.child.exitCode !== null || (await filesBelow(dir)) >= files);
  command.killGroup('SIGKILL');
  expect((await command.result).signal).toBe('SIGKILL');
}

describe('a backup while a crawl works', { timeout: 600_000 }, () => {
  const backup = folder.at.bind(null, 'backup');

  it('survives kill -9, and is restored into a folder and onto a server with the same decisions and verdicts', async () => {
    const before = await story(set);
    const crawl = startWinnow(crawlArgs(set.data), { timeoutMs: 600_000 });
    await until(() => site.log.length > AT_ONCE);
    await killOnce(['backup', backup(), '--data', set.data], path.join(backup(), 'blobs'), 10);
    expect(await filesBelow(path.join(backup(), 'snapshots'))).toBe(0);
    const second = await winnow(['backup', backup(), '--data', set.data, '--json']);
    expect([second.code, second.stderr.includes('error')]).toEqual([0, false]);
    const made: { photos: number; copied: { photos: number }; lost: string[] } = JSON.parse(second.stdout);
    expect(made.lost).toEqual([]);
    expect(made.copied.photos).toBeLessThan(made.photos);
    expect(crawl.child.exitCode).toBe(null);
    isHurried = true;
    expect((await crawl.result).code).toBe(0);
    expect(await story(set)).toEqual(before);

    const fresh = { data: folder.at(FRESH) };
    const args = ['restore', backup(), '--data', fresh.data];
    await killOnce(args, path.join(fresh.data, 'blobs'), 10);
    const refused = await winnow(['status', '--collection', set.collection, '--data', fresh.data]);
    expect([refused.code, refused.stderr]).toEqual([
      2,
      expect.stringMatching(/A restore of the snapshot .* into the data folder '.*' is not finished/),
    ]);
    const restored = await winnow([...args, '--json']);
    expect([restored.code, restored.code === 0 ? '' : restored.stderr]).toEqual([0, '']);
    expect(JSON.parse(restored.stdout).photos.photos).toBe(made.photos);
    await expectNothingWrong(fresh);
    expect(await story(fresh)).toEqual(before);
    // The crawl goes on where the snapshot was.
    const asked = site.log.length;
    expect((await winnow(crawlArgs(fresh.data))).code).toBe(0);
    const candidates = (await linesOf('candidates', fresh)).filter((line) => line.includes('picture-'));
    expect(jsonLines<{ state: string }>(candidates.join('\n')).map(({ state }) => state)).toEqual(
      Array.from({ length: URLS }, () => 'fetched'),
    );
    expect(site.log.length - asked).toBeLessThan(URLS - AT_ONCE / 2);

    const shared = { data: folder.at('shared'), env: { DATABASE_URL: url } };
    const onServer = await winnow(['restore', backup(), '--data', shared.data], { env: shared.env });
    expect([onServer.code, onServer.stdout]).toEqual([
      0,
      expect.stringContaining('read back, they are those of the backup'),
    ]);
    expect(onServer.stdout).not.toContain('FAIL');
    await expectNothingWrong(shared);
    expect(await story(shared)).toEqual(before);
  });
});

describe('a backup whose disk is missing', () => {
  it('is not begun a second time in its place, unless that is asked for', async () => {
    const place = folder.at('disk');
    const args = ['backup', place, '--data', set.data];
    expect((await winnow(args)).code).toBe(0);
    await rename(place, folder.at('elsewhere'));
    const { code, stderr } = await winnow(args);
    expect([code, stderr]).toEqual([2, expect.stringMatching(/no snapshot now\. Check that its disk is mounted/)]);
    await expect(readdir(place)).rejects.toMatchObject({ code: 'ENOENT' });
    expect((await winnow([...args, '--new'])).code).toBe(0);
  });
});
