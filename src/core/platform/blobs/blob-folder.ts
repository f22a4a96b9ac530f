import { randomBytes } from 'node:crypto';
import * as fs from 'node:fs';
import { copyFile, opendir, rm } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { LostBytes, orLoss, type BlobStore, type ListedBlob } from '../../kernel/blobs.ts';
import { codeOf, messageOf, StopTheRun } from '../../kernel/errors.ts';
import { isSha256, type Sha256 } from '../../kernel/ids.ts';
import { makeDataFolder, makeFolder, syncFolder } from '../disk/folders.ts';
import { isUnreadable, openFile, readWhole, sizeOrNull } from './blob-file.ts';
import { verified, verifiedStream } from './verified.ts';

/** A `FileHandle` costs ten times the time of the call, which matters at hundreds of photos a second. */
const open = promisify(fs.open);
const writeFile = promisify(fs.writeFile);
const fsync = promisify(fs.fsync);
const rename = promisify(fs.rename);

export interface BlobFolder extends BlobStore {
  pathOf(sha256: Sha256): string;
}

/** Holds unfinished writes. It is on the same file system as the blobs, so that the rename is atomic. */
const UNFINISHED = 'unfinished';

/** Blobs as `<folder>/ab/cd/<sha256>`, written aside, synced and renamed: whole or absent, even after a power cut. */
export function openBlobFolder(folder: string): BlobFolder {
  let canClone = true;
  const pathOf = (sha256: Sha256): string => path.join(folder, sha256.slice(0, 2), sha256.slice(2, 4), sha256);
  const read = async (sha256: Sha256): Promise<Buffer> => {
    const place = pathOf(sha256);
    return verified(await readWhole(place), { sha256, place });
  };
  return {
    pathOf,
    // Recursive, because there may be a folder instead of a file.
    remove: (sha256) => rm(pathOf(sha256), { force: true, recursive: true }),
    sizeOf: (sha256) => sizeOrNull(pathOf(sha256)),
    read,
    async open(sha256) {
      const place = pathOf(sha256);
      const { file, bytes } = await openFile(place);
      return { bytes, stream: verifiedStream(fs.createReadStream(place, { fd: file }), { sha256, place }) };
    },
    async put(sha256, bytes, file) {
      if (await holds(pathOf(sha256), bytes)) return;
      await writeDurably({ target: pathOf(sha256), folder }, bytes, async (at) => {
        if (file === undefined || !canClone) return null;
        return openClone(file, at, folder).catch((error: unknown) => {
          canClone = !CANNOT_CLONE.has(codeOf(error) ?? '');
          return null;
        });
      });
    },
    placeOf: pathOf,
    async localFile(sha256) {
      await read(sha256);
      return pathOf(sha256);
    },
    list: (shard) => listBlobs(shard === undefined ? folder : path.join(folder, shard)),
    removeUnfinished: () => rm(path.join(folder, UNFINISHED), { recursive: true, force: true }),
    async check() {
      await makeBlobFolder(folder).catch((error: unknown) => Promise.reject(explained(error, { folder, bytes: 1 })));
    },
    close: () => Promise.resolve(),
  };
}

/** Reads the bytes instead of only measuring them, so that changed or unreadable ones are replaced. */
async function holds(file: string, bytes: Uint8Array): Promise<boolean> {
  if ((await orLoss(sizeOrNull(file))) !== bytes.length) return false;
  const stored = await orLoss(readWhole(file));
  return Buffer.isBuffer(stored) && stored.equals(bytes);
}

/** The folder of blobs is in the data folder, which it may have to create. */
async function makeBlobFolder(folder: string): Promise<void> {
  await makeDataFolder(path.dirname(folder));
  await makeFolder(folder);
}

async function writeDurably(
  at: { target: string; folder: string },
  bytes: Uint8Array,
  clone: (file: string) => Promise<number | null>,
): Promise<void> {
  const temporary = path.join(at.folder, UNFINISHED, `${path.basename(at.target)}-${randomBytes(6).toString('hex')}`);
  try {
    const cloned = await clone(temporary);
    const file = cloned ?? (await openNew(temporary, at.folder));
    try {
      if (cloned === null) await writeFile(file, bytes);
      await fsync(file);
    } finally {
      // After fsync, nothing is left to wait for.
      fs.closeSync(file);
    }
    await replace(temporary, at.target);
    await syncFolder(path.dirname(at.target));
  } catch (error) {
    // Best effort: the user must see the earlier error.
    await rm(temporary, { force: true }).catch(() => undefined);
    throw explained(error, { folder: at.folder, bytes: bytes.length });
  }
}

/** Makes the folder only if the rename fails. A folder in the blob's place is moved beside it for `doctor`. */
async function replace(file: string, target: string): Promise<void> {
  try {
    await rename(file, target);
  } catch (error) {
    const code = codeOf(error);
    if (code === 'ENOENT') await makeFolder(path.dirname(target));
    else if (code === 'EISDIR') await rename(target, `${target}.aside-${randomBytes(6).toString('hex')}`);
    else throw error;
    await rename(file, target);
  }
}

/** The system cannot share blocks between any files of these two folders. */
const CANNOT_CLONE = new Set(['EINVAL', 'ENOSYS', 'ENOTSUP', 'ENOTTY', 'EXDEV']);

/** Shares blocks with another file (Btrfs, XFS, APFS). If it fails, the caller writes the bytes. */
async function openClone(source: string, file: string, blobs: string): Promise<number> {
  try {
    await makeBlobFolder(blobs);
    await makeFolder(path.dirname(file));
    await copyFile(source, file, fs.constants.COPYFILE_EXCL | fs.constants.COPYFILE_FICLONE_FORCE);
    return await open(file, 'r+');
  } catch (error) {
    await rm(file, { force: true });
    throw error;
  }
}

async function openNew(file: string, blobs: string): Promise<number> {
  try {
    return await open(file, 'wx', 0o644);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
    await makeBlobFolder(blobs);
    await makeFolder(path.dirname(file));
    return open(file, 'wx', 0o644);
  }
}

/** The error to show for a failed write. An error that is not about the whole folder is returned unchanged. */
function explained(error: unknown, { folder, bytes }: { folder: string; bytes: number }): unknown {
  const said = `received '${messageOf(error)}'`;
  switch (codeOf(error) ?? '') {
    case 'ENOSPC':
    case 'EDQUOT':
      return new StopTheRun(
        `No room for a file of ${bytes} bytes in '${folder}': ${said}; make room on that disk and run the command again, nothing is lost`,
        { code: 'disk-full', cause: error },
      );
    case 'EROFS':
      return new StopTheRun(
        `The file system for the photos in '${folder}' is not writable: ${said}; mount it for writing, or choose another data folder with --data`,
        { code: 'folder-read-only', cause: error },
      );
    case 'EACCES':
    case 'EPERM':
      return new StopTheRun(
        `No permission to write photos in '${folder}' for user id ${process.getuid?.() ?? '?'}: ${said}; run as the folder's owner, or choose another data folder with --data`,
        { code: 'folder-permission', cause: error },
      );
    default:
      return error;
  }
}

async function* listBlobs(folder: string): AsyncGenerator<ListedBlob> {
  try {
    for await (const entry of await opendir(folder)) {
      const place = path.join(folder, entry.name);
      if (entry.isDirectory()) yield* listBlobs(place);
      else yield* listedFile(place, entry.name);
    }
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return;
    if (!isUnreadable(error)) throw error;
    yield { place: folder, sha256: null, bytes: 0, problem: messageOf(error) };
  }
}

/** Yields nothing if the file was removed after its folder was read. */
async function* listedFile(place: string, name: string): AsyncGenerator<ListedBlob> {
  const sha256 = isSha256(name) ? name : null;
  const bytes = await orLoss(sizeOrNull(place));
  if (bytes instanceof LostBytes) yield { place, sha256, bytes: 0, problem: bytes.message };
  else if (bytes !== null) yield { place, sha256, bytes, problem: null };
}
