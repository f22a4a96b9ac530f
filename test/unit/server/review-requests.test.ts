import { describe, expect, it } from 'vitest';
import { REVIEW_ORDERS } from '../../../src/review/desk/desk.ts';
import { actionsOf, indexQuery } from '../../../src/server/review-requests.ts';
import { sha256Of } from '../../support/sha256.ts';

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
