import { describe, expect, it } from 'vitest';
import { BodyBuffers } from '../../../../../src/core/platform/http/body-buffers.ts';

describe('BodyBuffers', () => {
  it.each([
    [0, 2 ** 14],
    [2 ** 14 + 1, 2 ** 15],
    [40_000, 2 ** 16],
    [2 ** 20, 2 ** 20],
    [2 ** 20 + 1, 2 ** 20 + 1],
  ])('gives room for %d bytes in a buffer of %d', (bytes, size) => {
    expect(new BodyBuffers().take(bytes).length).toBe(size);
  });

  it('gives the same memory again once it is given back, also by a part of it', () => {
    const buffers = new BodyBuffers();
    const first = buffers.take(40_000);
    const second = buffers.take(40_000);
    expect(second.buffer).not.toBe(first.buffer);
    buffers.giveBack(first.subarray(0, 30_000));
    const again = buffers.take(33_000);
    expect([again.buffer === first.buffer, again.length]).toEqual([true, 2 ** 16]);
    expect(buffers.take(33_000).buffer).not.toBe(first.buffer);
  });

  it('keeps no buffer of more than a megabyte', () => {
    const buffers = new BodyBuffers();
    const large = buffers.take(2 ** 20 + 1);
    buffers.giveBack(large);
    expect(buffers.take(2 ** 20 + 1).buffer).not.toBe(large.buffer);
  });

  it('keeps at most 64 megabytes', () => {
    const buffers = new BodyBuffers();
    const taken = Array.from({ length: 65 }, () => buffers.take(2 ** 20));
    for (const buffer of taken) buffers.giveBack(buffer);
    const known = new Set(taken.map(({ buffer }) => buffer));
    const again = Array.from({ length: 65 }, () => buffers.take(2 ** 20));
    expect(again.filter(({ buffer }) => known.has(buffer))).toHaveLength(64);
  });
});
