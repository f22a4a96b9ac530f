import { describe, expect, it } from 'vitest';
import { REVIEW_ORDERS } from '../../../../src/core/review/desk/desk.ts';
import { actionsOf, indexQuery } from '../../../../src/web/server/review-requests.ts';
import { sha256Of } from '../../../support/sha256.ts';

describe('the order "noise" of photos, which older versions had', () => {
  it('is refused by the list of photos', () => {
    expect(REVIEW_ORDERS.map((order) => indexQuery.safeParse({ order }).success)).not.toContain(false);
    expect(indexQuery.safeParse({ order: 'noise' }).success).toBe(false);
  });

  it('is accepted in a verdict that a browser stored before and sends now', async () => {
    const value = { verdict: 'accept', reason: null, shownBy: 'noise' };
    const subjects = [{ sha256: sha256Of('a'), wnid: 'n01' }];
    const action = { kind: 'verdict', sequence: 1, at: '2026-11-26T12:00:00Z', subjects, value };
    expect((await actionsOf({ client: 'tab', actions: [action] })).actions).toHaveLength(1);
  });
});

const AT = '2026-11-26T12:00:00.000Z';
const photo = (i: number) => ({ sha256: i.toString(16).padStart(64, '0'), wnid: 'n01440764' });
const flag = (subjects: readonly unknown[]) => ({
  kind: 'flag',
  sequence: 1,
  at: AT,
  subjects,
  value: { flagged: true },
});

const bodyOf = (...actions: readonly object[]): object => ({ client: 'tab', actions });

describe('a body of actions', () => {
  it('with many photos is checked in slices, between which other work goes on', async () => {
    const order: string[] = [];
    setImmediate(() => order.push('other work'));
    await actionsOf(bodyOf(flag(Array.from({ length: 3_000 }, (_, i) => photo(i)))));
    order.push('checked');
    expect(order).toEqual(['other work', 'checked']);
  });

  it('with a wrong photo is refused with its place and value', async () => {
    const subjects = [...Array.from({ length: 1_500 }, (_, i) => photo(i)), { sha256: 'ABC', wnid: 'n01440764' }];
    await expect(actionsOf(bodyOf(flag([photo(1)]), flag(subjects)))).rejects.toThrow(
      "Expected 'actions.1.subjects.1500.sha256' otherwise (a SHA-256: 64 lower-case hex digits) but received 'ABC'",
    );
  });

  it('with more photos than a request may hold is refused before they are looked at, with both numbers', async () => {
    const empty = Array.from({ length: 100_000 }, () => ({}));
    await expect(actionsOf(bodyOf(flag(empty), flag(empty)))).rejects.toThrow(
      'Expected at most 20000 photos in a request but received 200000',
    );
  });
});
