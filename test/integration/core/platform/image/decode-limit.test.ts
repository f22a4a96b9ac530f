import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { setImmediate as nextStep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { statedPixels } from '../../../../../src/core/platform/image/container.ts';
import { DecodeLimit } from '../../../../../src/core/platform/image/decode-limit.ts';
import { photoFormatOf } from '../../../../../src/core/platform/image/sniff.ts';

/** Work that lasts until it is ended, and what is at work. */
class Work {
  readonly running: string[] = [];
  readonly #ends = new Map<string, () => void>();

  begin(limit: DecodeLimit, name: string, pixels: number): Promise<void> {
    return limit.hold(pixels, async () => {
      this.running.push(name);
      await new Promise<void>((resolve) => this.#ends.set(name, resolve));
      this.running.splice(this.running.indexOf(name), 1);
    });
  }

  async end(name: string): Promise<void> {
    this.#ends.get(name)?.();
    for (let step = 0; step < 20; step += 1) await nextStep();
  }
}

describe('the limit of pixels that are decoded at once', () => {
  it('is shared by child processes, each of which can decode', () => {
    expect([DecodeLimit.of(10).share(3), DecodeLimit.of(2).share(3)]).toEqual([3, 1]);
  });

  it('lets in as many photos as there is room for, in the order in which they ask', async () => {
    const limit = DecodeLimit.of(10);
    const work = new Work();
    const all = Promise.all([
      work.begin(limit, 'four', 4),
      work.begin(limit, 'five', 5),
      work.begin(limit, 'more than there are', 99),
      work.begin(limit, 'one', 1),
    ]);
    await work.end('nobody');
    // There would be room for the last one, but the large one would then wait for ever.
    expect(work.running).toEqual(['four', 'five']);
    await work.end('four');
    expect(work.running).toEqual(['five']);
    await work.end('five');
    expect(work.running).toEqual(['more than there are']);
    await work.end('more than there are');
    expect(work.running).toEqual(['one']);
    await work.end('one');
    await all;
  });

  it('gives the room back when decoding fails', async () => {
    const limit = DecodeLimit.of(1);
    const failing = limit.hold(1, () => Promise.reject(new Error('no photo')));
    await expect(failing).rejects.toThrow('no photo');
    expect(await limit.hold(1, () => Promise.resolve('next'))).toBe('next');
  });

  it('counts for all threads of the process, and keeps nobody waiting once a thread has died', async () => {
    const limit = DecodeLimit.of(10);
    // A thread that takes all there is, as `hold` does, and dies with it.
    const thread = new Worker(
      'const { workerData } = require("node:worker_threads"); Atomics.sub(new Int32Array(workerData), 1, 10);',
      { eval: true, workerData: limit.memory },
    );
    await once(thread, 'exit');
    const work = new Work();
    const waiting = [work.begin(limit, 'first', 1), work.begin(limit, 'second', 1)];
    await work.end('nobody');
    expect(work.running).toEqual([]);
    limit.lift();
    await work.end('nobody');
    expect(work.running.toSorted()).toEqual(['first', 'second']);
    await work.end('first');
    await work.end('second');
    await Promise.all(waiting);
  });
});

describe('the pixels that a header states', () => {
  it.each([
    'large.jpg',
    'progressive.jpg',
    'exif-orientation-6.jpg',
    'cmyk.jpg',
    'alpha.png',
    'palette.png',
    'webp.webp',
  ])('of %s are those that the decoder finds', async (name) => {
    await expectRightPixels(readFileSync(new URL(`../../../../fixtures/preprocess/${name}`, import.meta.url)));
  });

  it.each([
    { name: 'lossless WebP', lossless: true, alpha: 1 },
    { name: 'WebP with alpha', lossless: false, alpha: 0.5 },
    { name: 'plain WebP', lossless: false, alpha: 1 },
  ])('of a $name are those that the decoder finds', async ({ lossless, alpha }) => {
    const background = { r: 9, g: 99, b: 199, alpha };
    const picture = sharp({ create: { width: 301, height: 17, channels: 4, background } });
    await expectRightPixels(await picture.webp({ lossless }).toBuffer());
  });

  it('are none for what ends within its header', () => {
    for (const format of ['jpeg', 'png', 'webp'] as const) expect(statedPixels(format, Buffer.alloc(12))).toBe(0);
  });
});

async function expectRightPixels(bytes: Buffer): Promise<void> {
  const format = photoFormatOf(bytes);
  const { width, height } = await sharp(bytes).metadata();
  expect(format === undefined ? 0 : statedPixels(format, bytes)).toBe(width * height);
}
