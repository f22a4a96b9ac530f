import type { Sha256 } from './ids.ts';

/** An entry of the blob store: a blob, or something else (an interrupted write, a stray file). */
export interface ListedBlob {
  readonly place: string;
  /** Null if the entry is not a blob. */
  readonly sha256: Sha256 | null;
  /** 0 if there is a `problem`. */
  readonly bytes: number;
  /** The system's error message, if the entry cannot be examined (a loop of links, a folder without permission). */
  readonly problem: string | null;
}

export interface OpenBlob {
  readonly bytes: number;
  /** With wrong bytes it fails with LostBytes before its last chunk. Destroying it closes the file or connection. */
  readonly stream: NodeJS.ReadableStream & { destroy(): unknown };
}

/**
 * Stores the bytes of photos, each blob under its SHA-256. After a write, even an interrupted one, a blob is either
 * complete or absent. A read returns the bytes that have this SHA-256, or rejects.
 */
export interface BlobStore {
  /**
   * Stores bytes under their SHA-256. Resolves when they are durable. If wrong bytes are stored there, replaces them.
   * Does not use the bytes any more once it has resolved: the caller may use their memory again.
   *
   * @param file path of a file with these bytes. Where the file system can, a folder shares its blocks (a reflink)
   * @throws StopTheRun if no other blob could be stored either; RetryLater if the same call may succeed later
   */
  put(sha256: Sha256, bytes: Uint8Array, file?: string): Promise<void>;
  /** @throws LostBytes if the blob is missing, wrong or unreadable; RetryLater if the store is unreachable */
  read(sha256: Sha256): Promise<Buffer>;
  /**
   * Opens a blob as a stream. The stream holds a few chunks of 64 kB in memory, however large the blob is and however
   * slowly the caller reads. The caller reads it to its end or destroys it.
   *
   * @throws as `read`: immediately if the blob is missing or cannot be opened, at the end if its bytes are wrong
   */
  open(sha256: Sha256): Promise<OpenBlob>;
  /** Null if there is no such blob. Throws LostBytes if something else is in its place, RetryLater as `read` does. */
  sizeOf(sha256: Sha256): Promise<number | null>;
  /** Deletes a blob. Does nothing if there is no such blob. */
  remove(sha256: Sha256): Promise<void>;
  /** The path or URL of the blob, existing or not, as messages show it. */
  placeOf(sha256: Sha256): string;
  /** Path of a file with the blob's bytes, for programs that need a file. Checks the hash and rejects as `read` does. */
  localFile(sha256: Sha256): Promise<string>;
  /** Every entry, in no particular order, a few at a time. `shard`: only hashes that begin with these two digits. */
  list(shard?: string): AsyncGenerator<ListedBlob>;
  /** Deletes the remains of interrupted writes. Call it only while no process writes. */
  removeUnfinished(): Promise<void>;
  /** Rejects if blobs cannot be stored and read. The error says what is wrong and what to do. */
  check(): Promise<void>;
  close(): Promise<void>;
}

/** `missing`: no bytes (the disk may not be mounted). `wrong`: another SHA-256. `unreadable`: the system refuses. */
export type LossKind = 'missing' | 'wrong' | 'unreadable';

/** The bytes of one blob are lost. Consequence: the run sets the photo aside, names it and continues. */
export class LostBytes extends Error {
  readonly kind: LossKind;
  /** `ENOENT`, as a file system reports a missing file, or `wrong-bytes`, `unreadable-bytes`. */
  readonly code: string;
  constructor(kind: LossKind, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'LostBytes';
    this.kind = kind;
    this.code = kind === 'missing' ? 'ENOENT' : `${kind}-bytes`;
  }
}

export async function orLoss<T>(call: Promise<T>): Promise<T | LostBytes> {
  try {
    return await call;
  } catch (error) {
    if (error instanceof LostBytes) return error;
    throw error;
  }
}

export const LOST_BYTES_CURE =
  'winnow resume fetches lost bytes again (for photos of a folder, crawl the folder again afterwards)';
