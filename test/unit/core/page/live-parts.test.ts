import { describe, expect, it } from 'vitest';
import { changedPaths, partsOf, partsJson, withParts } from '../../../../src/core/page/live-parts.ts';

const messageIn: (json: string) => Record<string, unknown> = JSON.parse;

/** The state of a page that was sent the differences between each state and the next. */
function followed(states: readonly object[]): Record<string, unknown> {
  let parts: ReadonlyMap<string, string> = new Map();
  let page: Record<string, unknown> | null = null;
  for (const state of states) {
    const now = partsOf(state);
    page = withParts(page, messageIn(partsJson(now, changedPaths(parts, now))));
    parts = now;
  }
  return page ?? {};
}

const row = (id: number, count = 0): object => ({ id, count, names: ['a', 'b'] });

describe('the parts of what a live page shows', () => {
  const first = { totals: { found: 1 }, classes: [row(1), row(2), row(3)], queries: [], note: null };

  it.each([
    ['nothing', first],
    ['a value', { ...first, totals: { found: 2 } }],
    ['a row', { ...first, classes: [row(1), row(2, 5), row(3)] }],
    ['a list that grows', { ...first, queries: [row(9)], classes: [...first.classes, row(4)] }],
    ['a list that shrinks', { ...first, classes: [row(1)] }],
    ['a list that is emptied', { ...first, classes: [] }],
    ['null that becomes an object', { ...first, note: { at: 1 } }],
  ])('come to the whole again after a change of %s', (_what, second) => {
    expect(followed([first, second])).toEqual(second);
    expect(followed([first, second, first, second])).toEqual(second);
  });

  it('that are sent are only those that changed', () => {
    const parts = partsOf({ ...first, classes: [row(1), row(2, 5), row(3)] });
    expect(changedPaths(partsOf(first), parts)).toEqual(['classes#1']);
    expect(partsJson(parts, ['classes#1'])).toBe('{"classes#1":{"id":2,"count":5,"names":["a","b"]}}');
  });

  it('leave the lists of the page before as they were', () => {
    const page = withParts(null, messageIn(partsJson(partsOf(first), partsOf(first).keys())));
    withParts(page, { 'classes#0': row(7), 'classes#': 1 });
    expect(page).toEqual(first);
  });
});
