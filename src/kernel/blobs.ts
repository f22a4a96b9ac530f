import type { Sha256 } from './ids.ts';

/** Something among the blobs: a blob, or what is none (an interrupted write, a stray file). */
export interface ListedBlob {
  /** Path or URL. */
  readonly place: string;
  readonly sha256: Sha256 | null;
  readonly bytes: number;
}

/** The port behind which the photos' bytes live, each under its SHA-256: a blob is whole or absent, whatever happens. */
export interface BlobStore {
  /**
   * Stores bytes under their SHA-256, once; resolves when they are safe. Bytes that are there but are others are mended.
   *
   * @throws StopTheRun if no other blob could be stored either; RetryLater if the same may succeed later
   */
  put(sha256: Sha256, bytes: Uint8Array): Promise<void>;
  /** Rejects with the code `ENOENT` if there is no such blob, with RetryLater if it may be had later. */
  read(sha256: Sha256): Promise<Buffer>;
  /** Bytes stored, or null if there is no such blob. */
  sizeOf(sha256: Sha256): Promise<number | null>;
  /** Removes a blob for good; harmless if there is none. */
  remove(sha256: Sha256): Promise<void>;
  /** Where the blob is (or would be), for people: a path or a URL. */
  placeOf(sha256: Sha256): string;
  /** Path of a file with the blob's bytes, for programs that take nothing else. Rejects as `read` if it has to be fetched. */
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

/** `ENOENT`, as a file system says it: there are no such bytes, which says nothing of the photo. */
export class BlobMissing extends Error {
  readonly code = 'ENOENT';
  constructor(place: string, options?: ErrorOptions) {
    super(`ENOENT: there are no bytes at ${place}`, options);
    this.name = 'BlobMissing';
  }
}
