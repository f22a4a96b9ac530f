import type { Sha256 } from './ids.ts';

/** Something among the blobs: a blob, or what is none (an interrupted write, a stray file). */
export interface ListedBlob {
  /** Path or URL. */
  readonly place: string;
  readonly sha256: Sha256 | null;
  /** 0 if `problem` says why nothing can be read there. */
  readonly bytes: number;
  /** What the system said, if the entry cannot be looked at (a loop of links, a folder without permission). */
  readonly problem: string | null;
}

/** A blob that is being read. */
export interface OpenBlob {
  /** How many bytes there are. */
  readonly bytes: number;
  /**
   * The bytes, hashed on their way. The last chunk comes only if they are the right ones: otherwise the stream ends with
   * the error LostBytes. Destroying it closes the file or the connection.
   */
  readonly stream: NodeJS.ReadableStream & { destroy(): unknown };
}

/**
 * The port behind which the photos' bytes live, each under its SHA-256. A write leaves a blob whole or absent, whatever
 * happens. A read gives the bytes of that SHA-256, or rejects.
 */
export interface BlobStore {
  /**
   * Stores bytes under their SHA-256, once; resolves when they are safe. Bytes that are there but are others are mended.
   *
   * @throws StopTheRun if no other blob could be stored either; RetryLater if the same may succeed later
   */
  put(sha256: Sha256, bytes: Uint8Array): Promise<void>;
  /**
   * All bytes, hashed.
   *
   * @throws LostBytes if there are none, others, or some that cannot be read; RetryLater if the store is out of reach
   */
  read(sha256: Sha256): Promise<Buffer>;
  /**
   * The same as a stream: it holds a few chunks of 64 kB in memory, however large the blob is and however slowly it is
   * read. The caller reads it to its end or destroys it.
   *
   * @throws as `read`: at once if there are no bytes or they cannot be opened, in the end if they are wrong
   */
  open(sha256: Sha256): Promise<OpenBlob>;
  /**
   * Bytes stored, or null if there is no such blob. They are not read.
   *
   * @throws LostBytes if something else is there in its place; RetryLater if the store is out of reach
   */
  sizeOf(sha256: Sha256): Promise<number | null>;
  /** Removes a blob for good; harmless if there is none. */
  remove(sha256: Sha256): Promise<void>;
  /** Where the blob is (or would be), for people: a path or a URL. */
  placeOf(sha256: Sha256): string;
  /** Path of a file with the blob's bytes, for programs that take nothing else. The bytes are hashed: rejects as `read`. */
  localFile(sha256: Sha256): Promise<string>;
  /**
   * Everything that is there, in no order, never held in memory as a whole.
   *
   * @param shard only blobs whose hash begins with these two hex digits, and nothing else
   */
  list(shard?: string): AsyncGenerator<ListedBlob>;
  /** Removes what interrupted writes left behind; only while nobody else writes. Returns how many pieces went. */
  removeUnfinished(): Promise<number>;
  /** Rejects if blobs cannot be stored and read there: what is wrong and what to do. */
  check(): Promise<void>;
  close(): Promise<void>;
}

/**
 * - `missing`: there are no bytes (the disk may not be mounted);
 * - `wrong`: there are other bytes than those of the SHA-256;
 * - `unreadable`: the system refuses to read them.
 */
export type LossKind = 'missing' | 'wrong' | 'unreadable';

/**
 * The bytes of one blob are lost. This says nothing of the photo, nor of other blobs. Consequence: the photo is set aside
 * and named, the rest goes on; the same bytes may be stored again.
 */
export class LostBytes extends Error {
  readonly kind: LossKind;
  /** `ENOENT` as a file system says it, or `wrong-bytes`, `unreadable-bytes`. */
  readonly code: string;
  constructor(kind: LossKind, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'LostBytes';
    this.kind = kind;
    this.code = kind === 'missing' ? 'ENOENT' : `${kind}-bytes`;
  }
}

/** What has to be done about lost bytes, for the end of a message. */
export const LOST_BYTES_CURE = 'winnow resume has lost bytes fetched again (of a folder: then crawl it again)';
