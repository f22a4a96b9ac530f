import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
import { OutputFolder, type PhotoSink } from '../../src/core/export/output-folder.process.ts';
import type { PhotoFile, PhotoRow } from '../../src/core/export/select/photo-row.ts';
import { sha256Of } from './sha256.ts';

/** Names and texts that break careless writers of files. Ids match `[A-Za-z0-9_-]+`, whatever the photo is called. */
export const HOSTILE_TEXT = 'Zoë "the, cat"\n\t\\ 🐈\u202e </script> NA';

/** A line of `test/metadata.jsonl` for a photo of mode A. Fields that are not given follow from `id`. */
export function photoRow(id: string, fields: Partial<PhotoRow> = {}): PhotoRow {
  const wnid = fields.wnid ?? 'n01498041';
  const sha256 = fields.sha256 ?? sha256Of(id);
  return {
    file_name: `${wnid}/${id}.jpg`,
    id,
    label: 0,
    wnid,
    class_name: 'stingray',
    sha256,
    original_sha256: sha256,
    source: 'flickr',
    source_id: id,
    source_url: `https://example.org/${id}.jpg`,
    page_url: `https://example.org/${id}`,
    creator: 'Ann',
    license: 'CC-BY-4.0',
    license_url: 'https://creativecommons.org/licenses/by/4.0/',
    attribution: `${id} by Ann, CC BY 4.0`,
    width: 8,
    height: 6,
    original_width: 8,
    original_height: 6,
    origin: '',
    restrictions: [],
    usage_signals: [],
    taken_at: '',
    uploaded_at: '',
    max_true_prob: 0.000116,
    predicted_wnid: 'n03196217',
    predicted_prob: 0.865662,
    tags: [],
    decided_by: 'single',
    ...fields,
  };
}

const CLASSES = [
  { wnid: 'n01498041', class_name: 'stingray' },
  { wnid: 'n01531178', class_name: 'goldfinch, "Carduelis" ü' },
  { wnid: 'n01534433', class_name: 'junco' },
] as const;
export const CLASS_NAMES = CLASSES.map(({ class_name }) => class_name);

/** Real pictures, some as PNG, of three classes, in the order in which an export has them. One row is full of hostile text. */
export async function photoFiles(count: number, fields: Partial<PhotoRow> = {}): Promise<PhotoFile[]> {
  const perClass = Math.ceil(count / CLASSES.length);
  return Promise.all(
    Array.from({ length: count }, async (_, index) => {
      const label = Math.floor(index / perClass);
      const { wnid, class_name } = CLASSES[label] ?? CLASSES[0];
      const isPng = index % 4 === 3;
      const width = 8 + (index % 5);
      const bytes = await picture(index, width, isPng);
      const id = `p${String(index).padStart(16, '0')}`;
      const sha256 = sha256Of(bytes);
      const hostile = index === 1 ? { creator: HOSTILE_TEXT, attribution: HOSTILE_TEXT, source: 'urls' } : {};
      const file_name = `${wnid}/${id}.${isPng ? 'png' : 'jpg'}`;
      const made = { wnid, class_name, label, file_name, width, height: 6, sha256, ...hostile, ...fields };
      return { row: photoRow(id, made), bytes };
    }),
  );
}

async function picture(seed: number, width: number, isPng: boolean): Promise<Buffer> {
  const pixels = Buffer.from(Array.from({ length: width * 6 * 3 }, (_, at) => (at * 37 + seed * 101) % 256));
  const made = sharp(pixels, { raw: { width, height: 6, channels: 3 } });
  return isPng ? made.png().toBuffer() : made.jpeg().toBuffer();
}

/** Writes photos through a sink into a new folder and reads all that is there. */
export async function writePhotos(
  openSink: (folder: OutputFolder) => PhotoSink<PhotoFile> | Promise<PhotoSink<PhotoFile>>,
  photos: Iterable<PhotoFile>,
) {
  const root = await mkdtemp(path.join(tmpdir(), 'winnow-sink-'));
  const folder = await OutputFolder.open(root, (made) => mkdir(made, { recursive: true }));
  const sink = await openSink(folder);
  for (const photo of photos) await sink.add(photo);
  await sink.finish();
  await folder.close();
  return { root, files: await filesOf(root), remove: () => rm(root, { recursive: true }) };
}

async function filesOf(root: string): Promise<Map<string, Buffer>> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  const names = entries
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(root, path.join(entry.parentPath, entry.name)))
    .toSorted();
  return new Map(await Promise.all(names.map(async (name) => [name, await readFile(path.join(root, name))] as const)));
}
