import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import { LostBytes, orLoss, type BlobStore } from '../core/kernel/blobs.ts';
import { messageOf, StopTheRun, throwIfInterrupted } from '../core/kernel/errors.ts';
import { isSha256, toSha256, type Sha256 } from '../core/kernel/ids.ts';
import { sha256Of } from '../core/tools/sha256.ts';
import { SHARDS } from '../core/platform/blobs/shards.ts';
import type { PhotoToCopy, Shard } from './copy-photos.ts';
import type { Portion } from './snapshot.ts';

/** A portion holds whole rows and is cut after this many bytes. PostgreSQL's rows have at most 1 GB. */
const PORTION_BYTES = 4_000_000;
const MAX_TEXT_BYTES = PORTION_BYTES + 2 ** 30;
const NEW_LINE = 0x0a;

/** Cuts a COPY between rows, by its bytes only, so that rows before the first change give the same portions again. */
export async function* cutRows(chunks: AsyncIterable<Buffer>, portionBytes = PORTION_BYTES): AsyncGenerator<Buffer> {
  let parts: Buffer[] = [];
  let size = 0;
  for await (const chunk of chunks) {
    parts.push(chunk);
    size += chunk.length;
    if (size < portionBytes || !chunk.includes(NEW_LINE)) continue;
    let rest = Buffer.concat(parts);
    for (;;) {
      const end = rest.length < portionBytes ? -1 : rest.indexOf(NEW_LINE, portionBytes - 1);
      if (end === -1) break;
      yield rest.subarray(0, end + 1);
      rest = rest.subarray(end + 1);
    }
    parts = [rest];
    size = rest.length;
  }
  if (size > 0) yield Buffer.concat(parts);
}

/** Number of rows in a text. Line breaks inside of values are escaped. */
export function countRows(text: Buffer): number {
  let rows = 0;
  for (let at = text.indexOf(NEW_LINE); at !== -1; at = text.indexOf(NEW_LINE, at + 1)) rows += 1;
  return rows;
}

export interface TableContents {
  readonly rows: number;
  /** The SHA-256 of each of its portions, in order. */
  readonly hashes: readonly Sha256[];
}

export async function contentsOf(chunks: AsyncIterable<Buffer>, signal: AbortSignal): Promise<TableContents> {
  const hashes: Sha256[] = [];
  let rows = 0;
  for await (const text of cutRows(chunks)) {
    throwIfInterrupted(signal);
    hashes.push(sha256Of(text));
    rows += countRows(text);
  }
  return { rows, hashes };
}

export interface PortionOptions {
  readonly catalogue: BlobStore;
  readonly signal: AbortSignal;
  readonly onRows: (rows: number) => void;
}

/** Stores rows as gzip files under their hashes. Damaged ones are replaced. Counts the bytes of added files. */
export async function writePortions(
  chunks: AsyncIterable<Buffer>,
  { catalogue, signal, onRows }: PortionOptions,
): Promise<{ rows: number; portions: Portion[]; addedBytes: number }> {
  const portions: Portion[] = [];
  let rows = 0;
  let addedBytes = 0;
  for await (const text of cutRows(chunks)) {
    throwIfInterrupted(signal);
    // The lowest level, because higher ones save little on rows of numbers.
    const bytes = await promisify(gzip)(text, { level: 1 });
    const file = sha256Of(bytes);
    if ((await orLoss(catalogue.sizeOf(file))) !== bytes.length) addedBytes += bytes.length;
    await catalogue.put(file, bytes);
    portions.push({ sha256: sha256Of(text), file, bytes: bytes.length });
    const count = countRows(text);
    rows += count;
    onRows(count);
  }
  return { rows, portions, addedBytes };
}

/** The texts of portions. @throws StopTheRun `backup-damaged` if a file is missing or differs from its hash */
export async function* readPortions(
  catalogue: BlobStore,
  portions: readonly Portion[],
  signal: AbortSignal,
): AsyncGenerator<Buffer> {
  for (const { file } of portions) {
    throwIfInterrupted(signal);
    const bytes = await orLoss(catalogue.read(file));
    if (bytes instanceof LostBytes) throw damaged(bytes);
    yield await promisify(gunzip)(bytes, { maxOutputLength: MAX_TEXT_BYTES }).catch((error: unknown) => {
      throw damaged(error);
    });
  }
}

function damaged(cause: unknown): StopTheRun {
  return new StopTheRun(
    `A part of the catalogue is damaged in the backup: ${messageOf(cause)}. Restore another snapshot, or take the file from a copy of the backup`,
    { code: 'backup-damaged', cause },
  );
}

/** The photos of a sorted list, split by the first two digits of their hashes. Yields every shard, also an empty one. */
export async function* shardsOf(texts: AsyncIterable<Buffer>): AsyncGenerator<Shard> {
  const shards = SHARDS.values();
  let shard = shards.next().value ?? '';
  let photos: PhotoToCopy[] = [];
  for await (const photo of photosOfList(texts)) {
    while (shard < photo.sha256.slice(0, 2)) {
      yield { shard, photos };
      shard = shards.next().value ?? '';
      photos = [];
    }
    photos.push(photo);
  }
  yield { shard, photos };
  for (const rest of shards) yield { shard: rest, photos: [] };
}

async function* photosOfList(texts: AsyncIterable<Buffer>): AsyncGenerator<PhotoToCopy> {
  for await (const text of texts) {
    for (const line of text.toString('latin1').split('\n')) {
      const [hex = '', bytes = ''] = line.split('\t');
      if (line === '') continue;
      if (!isSha256(hex) || !/^\d+$/.test(bytes))
        throw damaged(`expected a hash and a size in the list of photos but received '${line.slice(0, 100)}'`);
      yield { sha256: toSha256(hex), bytes: Number(bytes) };
    }
  }
}
