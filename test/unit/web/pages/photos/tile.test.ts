import { describe, expect, it } from 'vitest';
import { ruleText } from '../../../../../src/web/pages/photos/tile.ts';

describe('the rule that dropped a photo', () => {
  it.each([
    ['confident', 0.1724, 0.9, 0.15, '0.172 is above 0.15'],
    ['confident', 0.15003, 0.9, 0.15, '0.15003 is above 0.15'],
    ['not-confident', null, 0.31, 0.5, '0.310 is below 0.5'],
    ['correct', 0.9, 0.9, 0.15, null],
  ])('%s, p %s, confidence %s, limit %s: %s', (reason, maxTrueProb, confusionProb, threshold, text) => {
    expect(ruleText({ reason, maxTrueProb, confusionProb }, threshold)).toBe(text);
  });
});
