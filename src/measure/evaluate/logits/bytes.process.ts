import type { ByteSource } from './table.ts';

/** Reads a source in pieces of chosen sizes. Holds only the piece and the chunk of the source that it ends in. */
export class Bytes {
  readonly source: ByteSource;
  readonly #chunks: AsyncIterator<Buffer>;
  #rest: Buffer = Buffer.alloc(0);

  constructor(source: ByteSource) {
    this.source = source;
    this.#chunks = source.chunks()[Symbol.asyncIterator]();
  }

  /** The next bytes: as many as were asked for, or all that there are. */
  async upTo(count: number): Promise<Buffer> {
    if (this.#rest.length >= count) return this.#cut(count);
    const piece = Buffer.allocUnsafe(Math.min(count, this.source.size));
    let filled = 0;
    while (filled < piece.length) {
      const part = this.#rest.length > 0 ? this.#rest : await this.#next();
      if (part === null) break;
      const copied = part.copy(piece, filled);
      filled += copied;
      this.#rest = part.subarray(copied);
    }
    return piece.subarray(0, filled);
  }

  async close(): Promise<void> {
    await this.#chunks.return?.();
  }

  #cut(count: number): Buffer {
    const piece = this.#rest.subarray(0, count);
    this.#rest = this.#rest.subarray(count);
    return piece;
  }

  async #next(): Promise<Buffer | null> {
    const { done, value } = await this.#chunks.next();
    return done === true ? null : value;
  }
}
