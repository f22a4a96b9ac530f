import { describe, expect, it } from 'vitest';
import { sharedReadings } from '../../../../src/server/live/shared-reading.ts';

function readings() {
  const began: string[] = [];
  const ends: (() => void)[] = [];
  const read = (name: string) => async (): Promise<string> => {
    began.push(name);
    await new Promise<void>((resolve) => ends.push(resolve));
    return `${name} ${began.length}`;
  };
  const settle = async (): Promise<void> => {
    await new Promise((resolve) => setImmediate(resolve));
    ends.shift()?.();
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { began, read, settle };
}

describe('shared readings', () => {
  it('serve all who ask before the reading begins, and those who ask later by the next', async () => {
    const { began, read, settle } = readings();
    const readShared = sharedReadings<string>(1);
    const first = ['a', 'a', 'a'].map((name) => readShared(name, read(name)));
    await settle();
    const second = readShared('a', read('a'));
    await settle();
    expect([...(await Promise.all(first)), await second]).toEqual(['a 1', 'a 1', 'a 1', 'a 2']);
    expect(began).toHaveLength(2);
  });

  it('run no more at once than they may', async () => {
    const { began, read, settle } = readings();
    const readShared = sharedReadings<string>(2);
    const all = ['a', 'b', 'c'].map((name) => readShared(name, read(name)));
    await new Promise((resolve) => setImmediate(resolve));
    expect(began).toEqual(['a', 'b']);
    await settle();
    expect(began).toEqual(['a', 'b', 'c']);
    await settle();
    await settle();
    expect(await Promise.all(all)).toHaveLength(3);
  });

  it('that are kept serve those who ask during them and afterwards, but not after a failure', async () => {
    const { read, settle } = readings();
    const readShared = sharedReadings<string>(1);
    const failing = readShared('a', () => Promise.reject(new Error('gone')), 60_000);
    await expect(failing).rejects.toThrow('gone');
    const first = readShared('a', read('a'), 60_000);
    await settle();
    const second = readShared('a', read('a'), 60_000);
    expect([await first, await second]).toEqual(['a 1', 'a 1']);
  });
});
