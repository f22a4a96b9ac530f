/**
 * How many pixels a process decodes at once, on all its threads together. A photo of 22 kB may decode to half a gigabyte, and
 * without a limit there are as many of them in memory as there are threads and connections. While it is decoded a photo takes
 * 3 bytes a pixel in most cases. The most that was measured is 12 (a progressive CMYK JPEG, an interlaced PNG of 16 bits with
 * alpha); a turned one of these might take 16.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** As many as the largest photo that is accepted by default. */
const DEFAULT_PIXELS = 178_956_970;

/**
 * From this many pixels on (100 MB decoded), memory is collected before the next photo may use it. V8 would collect it some
 * time after the photo, when the next one is in memory already.
 */
const LARGE_PIXELS = 2 ** 25;

/** Positions in the shared memory. */
const TOTAL = 0;
const FREE = 1;
const NEXT_TICKET = 2;
const SERVED_TICKET = 3;
const IS_LIFTED = 4;

/**
 * A weighted semaphore in memory that threads share. Photos are served in the order in which they ask, so that a large one is
 * not passed over by small ones. A photo of more pixels than there are takes them all.
 */
export class DecodeLimit {
  readonly memory: SharedArrayBuffer;
  readonly #state: Int32Array;

  /** @param memory of another thread's limit */
  constructor(memory: SharedArrayBuffer) {
    this.memory = memory;
    this.#state = new Int32Array(memory);
  }

  /** @param pixels at once, 1 to 2^31 - 1 */
  static of(pixels: number): DecodeLimit {
    const memory = new SharedArrayBuffer(5 * Int32Array.BYTES_PER_ELEMENT);
    new Int32Array(memory).set([pixels, pixels]);
    return new DecodeLimit(memory);
  }

  /** Decodes and looks at a photo within `work`, whose result must not hold the pixels. Waits until there is room. */
  async hold<T>(pixels: number, work: () => Promise<T>): Promise<T> {
    const weight = Math.min(pixels, this.#read(TOTAL));
    await this.#take(weight);
    try {
      return await work();
    } finally {
      if (pixels >= LARGE_PIXELS) await collectGarbage();
      Atomics.add(this.#state, FREE, weight);
      Atomics.notify(this.#state, FREE);
    }
  }

  /** Ends the limit: a thread has died and will never give back what it held. */
  lift(): void {
    Atomics.store(this.#state, IS_LIFTED, 1);
    // Changes both numbers, so that a waiter that has just read one of them does not fall asleep.
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

/** The limit of this process: like the settings of the decoder itself, there is one for all that it does. */
export function decodeLimit(): DecodeLimit {
  return ofThisProcess;
}

/** Sets the limit of the process, before anything is decoded. */
export function limitDecoding(pixels: number): void {
  ofThisProcess = DecodeLimit.of(pixels);
}

/** Makes a thread share the limit of its process, whose memory this is. */
export function shareDecodeLimit(memory: SharedArrayBuffer): void {
  ofThisProcess = new DecodeLimit(memory);
}

let collect: (() => void) | null = null;

/** In steps of their own: before the first one ends the photo is still in use, and buffers are given back after the second. */
async function collectGarbage(): Promise<void> {
  await nextStep();
  collect ??= exposedCollector();
  collect();
  await nextStep();
}

function nextStep(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** The function that `node --expose-gc` gives, without starting every command with that flag. */
function exposedCollector(): () => void {
  setFlagsFromString('--expose-gc');
  const gc: () => void = runInNewContext('gc');
  return gc;
}
