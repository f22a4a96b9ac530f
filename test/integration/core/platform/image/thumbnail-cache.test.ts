import { mkdir, readdir, readFile, truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pino } from 'pino';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { removeCached } from '../../../../../src/core/photo/photo-cache.process.ts';
import { previewOf, thumbnailOf } from '../../../../../src/core/photo/thumbnails.process.ts';
import { preparePreviews } from '../../../../../src/core/review/desk/previews.process.ts';
import { loadConfig } from '../../../../../src/core/config/load-config.ts';
import { openBlobFolder } from '../../../../../src/core/platform/blobs/blob-folder.ts';
import { sha256Of } from '../../../../support/sha256.ts';
import { repositoryRoot, withFolder } from '../../../../support/winnow.ts';

const LION = await readFile(path.join(repositoryRoot, 'test/fixtures/samples/photos/n02129165/lion-lying.jpg'));
const sha256 = sha256Of(LION);
const { signal } = new AbortController();

async function appIn(dataDir: string) {
  const { config } = await loadConfig({ env: {} });
  const blobs = openBlobFolder(path.join(dataDir, 'blobs'));
  return { dataDir, blobs, config, log: pino({ level: 'silent' }) };
}

async function cached(dataDir: string): Promise<string[]> {
  const folder = path.join(dataDir, 'thumbnails');
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isFile()).map((entry) => path.join(entry.parentPath, entry.name));
}

describe.each([
  ['a thumbnail', thumbnailOf],
  ['a preview', previewOf],
])('%s', (_, copyOf) => {
  it('is made once, made again if its file is cut or half written, and goes with its photo', async () => {
    await withFolder(async (dataDir) => {
      const app = await appIn(dataDir);
      expect(await copyOf(app, sha256, signal)).toBeNull();
      await app.blobs.put(sha256, LION);
      const made = await copyOf(app, sha256, signal);
      if (made === null) throw new Error('Expected a small copy');
      const [file = '', ...others] = await cached(dataDir);
      expect(others).toEqual([]);

      // Told apart from one that is made by its bytes: an odd byte in the middle.
      const marked = Buffer.from(made);
      marked[made.length - 2] = 255 - (marked.at(-2) ?? 0);
      await writeFile(file, marked);
      expect(await copyOf(app, sha256, signal)).toEqual(marked);
      for (const bytes of [made.length - 100, 8, 0]) {
        await truncate(file, bytes);
        expect(await copyOf(app, sha256, signal)).toEqual(made);
        expect(await readFile(file)).toEqual(made);
      }

      await removeCached(dataDir, sha256);
      await app.blobs.remove(sha256);
      expect(await copyOf(app, sha256, signal)).toBeNull();
    });
  });

  it('is not begun after Ctrl-C', async () => {
    await withFolder(async (dataDir) => {
      const app = await appIn(dataDir);
      await expect(copyOf(app, sha256, AbortSignal.abort())).rejects.toMatchObject({ name: 'Interrupted' });
    });
  });

  it('of a photo that is taken down while it is made does not stay', async () => {
    await withFolder(async (dataDir) => {
      const app = await appIn(dataDir);
      const read = async (): Promise<Buffer> => LION;
      expect(
        await copyOf({ ...app, blobs: { ...app.blobs, read, sizeOf: async () => null } }, sha256, signal),
      ).toBeNull();
      expect(await cached(dataDir)).toEqual([]);
    });
  });
});

describe('small copies', () => {
  it('are removed in every format and size, with what a crash left of them', async () => {
    await withFolder(async (dataDir) => {
      const folder = path.join(dataDir, 'thumbnails/240-78-v2', sha256.slice(0, 2));
      await mkdir(folder, { recursive: true });
      for (const end of ['jpg', 'webp.0123']) await writeFile(path.join(folder, `${sha256}.${end}`), '');
      await removeCached(dataDir, sha256);
      expect(await cached(dataDir)).toEqual([]);
    });
  });

  it('are prepared for photos that a reviewer sees next, whatever one of them is', async () => {
    await withFolder(async (dataDir) => {
      const app = await appIn(dataDir);
      const large = await sharp(LION).resize(2_000, 1_000, { fit: 'fill' }).jpeg().toBuffer();
      const photos = [large, Buffer.from('no photo'), LION].map((bytes) => ({ bytes, sha256: sha256Of(bytes) }));
      for (const photo of photos) await app.blobs.put(photo.sha256, photo.bytes);
      await preparePreviews(app, [...photos.map((photo) => photo.sha256), sha256Of('lost')], signal);
      expect((await cached(dataDir)).map((file) => path.basename(file)).toSorted()).toEqual(
        [`${sha256Of(large)}.webp`, `${sha256}.webp`].toSorted(),
      );
      const preview = await previewOf(app, sha256Of(large), signal);
      expect(await sharp(preview ?? Buffer.alloc(0)).metadata()).toMatchObject({ width: 1_600, height: 800 });
      await preparePreviews(app, [sha256Of('lost')], AbortSignal.abort());
    });
  });
});
