import { readdir, readFile, truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { removeThumbnails, thumbnailOf } from '../../../src/app/photos/thumbnails.ts';
import { loadConfig } from '../../../src/config/load-config.ts';
import { openBlobFolder } from '../../../src/platform/blobs/blob-folder.ts';
import { sha256Of } from '../../support/sha256.ts';
import { repositoryRoot, withFolder } from '../../support/winnow.ts';

const LION = path.join(repositoryRoot, 'assets/samples/photos/n02129165/lion-lying.jpg');
const sha256 = sha256Of(await readFile(LION));
const { signal } = new AbortController();

describe('a thumbnail', () => {
  it('is made once, made again if its file is cut, and goes with its photo', async () => {
    await withFolder(async (dataDir) => {
      const { config } = await loadConfig({ env: {} });
      const blobs = openBlobFolder(path.join(dataDir, 'blobs'));
      const app = { dataDir, blobs, config, log: pino({ level: 'silent' }) };
      expect(await thumbnailOf(app, sha256, signal)).toBeNull();
      await blobs.put(sha256, await readFile(LION));
      const made = await thumbnailOf(app, sha256, signal);
      if (made === null) throw new Error('Expected a thumbnail');
      const [file = ''] = (await readdir(path.join(dataDir, 'thumbnails'), { recursive: true }))
        .filter((name) => name.endsWith('.jpg'))
        .map((name) => path.join(dataDir, 'thumbnails', name));

      // Told apart from one that is made by its bytes.
      const marked = Buffer.concat([made.subarray(0, 2), Buffer.from('kept'), made.subarray(2)]);
      await writeFile(file, marked);
      expect(await thumbnailOf(app, sha256, signal)).toEqual(marked);
      await truncate(file, made.length - 100);
      expect(await thumbnailOf(app, sha256, signal)).toEqual(made);
      expect(await readFile(file)).toEqual(made);

      await removeThumbnails(dataDir, sha256);
      await blobs.remove(sha256);
      expect(await thumbnailOf(app, sha256, signal)).toBeNull();
    });
  });

  it('is not begun after Ctrl-C', async () => {
    await withFolder(async (dataDir) => {
      const { config } = await loadConfig({ env: {} });
      const app = { dataDir, blobs: openBlobFolder(dataDir), config, log: pino({ level: 'silent' }) };
      await expect(thumbnailOf(app, sha256, AbortSignal.abort())).rejects.toMatchObject({ name: 'Interrupted' });
    });
  });
});
