import { describe, expect, it } from 'vitest';
import { ParquetSink, type ParquetOptions } from '../../../../src/core/export/forms/parquet.process.ts';
import type { PhotoFile, PhotoRow } from '../../../../src/core/export/select/photo-row.ts';
import { lacksModules, PYTHON_TIMEOUT_MS, readWithPython } from '../../../support/export-python.ts';
import { CLASS_NAMES, photoFiles, photoRow, writePhotos } from '../../../support/photo-files.ts';
import { seededRandom } from '../../../support/random.ts';
import { sha256Of } from '../../../support/sha256.ts';

const OPTIONS: ParquetOptions = { classNames: CLASS_NAMES, hasSearchedWnid: false, hasAlso: true };

function open(options: Partial<ParquetOptions>, photos: Iterable<PhotoFile>) {
  return writePhotos((folder) => new ParquetSink(folder, { ...OPTIONS, ...options }), photos);
}

async function write(options: Partial<ParquetOptions>, photos: Iterable<PhotoFile>) {
  const written = await open(options, photos);
  await written.remove();
  return written.files;
}

/** Photos of random bytes, which no encoding makes smaller. */
function randomPhotos(count: number, bytes: number): PhotoFile[] {
  const random = seededRandom(1);
  return Array.from({ length: count }, (_, at) => ({
    row: photoRow(`p${at}`, { sha256: sha256Of(String(at)) }),
    bytes: Buffer.from(Array.from({ length: bytes }, () => random.below(256))),
  }));
}

interface Seen {
  readonly types: Record<string, string>;
  readonly rows: readonly (PhotoRow & { readonly image: { readonly bytes: string; readonly path: string } })[];
  readonly groups: readonly number[];
  readonly features: Record<string, string>;
  readonly classNames: readonly string[];
  readonly sizes: readonly (readonly number[])[];
  readonly labels: readonly number[];
  readonly tags: readonly (readonly string[])[];
  readonly pandas: readonly string[];
}

async function seenOf(options: Partial<ParquetOptions>, photos: readonly PhotoFile[]): Promise<Seen> {
  const written = await open(options, photos);
  const seen = await readWithPython<Seen>('parquet', written.root);
  await written.remove();
  return seen;
}

function expectAllRows({ rows, labels, tags, pandas }: Seen, photos: readonly PhotoFile[]): void {
  expect(rows).toEqual(
    photos.map(({ row, bytes }) => ({
      image: { bytes: sha256Of(bytes), path: row.file_name.split('/').at(-1) },
      ...row,
    })),
  );
  expect(labels).toEqual(photos.map(({ row }) => row.label));
  expect(tags).toEqual(photos.map(({ row }) => row.tags));
  expect(pandas).toEqual(photos.map(({ row }) => row.creator));
}

describe('Parquet files', () => {
  it('say in their names how many they are, stay within the size limit, and leave no other file', async () => {
    const photos = randomPhotos(40, 9_000);
    const maxBytes = 100_000;
    const files = await write({ maxBytes }, photos);
    const names = [...files.keys()].filter((name) => name !== 'SHA256SUMS');
    const count = names.length;
    expect(count).toBeGreaterThan(3);
    expect(count).toBeLessThan(8);
    expect(names).toEqual(names.map((_, at) => `data/test-0000${at}-of-0000${count}.parquet`));
    for (const name of names) expect(files.get(name)?.length).toBeLessThanOrEqual(maxBytes);
    expect(files.get('SHA256SUMS')?.toString()).toBe(
      names.map((name) => `${sha256Of(files.get(name) ?? '')}  ${name}\n`).join(''),
    );
  });

  it('give a photo that is larger than the limit a file to itself', async () => {
    const [first, second, third] = randomPhotos(3, 3_000);
    if (first === undefined || second === undefined || third === undefined) throw new Error('Expected three photos');
    const large = { ...second, bytes: Buffer.alloc(60_000, 1) };
    const files = await write({ maxBytes: 40_000 }, [first, large, third]);
    const sizes = [...files].flatMap(([name, { length }]) => (name.startsWith('data/') ? [length] : []));
    expect(sizes.map((size) => size > 40_000)).toEqual([false, true, false]);
  });

  it('have the same bytes when they are written twice', async () => {
    const photos = await photoFiles(30);
    expect(await write({ maxBytes: 40_000 }, photos)).toEqual(await write({ maxBytes: 40_000 }, photos));
  });

  it(
    'are read by datasets, pyarrow and pandas with images, class names, tags and hostile texts',
    async (context) => {
      const problem = await lacksModules('datasets', 'pyarrow', 'pandas', 'PIL');
      context.skip(problem !== '', problem);
      const photos = (await photoFiles(21)).map(({ row, bytes }, at) => ({
        row: { ...row, tags: at % 3 === 0 ? ['blur', 'ü,"'] : at % 3 === 1 ? ['dark'] : [] },
        bytes,
      }));
      const seen = await seenOf({ maxBytes: 30_000 }, photos);
      expectAllRows(seen, photos);
      expect(seen.groups.length).toBeGreaterThan(1);
      expect(seen.classNames).toEqual(CLASS_NAMES);
      expect(seen.sizes).toEqual(photos.map(({ row }) => [row.width, row.height]));
      expect(seen.types).toMatchObject({
        image: 'struct<bytes: binary, path: string>',
        label: 'int64',
        max_true_prob: 'double',
        width: 'int64',
        creator: 'string',
      });
      expect(seen.types['tags']).toMatch(/^list<.*string>$/);
      expect(seen.features['image']).toMatch(/^Image\(/);
    },
    PYTHON_TIMEOUT_MS,
  );

  it(
    'keep their types in mode O, where no row has max_true_prob or tags, and rows have searched_wnid',
    async (context) => {
      const problem = await lacksModules('datasets', 'pyarrow', 'pandas', 'PIL');
      context.skip(problem !== '', problem);
      const photos = await photoFiles(6, { max_true_prob: null, searched_wnid: 'n02543565' });
      const seen = await seenOf({ hasSearchedWnid: true }, photos);
      expectAllRows(seen, photos);
      expect(seen.types).toMatchObject({ max_true_prob: 'double', searched_wnid: 'string' });
    },
    PYTHON_TIMEOUT_MS,
  );

  it(
    'start a new row group after 1,000 photos or 16 MiB',
    async (context) => {
      const problem = await lacksModules('datasets', 'pyarrow', 'pandas', 'PIL');
      context.skip(problem !== '', problem);
      const picture = (await photoFiles(1))[0]?.bytes ?? Buffer.alloc(0);
      // Bytes after the end of a JPEG are no part of the picture.
      const large = Buffer.concat([picture, Buffer.alloc(6 * 2 ** 20)]);
      const photos = Array.from({ length: 1_005 }, (_, at) => ({
        row: photoRow(`p${at}`),
        bytes: at >= 1_002 ? large : picture,
      }));
      const seen = await seenOf({}, photos);
      expectAllRows(seen, photos);
      expect(seen.groups).toEqual([3]);
    },
    PYTHON_TIMEOUT_MS,
  );
});
