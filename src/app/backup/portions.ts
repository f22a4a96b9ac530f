import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import { LostBytes, orLoss, type BlobStore } from '../../kernel/blobs.ts';
import { messageOf, StopTheRun, throwIfInterrupted } from '../../kernel/errors.ts';
import { isSha256, toSha256, type Sha256 } from '../../kernel/ids.ts';
import { sha256Of } from '../../config/sha256.ts';
import type { ListedPhoto, Shard } from '../move/photo-list.ts';
import type { Portion } from './snapshot.ts';

/** A portion holds whole rows and is cut after this many bytes. PostgreSQL's rows have at most 1 GB. */
const PORTION_BYTES = 4_000_000;
const MAX_TEXT_BYTES = PORTION_BYTES + 2 ** 30;
const NEW_LINE = 0x0a;

/**
 * Joins what a COPY sends and cuts it again between rows. Where it cuts depends on the bytes only, not on how they arrive. So rows that
 * have not changed, before the first change, give the same portions again.
 */
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

export function hashOf(text: Buffer): Sha256 {
  return sha256Of(text);
}

export interface PortionWriterOptions {
  /** Portions that earlier snapshots have. They are not compressed again. */
  readonly earlier: readonly Portion[];
  /** Whether to read and hash the files of earlier snapshots, instead of comparing sizes. */
  readonly verify: boolean;
  readonly signal: AbortSignal;
}

/** Stores portions as gzip files. */
export class PortionWriter {
  readonly #catalogue: BlobStore;
  readonly #options: PortionWriterOptions;
  /** By the hash of their text. */
  readonly #known: Map<Sha256, Portion>;
  /** Bytes of the files that were added. */
  addedBytes = 0;

  constructor(catalogue: BlobStore, options: PortionWriterOptions) {
    this.#catalogue = catalogue;
    this.#options = options;
    this.#known = new Map(options.earlier.map((portion) => [portion.sha256, portion]));
  }

  /**
   * @param verify as the option
   * @returns the portions of all rows, and their number
   */
  async write(
    chunks: AsyncIterable<Buffer>,
    onRows: (rows: number) => void,
    verify = this.#options.verify,
  ): Promise<{ rows: number; portions: Portion[] }> {
    const portions: Portion[] = [];
    let rows = 0;
    for await (const text of cutRows(chunks)) {
      throwIfInterrupted(this.#options.signal);
      const count = countRows(text);
      rows += count;
      onRows(count);
      portions.push(await this.#store(text, verify));
    }
    return { rows, portions };
  }

  async #store(text: Buffer, verify: boolean): Promise<Portion> {
    const sha256 = hashOf(text);
    const known = this.#known.get(sha256);
    if (known !== undefined && (await this.#has(known, verify))) return known;
    // The lowest level: rows are mostly numbers, of which more effort saves little.
    const bytes = await promisify(gzip)(text, { level: 1 });
    const portion = { sha256, file: hashOf(bytes), bytes: bytes.length };
    if (!(await this.#has(portion, verify))) this.addedBytes += bytes.length;
    await this.#catalogue.put(portion.file, bytes);
    this.#known.set(sha256, portion);
    return portion;
  }

  async #has({ file, bytes }: Portion, verify: boolean): Promise<boolean> {
    const found = await orLoss(this.#catalogue.sizeOf(file));
    if (found !== bytes || !verify) return found === bytes;
    return !((await orLoss(this.#catalogue.read(file))) instanceof LostBytes);
  }
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

/** The photos of a sorted list, split by the first two digits of their hashes. */
export async function* shardsOf(texts: AsyncIterable<Buffer>): AsyncGenerator<Shard> {
  let shard = '';
  let photos: ListedPhoto[] = [];
  for await (const photo of photosOfList(texts)) {
    const next = photo.sha256.slice(0, 2);
    if (next !== shard && photos.length > 0) yield { shard, photos };
    if (next !== shard) photos = [];
    shard = next;
    photos.push(photo);
  }
  if (photos.length > 0) yield { shard, photos };
}

async function* photosOfList(texts: AsyncIterable<Buffer>): AsyncGenerator<ListedPhoto> {
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
