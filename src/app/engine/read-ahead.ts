import type { Sha256 } from '../../kernel/ids.ts';

/**
 * Reads photos before they are wanted. A thread that runs a model hears of nothing else meanwhile, and a file takes several
 * steps to be read: begun only when it is wanted, each step would cost a forward pass of waiting.
 */
export class ReadAhead {
  readonly #blobs: { read(sha256: Sha256): Promise<Buffer> };
  readonly #begun = new Map<Sha256, Promise<Buffer>>();

  constructor(blobs: { read(sha256: Sha256): Promise<Buffer> }) {
    this.#blobs = blobs;
  }

  /** Begins to read; what is read stays until it is taken. */
  readAhead(sha256: Sha256): void {
    if (this.#begun.has(sha256)) return;
    const reading = this.#blobs.read(sha256);
    // Whoever takes it hears of a failure; until then it is nobody's.
    reading.catch(() => undefined);
    this.#begun.set(sha256, reading);
  }

  /** The bytes; rejects as reading them did. */
  async take(sha256: Sha256): Promise<Buffer> {
    const begun = this.#begun.get(sha256);
    this.#begun.delete(sha256);
    return begun ?? this.#blobs.read(sha256);
  }
}
