import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { thumbnailSink } from '../../../../src/core/export/forms/simple-forms.process.ts';
import { smallWebp } from '../../../../src/core/platform/image/thumbnail.ts';
import { photoFiles, writePhotos } from '../../../support/photo-files.ts';
import { sha256Of } from '../../../support/sha256.ts';

describe('thumbnails of an export', () => {
  it('are small WebP files by folder and id, listed with their hashes, with the same bytes each time', async () => {
    const photos = await photoFiles(5);
    const write = async () => {
      const open = (bytes: Buffer) => smallWebp(bytes, { maxSidePixels: 4, quality: 78 });
      const written = await writePhotos((folder) => thumbnailSink(folder, ({ bytes }) => open(bytes)), photos);
      await written.remove();
      return written.files;
    };
    const files = await write();
    const names = photos.map(({ row }) => `thumbnails/${row.wnid}/${row.id}.webp`);
    expect([...files.keys()]).toEqual(['SHA256SUMS', ...names]);
    expect(files.get('SHA256SUMS')?.toString()).toBe(
      names.map((name) => `${sha256Of(files.get(name) ?? '')}  ${name}\n`).join(''),
    );
    for (const name of names) {
      expect(await sharp(files.get(name)).metadata()).toMatchObject({ format: 'webp', width: 4 });
    }
    expect(await write()).toEqual(files);
  });
});
