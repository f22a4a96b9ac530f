import { describe, expect, it } from 'vitest';
import { groupBy } from '../../../../src/core/kernel/group-by.ts';

describe('groupBy', () => {
  it('keeps keys and items in the order of the input', () => {
    const groups = groupBy([5, 2, 7, 4, 9], (n) => (n % 2 === 0 ? 'even' : 'odd'));
    expect([...groups]).toEqual([
      ['odd', [5, 7, 9]],
      ['even', [2, 4]],
    ]);
  });

  it('accepts keys that plain objects cannot hold: undefined, and names such as __proto__', () => {
    expect([...groupBy(['__proto__', undefined, '__proto__'], (key) => key).keys()]).toEqual(['__proto__', undefined]);
    expect(groupBy([], (key) => key).size).toBe(0);
  });
});
