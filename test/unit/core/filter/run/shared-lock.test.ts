import { describe, expect, it } from 'vitest';
import { SharedLock } from '../../../../../src/core/filter/run/shared-lock.ts';

/** Work that records its beginning and end, and ends when the test says so. */
function recorder() {
  const seen: string[] = [];
  const ends = new Map<string, (error?: Error) => void>();
  const work = (name: string) => () =>
    new Promise<string>((resolve, reject) => {
      seen.push(`${name} begins`);
      ends.set(name, (error) => {
        seen.push(`${name} ends`);
        if (error === undefined) resolve(name);
        else reject(error);
      });
    });
  const settled = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));
  return {
    seen,
    work,
    settled,
    end: async (name: string, error?: Error): Promise<void> => {
      ends.get(name)?.(error);
      await settled();
    },
  };
}

describe('SharedLock', () => {
  it('runs shared holders together and an exclusive holder alone, after earlier holders and before later ones', async () => {
    const { seen, work, settled, end } = recorder();
    const turns = new SharedLock();
    const all = [
      turns.shared(work('a')),
      turns.shared(work('b')),
      turns.exclusive(work('ONE')),
      turns.exclusive(work('TWO')),
      turns.shared(work('c')),
    ];
    await settled();
    expect(seen).toEqual(['a begins', 'b begins']);
    await end('a');
    expect(seen.at(-1)).toBe('a ends');
    await end('b');
    expect(seen.slice(3)).toEqual(['b ends', 'ONE begins']);
    await end('ONE');
    await end('TWO');
    await end('c');
    expect(seen.slice(4)).toEqual(['ONE begins', 'ONE ends', 'TWO begins', 'TWO ends', 'c begins', 'c ends']);
    expect(await Promise.all(all)).toEqual(['a', 'b', 'ONE', 'TWO', 'c']);
  });

  it('continues after an error of either kind, which only its own caller gets', async () => {
    const { work, settled, end } = recorder();
    const turns = new SharedLock();
    const failing = turns.shared(work('a'));
    const alone = turns.exclusive(work('ONE'));
    const last = turns.shared(work('b'));
    const outcomes = Promise.allSettled([failing, alone, last]);
    await settled();
    await end('a', new Error('broken'));
    await end('ONE', new Error('broken, too'));
    await end('b');
    expect((await outcomes).map(({ status }) => status)).toEqual(['rejected', 'rejected', 'fulfilled']);
  });
});
