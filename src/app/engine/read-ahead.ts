import pLimit from 'p-limit';
import type { BlobStore } from '../../kernel/blobs.ts';
import type { Sha256 } from '../../kernel/ids.ts';

/** Begins to read a batch's photos before they are asked for, a few at once. */
export class ReadAhead {
  readonly #blobs: Pick<BlobStore, 'read'>;
  readonly #limit: ReturnType<typeof pLimit> | null;
  readonly #reads = new Map<Sha256, Promise<Buffer>>();

  /** @param atOnce 0: each photo is read when it is asked for */
  constructor(blobs: Pick<BlobStore, 'read'>, atOnce: number) {
    this.#blobs = blobs;
    this.#limit = atOnce === 0 ? null : pLimit(atOnce);
  }

  /** The photos of the next batch; what is left of the one before is forgotten. */
  begin(photos: readonly Sha256[]): void {
    const limit = this.#limit;
    if (limit === null) return;
    limit.clearQueue();
    this.#reads.clear();
    for (const sha256 of photos) {
      const reading = limit(() => this.#blobs.read(sha256));
      // Told to whoever asks for the photo; perhaps nobody does.
      reading.catch(() => undefined);
      this.#reads.set(sha256, reading);
    }
  }

  read(sha256: Sha256): Promise<Buffer> {
    const reading = this.#reads.get(sha256);
    this.#reads.delete(sha256);
    return reading ?? this.#blobs.read(sha256);
  }
}
