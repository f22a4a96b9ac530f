import { lstat, opendir } from 'node:fs/promises';
import { resolve } from 'node:path';
import { UsageError, codeOf } from '../../../kernel/errors.ts';
import { UNKNOWN_LICENCE } from '../../../collection/licence.ts';
import { unreadablePhoto, type FoundPhoto } from '../source.ts';
import type { PhotoProblem } from '../../../kernel/reasons.ts';
import { bufferOf, bytePathOfText, fileUrlOf, isWithin, joinPath, showPath, type BytePath } from './byte-path.ts';
import { dayOf } from '../day.ts';
import { exifTaken } from '../../../platform/image/exif.ts';
import { describeSystemError, resolvePath, hashFile, useFile } from './file-system.process.ts';
import { outsideFolder, type FolderEntry } from './folder-entry.ts';
import { mapInOrder } from '../../../kernel/map-in-order.ts';
import { LABELS_FILE, readLabels } from './read-labels.process.ts';
import { walkFolder, type FolderWalkOptions } from './walk-folder.process.ts';

/** More would not help: Node has four file threads, and hashing keeps the main thread busy. */
const FILES_UNDER_WAY = 8;

export interface DiscoverFolderOptions {
  readonly signal: AbortSignal;
  readonly maxBytes?: number;
  /** True: reads from EXIF when the photos were taken. Default: false. */
  readonly readsExif?: boolean;
  /** Receives the relative path of each skipped file or folder: hidden ones, Thumbs.db, desktop.ini, nested labels.csv. */
  readonly onIgnored?: (relativePath: string) => void;
}

/**
 * Yields every photo of a folder on disk with its class. If the folder has a `labels.csv`, it yields the listed photos in the
 * order of that list. Otherwise it yields all files below the folder in bytewise order of their relative paths. The first
 * part of the path is the class ('' for files in the folder itself). Two runs over the same files yield the same sequence.
 *
 * `sourceId` is `<relative path>@<first 16 hex digits of the file's SHA-256>`, with `-` instead of the digits if the file
 * could not be hashed. Bytes that are not UTF-8 appear as `\xNN` (see `showPath`). `url` is the `file:` URL of the resolved
 * path. Read it with `pathOfFileUrl`, and hash the bytes again, because the file may have changed. Formats are not checked.
 *
 * Unusable files are yielded with a problem: outside-folder (a link or a listed path leads out of the folder), too-large, or
 * unreadable (missing, no permission, no regular file, a cycle of links, changed while it was read).
 *
 * Memory: a few megabytes, plus the memory of `walkFolder` or `readLabels`. Throws a UsageError, before anything is yielded,
 * if `dir` is not a readable folder or its labels.csv is invalid; the signal's reason when aborted; StopTheRun if the process
 * runs out of file handles. Files are opened without following links. Even so, a person who can change the folder while it is
 * read could replace a directory by a link just before a file in it is opened.
 */
export async function* discoverFolder(
  dir: string,
  options: DiscoverFolderOptions,
): AsyncGenerator<FoundPhoto, void, undefined> {
  const { signal, maxBytes = Number.POSITIVE_INFINITY, readsExif = false, onIgnored = () => {} } = options;
  signal.throwIfAborted();
  const root = await openPhotoFolder(dir);
  yield* mapInOrder(
    await entriesOf(root, { signal, onIgnored }),
    { limit: FILES_UNDER_WAY, signal },
    async (entry, stopped): Promise<FoundPhoto> => {
      const located = await locateEntry(entry, root);
      if (located.problem !== null) return photoOf(entry, { ...located, sha256: null });
      const hashed = await hashFile(located.path, { maxBytes, signal: stopped });
      if (typeof hashed !== 'string') return photoOf(entry, { ...located, problem: hashed, sha256: null });
      const photo = photoOf(entry, { ...located, sha256: hashed });
      if (!readsExif) return photo;
      const bytes = await useFile(located.path, maxBytes, (handle) => handle.readFile());
      return {
        ...photo,
        takenAt: (Buffer.isBuffer(bytes) ? dayOf(await exifTaken(bytes)) : null) ?? photo.takenAt ?? null,
      };
    },
  );
}

export interface FolderContent {
  /** The names of the sub-folders that have photos, or the classes of labels.csv. */
  readonly labels: readonly string[];
  /** The files for which no licence is listed. */
  readonly withoutLicence: number;
}

/** Reads labels.csv or the names of files, but no photo. @throws as `discoverFolder` */
export async function contentOfFolder(dir: string, signal: AbortSignal): Promise<FolderContent> {
  const labels = new Set<string>();
  let withoutLicence = 0;
  for await (const { label, rights } of labelledEntries(await openPhotoFolder(dir), dir, signal)) {
    labels.add(label);
    if (rights.licence === UNKNOWN_LICENCE) withoutLicence += 1;
  }
  return { labels: [...labels], withoutLicence };
}

/** @throws UsageError `no-labelled-photos` at the end if there were none */
async function* labelledEntries(root: BytePath, dir: string, signal: AbortSignal): AsyncGenerator<FolderEntry> {
  let labelled = 0;
  let others = 0;
  for await (const entry of await entriesOf(root, { signal, onIgnored: () => undefined })) {
    if (entry.label === '') others += 1;
    else {
      labelled += 1;
      yield entry;
    }
  }
  if (labelled > 0) return;
  const found = others === 0 ? 'is empty: it has no files' : 'is flat: its files are not in sub-folders';
  const what = (await hasLabels(root)) ? 'has a labels.csv that lists no photo with a class' : found;
  throw new UsageError(
    `The folder '${dir}' ${what}. Give a folder with a sub-folder of photos for each class, or with a labels.csv (columns file, wnid).`,
    { code: 'no-labelled-photos' },
  );
}

async function entriesOf(root: BytePath, options: FolderWalkOptions): Promise<AsyncGenerator<FolderEntry>> {
  return (await hasLabels(root)) ? readLabels(root, options.signal) : walkFolder(root, options);
}

/** Checks before any work that the folder can be crawled. Reads up to the first photo with a label. @throws as `discoverFolder`, `labelledEntries` */
export async function checkFolder(dir: string, signal: AbortSignal): Promise<void> {
  const root = await openPhotoFolder(dir);
  const entries = (await hasLabels(root)) ? readLabels(root, signal) : labelledEntries(root, dir, signal);
  await entries.next();
  await entries.return(undefined);
}

/** @throws UsageError `folder-unusable` */
export async function openPhotoFolder(dir: string): Promise<BytePath> {
  if (dir === '') throw notAFolder(dir, 'nothing');
  try {
    const { real, kind } = await resolvePath(bytePathOfText(resolve(dir)));
    if (kind !== 'directory') throw notAFolder(dir, `a ${kind}`);
    await (await opendir(bufferOf(real))).close();
    return real;
  } catch (error) {
    throw error instanceof UsageError ? error : notAFolder(dir, describeSystemError(error), error);
  }
}

function notAFolder(dir: string, received: string, cause?: unknown): UsageError {
  const message = `Expected a readable folder at '${dir}' but received ${received}. Check the path.`;
  return new UsageError(message, { code: 'folder-unusable', cause });
}

/** Also true for a labels.csv that is a directory or a broken link: reading it reports the problem. */
async function hasLabels(root: BytePath): Promise<boolean> {
  try {
    await lstat(bufferOf(joinPath(root, LABELS_FILE)));
    return true;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return false;
    throw notAFolder(showPath(root), describeSystemError(error), error);
  }
}

interface Located {
  readonly path: BytePath;
  readonly problem: PhotoProblem | null;
}

/** Follows links and returns where an entry's file is, if it is below `root` (resolved). */
export async function locateEntry({ path, mayLink, problem }: FolderEntry, root: BytePath): Promise<Located> {
  if (problem !== null || !mayLink) return { path, problem };
  try {
    const { real, kind } = await resolvePath(path);
    if (!isWithin(real, root))
      return { path, problem: outsideFolder(`leads to ${showPath(real)}, outside the folder`) };
    if (kind !== 'file') return { path, problem: unreadablePhoto(`is a ${kind}, not a regular file`) };
    return { path: real, problem: null };
  } catch (error) {
    return { path, problem: unreadablePhoto(describeSystemError(error)) };
  }
}

function photoOf(
  entry: FolderEntry,
  { path, sha256, problem }: Located & { readonly sha256: string | null },
): FoundPhoto {
  const where = entry.origin === null ? '' : `${entry.origin}: `;
  return {
    source: 'folder',
    sourceId: `${showPath(entry.relative)}@${sha256?.slice(0, 16) ?? '-'}`,
    label: entry.label,
    url: fileUrlOf(path),
    ...entry.rights,
    problem: problem === null ? null : { ...problem, detail: `${where}${problem.detail}` },
  };
}
