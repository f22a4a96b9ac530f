import { readdir, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { quote } from '../../../core/tools/quote.ts';
import { messageOf, throwIfInterrupted, UsageError } from '../../../core/kernel/errors.ts';
import { sortedAsPython, type PhotoSet, type SetPhoto } from './photo-set.ts';
import { quoted } from '../quoted.ts';

/** Endings of the files that torchvision's ImageFolder takes for pictures. */
const PICTURES: readonly string[] = ['.jpg', '.jpeg', '.png', '.ppm', '.bmp', '.pgm', '.tif', '.tiff', '.webp'];
const WNID = /^n\d{8}$/;
const PARTS: readonly string[] = ['test', 'val', 'validation', 'train'];
const NAMED = 3;

/**
 * Reads a folder of class folders as torchvision's ImageFolder does: the pictures below each, sorted by path. Follows
 * links.
 * @throws UsageError `not-a-set` without folders of classes or pictures, `unreadable-photo` for links that lead
 * nowhere, and for folders that cannot be read
 */
export async function readImageFolder(dir: string, { isClass, part, signal }: ReadSetOptions): Promise<PhotoSet> {
  const walk: Walk = { dir, signal, found: [], skipped: [] };
  const { folders, pictures, others } = await entriesOf(walk, '');
  if (!folders.some((name) => WNID.test(name) || isClass(name))) throw await notASet(walk, folders, { isClass, part });
  const photos: SetPhoto[] = [];
  for (const wnid of sortedAsPython(folders, (name) => name)) {
    walk.found.length = 0;
    await walkFolder(walk, wnid, []);
    // ImageFolder sorts what os.walk gives: by the path of the folder, then by name.
    for (const { folder, name } of sortedAsPython(walk.found, (one) => one.folder))
      photos.push({ file: `${folder}/${name}`, wnid, alsoWnids: null, sha256: null, originalSha256: null });
  }
  if (photos.length === 0)
    throw new UsageError(
      `The folders of classes in ${quote(dir)} hold no pictures. Give a folder with pictures (${PICTURES.join(', ')})`,
      { code: 'not-a-set' },
    );
  const remarks = remarksOf([...pictures, ...others.filter((name) => isMedia(name))], walk.skipped);
  return { dir, root: dir, photos, exported: null, remarks };
}

export interface ReadSetOptions {
  /** A folder named by a wnid always counts. */
  readonly isClass: (name: string) => boolean;
  readonly part?: 'train' | 'val' | undefined;
  readonly signal: AbortSignal;
}

interface Walk {
  readonly dir: string;
  readonly signal: AbortSignal;
  readonly found: { readonly folder: string; readonly name: string }[];
  /** Pictures in formats that ImageFolder does not take. */
  readonly skipped: string[];
}

/** @param above the real paths of the folders above, to notice links that lead back to one of them */
async function walkFolder(walk: Walk, folder: string, above: readonly string[]): Promise<void> {
  throwIfInterrupted(walk.signal);
  const real = await readable(walk, folder, () => realpath(path.join(walk.dir, folder)));
  if (above.includes(real))
    throw new UsageError(
      `The link ${quote(path.join(walk.dir, folder))} leads back to a folder that it is in. Remove the link`,
      { code: 'unreadable-photo' },
    );
  const { folders, pictures, others } = await entriesOf(walk, folder);
  for (const name of sortedAsPython(pictures, (each) => each)) walk.found.push({ folder, name });
  walk.skipped.push(...others.filter((name) => isMedia(name)).map((name) => `${folder}/${name}`));
  for (const name of folders) await walkFolder(walk, `${folder}/${name}`, [...above, real]);
}

async function entriesOf(walk: Walk, folder: string) {
  const found = await readable(walk, folder, () => readdir(path.join(walk.dir, folder), { withFileTypes: true }));
  const entries = { folders: [] as string[], pictures: [] as string[], others: [] as string[] };
  for (const entry of found) {
    const relative = folder === '' ? entry.name : `${folder}/${entry.name}`;
    const isPlain = entry.isFile() || entry.isDirectory();
    const hasPictureName = PICTURES.some((ending) => entry.name.toLowerCase().endsWith(ending));
    const target = isPlain
      ? entry
      : await stat(path.join(walk.dir, relative)).catch((error: unknown) => {
          if (hasPictureName) throw unreadable(walk, relative, error);
          return null;
        });
    if (target?.isDirectory() === true) entries.folders.push(entry.name);
    else if (!hasPictureName) entries.others.push(entry.name);
    else if (target?.isFile() === true) entries.pictures.push(entry.name);
    else throw unreadable(walk, relative, new Error('it is no regular file'));
  }
  return entries;
}

async function readable<T>(walk: Walk, relative: string, read: () => Promise<T>): Promise<T> {
  return read().catch((error: unknown) => {
    throw unreadable(walk, relative, error);
  });
}

function unreadable({ dir }: Walk, relative: string, error: unknown): UsageError {
  return new UsageError(
    `Cannot read ${quote(path.join(dir, relative))}: ${messageOf(error)}. Make it readable, or remove it from the set`,
    { code: 'unreadable-photo', cause: error },
  );
}

async function notASet(
  walk: Walk,
  folders: readonly string[],
  { isClass, part: wanted }: Pick<ReadSetOptions, 'isClass' | 'part'>,
): Promise<UsageError> {
  const parts = PARTS.filter((name) => folders.includes(name)).toSorted(
    (a, b) => Number(b === wanted) - Number(a === wanted),
  );
  const part = await firstWithClasses(walk, parts, isClass);
  const advice =
    part === null
      ? 'Give an export of winnow, or a folder with a folder for each class that is named by its wnid, as n01440764'
      : `Its folder '${part}' has folders of classes: give ${quote(path.join(walk.dir, part))}`;
  return new UsageError(`There is no protocol.json in ${quote(walk.dir)} and no folder of a class. ${advice}`, {
    code: 'not-a-set',
  });
}

async function firstWithClasses(
  walk: Walk,
  parts: readonly string[],
  isClass: ReadSetOptions['isClass'],
): Promise<string | null> {
  for (const part of parts) {
    const inner = await entriesOf(walk, part).catch(() => null);
    if (inner?.folders.some((name) => WNID.test(name) || isClass(name)) === true) return part;
  }
  return null;
}

/** Pictures that a reader could miss: those in other formats, and those outside the folders of classes. */
function isMedia(name: string): boolean {
  return /\.(?:gif|avif|heic|heif|jxl|jp2|svg|jfif|jpe)$/i.test(name);
}

function remarksOf(outside: readonly string[], skipped: readonly string[]): string[] {
  return [
    ...(outside.length === 0 ? [] : [`left out pictures outside the folders of classes: ${quoted(outside, NAMED)}`]),
    ...(skipped.length === 0
      ? []
      : [`left out files that torchvision's ImageFolder does not take for pictures: ${quoted(skipped, NAMED)}`]),
  ];
}
