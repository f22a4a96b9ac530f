import { describe, expect, it } from 'vitest';
import { sharedReadings } from '../../../../../src/web/server/live/shared-reading.ts';

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

const ann = { holder: 'ann', signal: new AbortController().signal };
const beth = { holder: 'beth', signal: new AbortController().signal };
const leaver = (holder = 'ann') => {
  const closed = new AbortController();
  return { leave: () => closed.abort(), asker: { holder, signal: closed.signal } };
};

describe('shared readings', () => {
  it('serve all who ask before the reading begins, and those who ask later by the next', async () => {
    const { began, read, settle } = readings();
    const readShared = sharedReadings<string>(1);
    const first = ['a', 'a', 'a'].map((name) => readShared(name, read(name), ann));
    await settle();
    const second = readShared('a', read('a'), ann);
    await settle();
    expect([...(await Promise.all(first)), await second]).toEqual(['a 1', 'a 1', 'a 1', 'a 2']);
    expect(began).toHaveLength(2);
  });

  it('run no more at once than they may', async () => {
    const { began, read, settle } = readings();
    const readShared = sharedReadings<string>(2);
    const all = ['a', 'b', 'c'].map((name) => readShared(name, read(name), ann));
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
    const failing = readShared('a', () => Promise.reject(new Error('gone')), { ...ann, keepMs: 60_000 });
    await expect(failing).rejects.toThrow('gone');
    const first = readShared('a', read('a'), { ...ann, keepMs: 60_000 });
    await settle();
    const second = readShared('a', read('a'), { ...ann, keepMs: 60_000 });
    expect([await first, await second]).toEqual(['a 1', 'a 1']);
  });

  it('that wait for their turn never begin when all who asked have gone, and serve those who stay', async () => {
    const { began, read, settle } = readings();
    const readShared = sharedReadings<string>(1);
    const first = readShared('a', read('a'), ann);
    const [one, other] = [leaver(), leaver('beth')];
    const left = [readShared('b', read('b'), one.asker), readShared('c', read('c'), other.asker)];
    const stays = readShared('c', read('c'), ann);
    for (const { leave } of [one, other]) leave();
    for (const reading of left) await expect(reading).rejects.toMatchObject({ statusCode: 499 });
    await settle();
    await settle();
    expect([await first, await stays, began]).toEqual(['a 1', 'c 2', ['a', 'c']]);
  });

  it('that run learn that nobody waits for them', async () => {
    const readShared = sharedReadings<string>(1);
    const { leave, asker } = leaver();
    let seen: AbortSignal | null = null;
    const reading = readShared('a', (signal) => new Promise(() => (seen = signal)), asker);
    await new Promise((resolve) => setImmediate(resolve));
    expect(seen).toMatchObject({ aborted: false });
    leave();
    await expect(reading).rejects.toMatchObject({ statusCode: 499 });
    expect(seen).toMatchObject({ aborted: true });
  });

  it('are eight of one person at most, until one of them ends or is left; others are served', async () => {
    const { read, settle } = readings();
    const readShared = sharedReadings<string>(1);
    const last = leaver();
    const own = Array.from({ length: 8 }, (_, i) => readShared(`${i}`, read(`${i}`), i === 7 ? last.asker : ann));
    const lost = own[7]?.catch((error: unknown) => error);
    const ask = (name: string, asker = ann): Promise<string> => readShared(name, read(name), asker);
    await expect(ask('more')).rejects.toMatchObject({ statusCode: 429 });
    const joined = ask('3');
    const others = ask('of beth', beth);
    last.leave();
    expect(await lost).toMatchObject({ statusCode: 499 });
    const more = ask('more');
    await expect(ask('again')).rejects.toMatchObject({ statusCode: 429 });
    for (let i = 0; i < 12; i += 1) await settle();
    expect(await Promise.all([joined, others, more])).toEqual(['3 4', 'of beth 8', 'more 9']);
  });
});
