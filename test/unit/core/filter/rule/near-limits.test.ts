import { describe, expect, it } from 'vitest';
import { decide } from '../../../../../src/core/filter/rule/decide.ts';
import { decideModeO } from '../../../../../src/core/filter/rule/decide-mode-o.ts';
import { LOGIT_TOLERANCE, withoutDoubtful } from '../../../../../src/core/filter/rule/near-limits.ts';
import { ranOn, summariseCrop, type PhotoEvidence } from '../../../../../src/core/models/evidence/evidence.ts';
import { seededRandom, type Random } from '../../../../support/random.ts';
import { POLICIES, randomCase, type Case } from './cases.ts';

/** The numbers of an outcome that may differ. */
const PROBS = { maxTrueProb: 0, confusionProb: 0 };

/** Each logit moved by at most `reach`. */
function moved({ logits }: Pick<Case, 'logits'>, random: Random, reach: number): Case['logits'] {
  return logits.map((crops) => crops.map((row) => row.map((logit) => logit + reach * (2 * random.next() - 1))));
}

function evidenceOf(logits: Case['logits'], { truth, sigmoid }: Required<Case>): PhotoEvidence {
  return logits.map((crops, member) => crops.map((row) => summariseCrop(row, [truth], sigmoid[member])));
}

describe('evidence within the tolerance of an import', () => {
  it.each(POLICIES)('decides as the true one unless it is left out: $aggregation, $members', (rules) => {
    const random = seededRandom(32);
    let [kept, leftOut] = [0, 0];
    for (let i = 0; i < 400; i += 1) {
      const made = randomCase(random, rules);
      const { truth, policy } = made;
      // Half of the cases have gaps near the tolerance.
      const own = moved(made, random, i % 2 === 0 ? 0.05 : 1);
      const imported = ranOn('imported', evidenceOf(moved({ logits: own }, random, LOGIT_TOLERANCE), made));
      if (withoutDoubtful(imported, [truth], [policy]) !== imported) {
        leftOut += 1;
        continue;
      }
      kept += 1;
      const [given, right] = [decide(imported, truth, policy), decide(evidenceOf(own, made), truth, policy)];
      expect({ ...given, ...PROBS }).toEqual({ ...right, ...PROBS });
    }
    expect(Math.min(kept, leftOut)).toBeGreaterThan(40);
  });

  it('decides mode O as the true one unless it is left out', () => {
    const random = seededRandom(33);
    let kept = 0;
    for (let i = 0; i < 300; i += 1) {
      const made = randomCase(random, { aggregation: 'mean', members: 'any' });
      const policy = { mode: 'O', minConfidence: made.policy.threshold, predictable: [0, 1] } as const;
      const own = moved(made, random, 0.5);
      const imported = ranOn('imported', evidenceOf(moved({ logits: own }, random, LOGIT_TOLERANCE), made));
      if (withoutDoubtful(imported, [null], [policy]) !== imported) continue;
      kept += 1;
      expect(decideModeO(imported, policy).state).toBe(decideModeO(evidenceOf(own, made), policy).state);
    }
    expect(kept).toBeGreaterThan(60);
  });
});
