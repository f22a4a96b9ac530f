import { describe, expect, it } from 'vitest';
import { ruleText } from '../../../../../src/web/pages/photos/tile.ts';

describe('the rule that dropped a photo', () => {
  it.each([
    [{ reason: 'confident', maxTrueProb: 0.1724, confusionProb: 0.9 }, 0.15, '0.172 is above 0.15'],
    [{ reason: 'confident', maxTrueProb: 0.15003, confusionProb: 0.9 }, 0.15, '0.15003 is above 0.15'],
    [{ reason: 'not-confident', maxTrueProb: null, confusionProb: 0.31 }, 0.5, '0.310 is below 0.5'],
    [{ reason: 'correct', maxTrueProb: 0.9, confusionProb: 0.9 }, 0.15, null],
  ])('%j with the threshold %s: %s', (photo, threshold, text) => {
    expect(ruleText(photo, threshold)).toBe(text);
  });
});
