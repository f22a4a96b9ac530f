import { describe, expect, it } from 'vitest';
import { DROPPED_REASONS, FAILED_REASONS } from '../../../../src/kernel/reasons.ts';
import { problemOf } from '../../../../src/platform/http/http-outcome.ts';

describe('problemOf', () => {
  it('drops photos that a rule refused, and fails photos that could not be fetched', () => {
    for (const reason of DROPPED_REASONS) {
      expect(problemOf({ reason, detail: 'why' })).toEqual({ state: 'dropped', reason, detail: 'why' });
    }
    for (const reason of FAILED_REASONS) {
      expect(problemOf({ reason, detail: 'why' })).toEqual({ state: 'failed', reason, detail: 'why' });
    }
  });
});
