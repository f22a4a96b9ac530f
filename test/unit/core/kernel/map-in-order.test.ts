import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { mapInOrder } from '../../../../src/core/kernel/map-in-order.ts';

const { signal } = new AbortController();

async function* numbers(count: number, taken: number[] = []): AsyncGenerator<number> {
  for (let number = 0; number < count; number++) {
    taken.push(number);
    yield number;
  }
}

async function turns(count: number): Promise<void> {
  for (let turned = 0; turned < count; turned++) await turn();
}

async function collect<T>(items: AsyncIterable<T>, into: T[] = []): Promise<T[]> {
  for await (const item of items) into.push(item);
  return into;
}

describe('mapInOrder', () => {
  it('yields in the order of the items even if later calls end first', async () => {
    const mapped = mapInOrder(numbers(20), { limit: 4, signal }, async (number) => {
      await turns(20 - number);
      return number;
    });
    expect(await collect(mapped)).toEqual(Array.from({ length: 20 }, (_, number) => number));
  });

  it('runs exactly as many concurrent calls as the limit allows', async () => {
    let underWay = 0;
    const seen: number[] = [];
    const mapped = mapInOrder(numbers(30), { limit: 5, signal }, async () => {
      seen.push(++underWay);
      await turns(3);
      underWay--;
    });
    await collect(mapped);
    expect(Math.max(...seen)).toBe(5);
  });

  it('takes no further item while its consumer pauses', async () => {
    const taken: number[] = [];
    const mapped = mapInOrder(numbers(100, taken), { limit: 4, signal }, async (number) => number);
    await mapped.next();
    await turns(10);
    expect(taken.length).toBe(4);
    await mapped.return();
  });

  it('yields the results before a failed call, then throws its error after all calls have ended', async () => {
    let underWay = 0;
    const mapped = mapInOrder(numbers(10), { limit: 3, signal }, async (number) => {
      underWay++;
      await turns(number === 3 ? 1 : 5);
      underWay--;
      if (number >= 3) throw new Error(`call ${number}`);
      return number;
    });
    const results: number[] = [];
    await expect(collect(mapped, results)).rejects.toThrow('call 3');
    expect([results, underWay]).toEqual([[0, 1, 2], 0]);
  });

  it('aborts the running calls and awaits them when its consumer stops', async () => {
    const ends: string[] = [];
    const mapped = mapInOrder(numbers(10), { limit: 3, signal }, async (number, stopped) => {
      if (number === 0) return;
      while (!stopped.aborted) await turn();
      ends.push(`call ${number} saw it`);
    });
    for await (const _ of mapped) break;
    expect(ends).toEqual(['call 1 saw it', 'call 2 saw it']);
  });

  it('passes on the abort reason of its signal', async () => {
    const controller = new AbortController();
    const mapped = mapInOrder(numbers(3), { limit: 2, signal: controller.signal }, async (_, stopped) => {
      while (!stopped.aborted) await turn();
      stopped.throwIfAborted();
    });
    const all = collect(mapped);
    controller.abort(new Error('Ctrl-C'));
    await expect(all).rejects.toThrow('Ctrl-C');
  });
});
