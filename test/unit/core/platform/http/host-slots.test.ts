import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { HostSlots } from '../../../../../src/core/platform/http/http-client.ts';

describe('HostSlots', () => {
  it('lets a fixed number work on each host at the same time, and serves callers in order', async () => {
    const slots = new HostSlots(3);
    const active = { a: 0, b: 0 };
    const most = { a: 0, b: 0 };
    const started: number[] = [];
    const work = (host: 'a' | 'b', index: number): Promise<void> =>
      slots.run(host, async () => {
        if (host === 'a') started.push(index);
        active[host] += 1;
        most[host] = Math.max(most[host], active[host]);
        await turn();
        active[host] -= 1;
        if (index % 2 === 0) throw new Error('failed');
      });
    const all = Array.from({ length: 50 }, (_, index) => [work('a', index), work('b', index)]).flat();
    const settled = await Promise.allSettled(all);
    expect(settled.filter(({ status }) => status === 'rejected')).toHaveLength(50);
    expect(most).toEqual({ a: 3, b: 3 });
    expect(started).toEqual(started.toSorted((x, y) => x - y));
    expect(active).toEqual({ a: 0, b: 0 });
  });

  it('works again after it was idle', async () => {
    const slots = new HostSlots(1);
    await expect(slots.run('a', () => Promise.resolve(1))).resolves.toBe(1);
    await expect(slots.run('a', () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    await expect(slots.run('a', () => Promise.resolve(2))).resolves.toBe(2);
  });
});
