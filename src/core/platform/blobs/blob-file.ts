import * as fs from 'node:fs';
import { promisify } from 'node:util';
import { LostBytes } from '../../kernel/blobs.ts';
import { codeOf, messageOf } from '../../kernel/errors.ts';

/** A `FileHandle` costs ten times the time of the call, which matters at hundreds of photos a second. */
const open = promisify(fs.open);
const read = promisify(fs.read);
const fstat = promisify(fs.fstat);
const stat = promisify(fs.stat);
const close = promisify(fs.close);

/** winnow writes no links, but a user may have moved a file and left one. A pipe must not wait for its writer. */
const FLAGS = fs.constants.O_RDONLY | (fs.constants.O_NONBLOCK ?? 0);

/** Errors about one file while others may be fine (no memory or too many open files say nothing about the file). */
const UNREADABLE = new Set([
  'EACCES',
  'EBADMSG',
  'EIO',
  'EISDIR',
  'ELOOP',
  'ENAMETOOLONG',
  'ENODEV',
  'ENOTCONN',
  'ENOTDIR',
  'ENXIO',
  'EPERM',
  'ESTALE',
  'EUCLEAN',
]);

/** True if an error is about the requested file or folder, not about the process or the machine. */
export function isUnreadable(error: unknown): boolean {
  return UNREADABLE.has(codeOf(error) ?? '');
}

/** Larger than any photo may be (`fetch.maxBytes`), and more than one read can return. */
const MAX_BYTES = 2 ** 31 - 1;

/** All bytes of a file. @throws LostBytes `missing`, `unreadable`, `wrong` */
export async function readWhole(place: string): Promise<Buffer> {
  const { file, bytes } = await openFile(place);
  try {
    if (bytes > MAX_BYTES) throw new LostBytes('wrong', `Expected a photo at ${place} but there are ${bytes} bytes`);
    const buffer = Buffer.allocUnsafeSlow(bytes);
    let at = 0;
    while (at < bytes) {
      const { bytesRead } = await read(file, buffer, at, bytes - at, null);
      if (bytesRead === 0) break;
      at += bytesRead;
    }
    return buffer.subarray(0, at);
  } catch (error) {
    throw explained(error, place);
  } finally {
    await close(file);
  }
}

/** A descriptor, which the caller closes, and the size of the file. @throws LostBytes `missing`, `unreadable` */
export async function openFile(place: string): Promise<{ readonly file: number; readonly bytes: number }> {
  const file = await open(place, FLAGS).catch((error: unknown) => Promise.reject(explained(error, place)));
  try {
    return { file, bytes: sizeOf(await fstat(file), place) };
  } catch (error) {
    await close(file);
    throw explained(error, place);
  }
}

/** Size of a file, or null if there is none. @throws LostBytes `unreadable` */
export async function sizeOrNull(place: string): Promise<number | null> {
  try {
    return sizeOf(await stat(place), place);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null;
    throw explained(error, place);
  }
}

function sizeOf(stats: fs.Stats, place: string): number {
  if (stats.isFile()) return stats.size;
  const found = stats.isDirectory() ? 'a folder' : 'something else';
  throw new LostBytes('unreadable', `Expected a file at ${place} but there is ${found}`);
}

function explained(error: unknown, place: string): unknown {
  if (codeOf(error) === 'ENOENT')
    return new LostBytes('missing', `ENOENT: there are no bytes at ${place}`, { cause: error });
  if (!isUnreadable(error)) return error;
  return new LostBytes('unreadable', `Expected to read ${place} but received '${messageOf(error)}'`, { cause: error });
}
