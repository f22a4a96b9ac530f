import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { inspect } from '../../../src/photo/inspect.process.ts';
import type { FoundPhoto } from '../../../src/crawl/sources/source.ts';
import { pathOfFileUrl } from '../../../src/crawl/sources/folder/byte-path.ts';
import { readFolderPicture } from '../../../src/crawl/sources/folder/read-picture.process.ts';
import { makeHostileFolder, type HostileFolder } from '../../support/hostile-folder.ts';
import { discover, pathOf } from './scratch.ts';

describe('a hostile folder', () => {
  let hostile: HostileFolder;
  let found: FoundPhoto[];
  const ignored: string[] = [];

  beforeAll(async () => {
    const dir = mkdtempSync(join(tmpdir(), 'winnow-hostile-'));
    hostile = await makeHostileFolder(dir);
    found = await discover(dir, { onIgnored: (path) => ignored.push(path) });
    return () => rmSync(dir, { recursive: true, force: true });
  });

  it('is discovered file by file as expected, each file once', () => {
    const verdicts = found.map((photo) => [
      pathOf(photo),
      { label: photo.label, state: photo.problem?.state ?? 'found', reason: photo.problem?.reason ?? null },
    ]);
    const foretold = [...hostile.files].map(([path, { label, discovered }]) => [path, { label, ...discovered }]);
    expect(verdicts.length).toBe(foretold.length);
    expect(Object.fromEntries(verdicts)).toEqual(Object.fromEntries(foretold));
  });

  it('reports its hidden files as skipped', () => {
    expect(ignored.toSorted()).toEqual([...hostile.ignored].toSorted());
  });

  it('has for every photo a URL that returns the hashed bytes', async () => {
    const good = found.filter(({ problem }) => problem === null);
    const hashes = await Promise.all(
      good.map(async ({ url }) => {
        const bytes = await readFile(pathOfFileUrl(url));
        return createHash('sha256').update(bytes).digest('hex').slice(0, 16);
      }),
    );
    expect(hashes).toEqual(good.map(({ sourceId }) => sourceId.slice(-16)));
  });

  it('is fetched as expected, except for the classes, which a source does not check', async () => {
    const limits = { maxPixels: 100_000_000, minSidePixels: 1, maxAspectRatio: 100 };
    const good = found.filter(({ problem }) => problem === null);
    const fetched = await Promise.all(
      good.map(async (photo) => {
        const read = await readFolderPicture(photo, 100_000_000);
        const outcome = Buffer.isBuffer(read) ? await inspect(read, limits) : { ok: false as const, ...read };
        return [
          pathOf(photo),
          outcome.ok ? { state: 'fetched', reason: null } : { state: outcome.state, reason: outcome.reason },
        ];
      }),
    );
    const foretold = good.map((photo) => {
      const verdict = hostile.files.get(pathOf(photo))?.fetched;
      return [pathOf(photo), verdict?.reason === 'unknown-class' ? { state: 'fetched', reason: null } : verdict];
    });
    expect(Object.fromEntries(fetched)).toEqual(Object.fromEntries(foretold));
  });

  it('returns texts that PostgreSQL can store', () => {
    for (const photo of found) {
      const text = JSON.stringify(photo);
      expect(text).not.toContain(String.raw`\u0000`);
      expect(Buffer.from(text, 'utf8').toString('utf8')).toBe(text);
    }
  });
});
