import { describe, expect, it } from 'vitest';
import { countRows, cutRows, shardsOf } from '../../../src/keep/portions.ts';
import { seededRandom } from '../../support/random.ts';
import { sha256Of } from '../../support/sha256.ts';

const PORTION_BYTES = 1_000;
const { next } = seededRandom(7);

/** Rows of 1 to 400 bytes, with one that is longer than two portions. */
const ROWS = Array.from(
  { length: 200 },
  (_, i) => `${i}\t${'x'.repeat(i === 77 ? 2_500 : Math.floor(next() * 400))}\n`,
);

async function* inChunks(text: string, sizeOf: () => number): AsyncGenerator<Buffer> {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length;) {
    const size = sizeOf();
    yield bytes.subarray(at, at + size);
    at += size;
  }
}

async function portionsOf(text: string, sizeOf: () => number): Promise<string[]> {
  const portions: string[] = [];
  for await (const portion of cutRows(inChunks(text, sizeOf), PORTION_BYTES)) portions.push(portion.toString());
  return portions;
}

describe('portions of rows', () => {
  it('hold whole rows, and are the same however the bytes arrive', async () => {
    const text = ROWS.join('');
    const portions = await portionsOf(text, () => text.length);
    expect(portions.join('')).toBe(text);
    expect(portions.length).toBeGreaterThan(20);
    for (const portion of portions) expect(portion.endsWith('\n')).toBe(true);
    for (const portion of portions.slice(0, -1)) expect(portion.length).toBeGreaterThanOrEqual(PORTION_BYTES);
    for (const sizeOf of [() => 1, () => 999, () => 1_000, () => 1 + Math.floor(next() * 3_000)])
      expect(await portionsOf(text, sizeOf)).toEqual(portions);
  });

  it('stay the same before the first row that changes', async () => {
    const before = await portionsOf(ROWS.join(''), () => 64);
    const after = await portionsOf(`${ROWS.join('')}200\tnew\n`, () => 64);
    expect(after.slice(0, -1)).toEqual(before.slice(0, after.length - 1));
    expect(await portionsOf('', () => 1)).toEqual([]);
  });

  it('are counted by their rows', () => {
    expect(countRows(Buffer.from(ROWS.join('')))).toBe(200);
    expect(countRows(Buffer.alloc(0))).toBe(0);
  });
});

describe('a list of photos', () => {
  it('is read one shard at a time, also if a shard is in two portions', async () => {
    const photos = Array.from({ length: 3_000 }, (_, i) => ({ sha256: sha256Of(`photo ${i}`), bytes: i })).toSorted(
      (a, b) => (a.sha256 < b.sha256 ? -1 : 1),
    );
    const text = photos.map(({ sha256, bytes }) => `${sha256}\t${bytes}\n`).join('');
    const read = [];
    const shards = [];
    const chunks = inChunks(text, () => 5_000);
    for await (const { shard, photos: some } of shardsOf(cutRows(chunks, 10_000))) {
      shards.push(shard);
      expect(some.every(({ sha256 }) => sha256.startsWith(shard))).toBe(true);
      read.push(...some);
    }
    expect(read).toEqual(photos);
    expect(shards).toEqual([...new Set(shards)].toSorted());
  });
});
