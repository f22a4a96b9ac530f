/**
 * Limits how many pixels a process decodes at the same time, on all its threads together. A photo of 22 kB may decode
 * to half a gigabyte, and without a limit there could be one in memory for each thread and connection. Decoding takes 3
 * bytes a pixel in most cases. The measured maximum is 12 (a progressive CMYK JPEG, an interlaced PNG of 16 bits with
 * alpha). A rotated one of these might take 16.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** The size of the largest photo that is accepted by default. */
const DEFAULT_PIXELS = 178_956_970;

/** After such a photo (100 MB decoded), garbage is collected. V8 would do so only when the next is in memory. */
const LARGE_PIXELS = 2 ** 25;

const TOTAL = 0;
const FREE = 1;
const NEXT_TICKET = 2;
const SERVED_TICKET = 3;
const IS_LIFTED = 4;

/** A weighted semaphore of threads, in order of arrival. A photo above the limit takes all of it. */
export class DecodeLimit {
  readonly memory: SharedArrayBuffer;
  readonly #state: Int32Array;

  /** @param memory the shared memory of another thread's limit */
  constructor(memory: SharedArrayBuffer) {
    this.memory = memory;
    this.#state = new Int32Array(memory);
  }

  /** @param pixels limit at the same time, 1 to 2^31 - 1 */
  static of(pixels: number): DecodeLimit {
    const memory = new SharedArrayBuffer(5 * Int32Array.BYTES_PER_ELEMENT);
    new Int32Array(memory).set([pixels, pixels]);
    return new DecodeLimit(memory);
  }

  get pixels(): number {
    return this.#read(TOTAL);
  }

  /** The limit of each of several child processes, which together decode no more than this process may. */
  share(processes: number): number {
    return Math.max(1, Math.floor(this.pixels / processes));
  }

  /** Decodes and uses a photo within `work`. Waits until there is room. The result must not hold the pixels. */
  async hold<T>(pixels: number, work: () => Promise<T>): Promise<T> {
    const weight = Math.min(pixels, this.pixels);
    await this.#take(weight);
    try {
      return await work();
    } finally {
      if (pixels >= LARGE_PIXELS) await collectGarbage();
      Atomics.add(this.#state, FREE, weight);
      Atomics.notify(this.#state, FREE);
    }
  }

  /** Removes the limit, because a thread has died and will never release its share. */
  lift(): void {
    Atomics.store(this.#state, IS_LIFTED, 1);
    // Change both numbers, so that a waiter that has just read one of them does not fall asleep.
    for (const index of [FREE, SERVED_TICKET]) {
      Atomics.add(this.#state, index, 1);
      Atomics.notify(this.#state, index);
    }
  }

  async #take(weight: number): Promise<void> {
    const ticket = Atomics.add(this.#state, NEXT_TICKET, 1);
    await this.#until(SERVED_TICKET, (served) => served === ticket);
    await this.#until(FREE, (free) => free >= weight);
    Atomics.sub(this.#state, FREE, weight);
    Atomics.add(this.#state, SERVED_TICKET, 1);
    Atomics.notify(this.#state, SERVED_TICKET);
  }

  async #until(index: number, holds: (value: number) => boolean): Promise<void> {
    for (;;) {
      const value = this.#read(index);
      if (holds(value) || this.#read(IS_LIFTED) === 1) return;
      const change = Atomics.waitAsync(this.#state, index, value);
      if (change.async) await change.value;
    }
  }

  #read(index: number): number {
    return Atomics.load(this.#state, index);
  }
}

let ofThisProcess = DecodeLimit.of(DEFAULT_PIXELS);

/** The limit of this process. There is one per process, as for the settings of the decoder itself. */
export function decodeLimit(): DecodeLimit {
  return ofThisProcess;
}

/** Call it before anything is decoded. */
export function limitDecoding(pixels: number): void {
  ofThisProcess = DecodeLimit.of(pixels);
}

/** Makes a thread use the limit of its process, which owns this memory. */
export function shareDecodeLimit(memory: SharedArrayBuffer): void {
  ofThisProcess = new DecodeLimit(memory);
}

let collect: (() => void) | null = null;

/** Collects in two steps: until the first ends the photo is in use, and its buffers are freed after the second. */
async function collectGarbage(): Promise<void> {
  await nextStep();
  collect ??= exposedCollector();
  collect();
  await nextStep();
}

function nextStep(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** The function that `node --expose-gc` provides, without starting every command with that flag. */
function exposedCollector(): () => void {
  setFlagsFromString('--expose-gc');
  const gc: () => void = runInNewContext('gc');
  return gc;
}
