import type { Sha256 } from '../../kernel/ids.ts';

/** A thread that runs a model handles no events, so a read that began when needed would wait for a forward pass at each step. */
export class ReadAhead {
  readonly #blobs: { read(sha256: Sha256): Promise<Buffer> };
  readonly #begun = new Map<Sha256, Promise<Buffer>>();
  /** Bytes that the caller gave, and how often they will be taken: the same picture may be in progress twice. */
  readonly #given = new Map<Sha256, { readonly bytes: Buffer; readonly takes: number }>();

  constructor(blobs: { read(sha256: Sha256): Promise<Buffer> }) {
    this.#blobs = blobs;
  }

  readAhead(sha256: Sha256): void {
    if (this.#begun.has(sha256) || this.#given.has(sha256)) return;
    const reading = this.#blobs.read(sha256);
    // The caller of `take` gets the error. Until then the rejection must not count as unhandled.
    reading.catch(() => undefined);
    this.#begun.set(sha256, reading);
  }

  /** Receives bytes that the caller has read, so that the photo need not be in the store. They can be taken once. */
  give(sha256: Sha256, bytes: Uint8Array): void {
    const takes = (this.#given.get(sha256)?.takes ?? 0) + 1;
    this.#given.set(sha256, { bytes: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength), takes });
  }

  async take(sha256: Sha256): Promise<Buffer> {
    const given = this.#given.get(sha256);
    if (given !== undefined) {
      if (given.takes === 1) this.#given.delete(sha256);
      else this.#given.set(sha256, { ...given, takes: given.takes - 1 });
      return given.bytes;
    }
    const begun = this.#begun.get(sha256);
    this.#begun.delete(sha256);
    return begun ?? this.#blobs.read(sha256);
  }
}
