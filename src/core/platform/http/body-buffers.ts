/** Bytes of the smallest and the largest buffer that is kept. */
const SMALLEST_BYTES = 2 ** 14;
const LARGEST_BYTES = 2 ** 20;
/** Bytes of all buffers that wait for their next use. */
const MAX_FREE_BYTES = 2 ** 26;

/** Buffers to use again: with a new one for each photo, V8's search for garbage took up to a sixth of a crawl's time. */
export class BodyBuffers {
  readonly #free = new Map<number, Buffer[]>();
  #freeBytes = 0;

  /** A buffer of at least this size, with any content. */
  take(bytes: number): Buffer {
    if (bytes > LARGEST_BYTES) return Buffer.allocUnsafeSlow(bytes);
    let size = SMALLEST_BYTES;
    while (size < bytes) size *= 2;
    const buffer = this.#free.get(size)?.pop();
    if (buffer === undefined) return Buffer.allocUnsafeSlow(size);
    this.#freeBytes -= size;
    return buffer;
  }

  /** Takes back all memory of a buffer from `take`, also if given a part of it. Nobody may use that memory any more. */
  giveBack({ buffer }: Buffer): void {
    const size = buffer.byteLength;
    if (size > LARGEST_BYTES || this.#freeBytes + size > MAX_FREE_BYTES) return;
    const free = this.#free.get(size) ?? [];
    free.push(Buffer.from(buffer));
    this.#free.set(size, free);
    this.#freeBytes += size;
  }
}
