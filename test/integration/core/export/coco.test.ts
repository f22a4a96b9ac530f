import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { openCoco } from '../../../../src/core/export/forms/coco.process.ts';
import type { PhotoFile } from '../../../../src/core/export/select/photo-row.ts';
import { lacksModules, PYTHON_TIMEOUT_MS, readWithPython } from '../../../support/export-python.ts';
import { CLASS_NAMES, photoFiles, photoRow, writePhotos } from '../../../support/photo-files.ts';

const ABOUT = { collection: 'geese "ü"', frozenAt: '2026-11-26T12:00:00.000Z' };

type Coco = Record<'images' | 'annotations' | 'categories' | 'licenses', readonly Record<string, unknown>[]> & {
  readonly info: Record<string, string>;
};

async function write(photos: readonly PhotoFile[]) {
  const written = await writePhotos((folder) => openCoco(folder, ABOUT), photos);
  await written.remove();
  return written.files;
}

async function cocoOf(photos: readonly PhotoFile[]): Promise<Coco> {
  return JSON.parse(String((await write(photos)).get('annotations/coco.json')));
}

describe('annotations/coco.json', () => {
  it('has an image and a whole-image annotation for each photo, and categories in the order of the labels', async () => {
    const photos = await photoFiles(7);
    const { info, images, annotations, categories } = await cocoOf(photos);
    expect(info).toMatchObject({ boxes: 'whole-image', date_created: ABOUT.frozenAt });
    expect(info['description']).toContain(ABOUT.collection);
    expect(images.map(({ id, file_name }) => [id, file_name])).toEqual(
      photos.map(({ row }, at) => [at + 1, row.file_name]),
    );
    expect(annotations).toEqual(
      photos.map(({ row: { label, width, height } }, at) => ({
        id: at + 1,
        image_id: at + 1,
        category_id: label + 1,
        bbox: [0, 0, width, height],
        area: width * height,
        iscrowd: 0,
      })),
    );
    expect(categories.map(({ id, name }) => [id, name])).toEqual(CLASS_NAMES.map((name, at) => [at + 1, name]));
  });

  it('names the licence of each photo, and the address as flickr_url only if it is one of Flickr', async () => {
    const by = { license: 'CC-BY-2.0', license_url: 'https://creativecommons.org/licenses/by/2.0/' };
    const rows = [
      photoRow('p1', by),
      photoRow('p2', { license: 'unknown', license_url: '', source: 'inaturalist' }),
      photoRow('p3', by),
      photoRow('p4', { ...by, license_url: 'https://example.org/other' }),
    ];
    const { images, licenses } = await cocoOf(rows.map((row) => ({ row, bytes: Buffer.alloc(0) })));
    expect(licenses).toEqual([
      { id: 1, name: 'CC-BY-2.0', url: by.license_url },
      { id: 2, name: 'unknown', url: '' },
      { id: 3, name: 'CC-BY-2.0', url: 'https://example.org/other' },
    ]);
    expect(images.map(({ license }) => license)).toEqual([1, 2, 1, 3]);
    expect(images.map(({ coco_url }) => coco_url)).toEqual(rows.map(({ source_url }) => source_url));
    expect(images.map(({ flickr_url }) => flickr_url !== '')).toEqual([true, false, true, true]);
  });

  it('has the same bytes when it is written twice, and leaves no other file', async () => {
    const photos = await photoFiles(2_000 / 50);
    const files = await write(photos);
    expect([...files.keys()]).toEqual(['SHA256SUMS', 'annotations/coco.json']);
    expect(await write(photos)).toEqual(files);
  });

  it('copies annotations that are longer than one piece', async () => {
    const rows = Array.from({ length: 3_000 }, (_, at) => ({ row: photoRow(`p${at}`), bytes: Buffer.alloc(0) }));
    const { annotations } = await cocoOf(rows);
    expect(annotations.map(({ id }) => id)).toEqual(rows.map((_, at) => at + 1));
  });

  it('is JSON with empty lists for a set without photos', async () => {
    expect(await cocoOf([])).toMatchObject({ images: [], annotations: [], categories: [], licenses: [] });
  });

  it(
    'is read by pycocotools and by the CocoDetection of torchvision',
    async (context) => {
      const problem = await lacksModules('pycocotools', 'torchvision');
      context.skip(problem !== '', problem);
      const photos = await photoFiles(8);
      const written = await writePhotos((folder) => openCoco(folder, ABOUT), photos);
      for (const { row, bytes } of photos) {
        const file = path.join(written.root, 'test', row.file_name);
        await mkdir(path.dirname(file), { recursive: true });
        await writeFile(file, bytes);
      }
      const seen = await readWithPython<Coco & { sizes: number[][] }>('coco', written.root);
      await written.remove();
      expect(seen).toMatchObject(await cocoOf(photos));
      expect(seen.sizes).toEqual(photos.map(({ row }) => [row.width, row.height]));
    },
    PYTHON_TIMEOUT_MS,
  );
});
