import { describe, expect, it } from 'vitest';
import { isNearlyUsedUp, keyBudget } from '../../../../../src/core/crawl/network/budget.ts';
import { limitStateOf, UNUSED_KEY, type PermitState } from '../../../../../src/core/crawl/sources/politeness.ts';

const NOW_US = Date.parse('2026-03-01T12:00:00Z') * 1000;
const asked = {
  key: 'source:inaturalist',
  limits: { requestsPerMinute: 62, requestsPerDay: 100, bytesPerHour: null, bytesPerDay: 5000 },
  minSpacingMs: 0,
};

function budget(state: Partial<PermitState>): ReturnType<typeof keyBudget> {
  return keyBudget(limitStateOf(asked, { ...UNUSED_KEY, ...state }, NOW_US));
}

describe('the budget of a key', () => {
  it('that nobody used is whole', () => {
    expect(budget({})).toEqual({
      key: 'source:inaturalist',
      requestsPerMinute: { limit: 62, left: 61 },
      requestsPerDay: { limit: 100, used: 0, left: 100 },
      bytesPerHour: null,
      bytesPerDay: { limit: 5000, used: 0, left: 5000 },
      waits: null,
      circuit: 'closed',
      blocks: 0,
    });
  });

  it('is what is left; the spacing between two requests is no wait', () => {
    const used = budget({ seenUs: NOW_US, dueUs: NOW_US + 900_000, requestsDay: [97], bytesDay: [4000.4] });
    expect(used).toMatchObject({
      requestsPerMinute: { left: 3 },
      requestsPerDay: { used: 97, left: 3 },
      bytesPerDay: { used: 4000, left: 1000 },
      waits: null,
    });
  });

  it('says what the site said and until when it is left alone', () => {
    const heldUntilUs = NOW_US + 120_000_000;
    expect(budget({ seenUs: NOW_US, heldUntilUs, holdReason: 'HTTP 429' })).toMatchObject({
      requestsPerMinute: { left: 0 },
      waits: { reason: 'retry-after', until: '2026-03-01T12:02:00.000Z', said: 'HTTP 429' },
    });
    const tripped = { trips: 2, trippedUntilUs: NOW_US + 3_600_000_000, tripReason: 'HTTP 403' };
    expect(budget(tripped)).toMatchObject({
      circuit: 'open',
      blocks: 2,
      waits: { reason: 'circuit-open', until: '2026-03-01T13:00:00.000Z', said: 'HTTP 403' },
    });
  });

  it('is nearly used up when less than a tenth is left', () => {
    expect([9, 10, 0].map((left) => isNearlyUsedUp({ limit: 100, used: 100 - left, left }))).toEqual([
      true,
      false,
      true,
    ]);
  });
});
