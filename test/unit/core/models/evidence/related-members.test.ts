import { describe, expect, it } from 'vitest';
import { decide } from '../../../../../src/core/filter/rule/decide.ts';
import { summariseCrop, type PhotoEvidence } from '../../../../../src/core/models/evidence/evidence.ts';
import { gained, overOurs, placesIn, withRelated } from '../../../../../src/core/models/evidence/related-members.ts';
import { emptyMatrix, essence, POLICIES, reveal } from '../../filter/rule/cases.ts';
import { seededRandom } from '../../../../support/random.ts';

describe('evidence over more classes', () => {
  it.each(POLICIES)(
    'decides as our member would, at once or after the missing crops ran: $aggregation, $members',
    (rules) => {
      const random = seededRandom(8);
      const places = [1, 2, 4];
      const counts = { dropped: 0, kept: 0, undecided: 0 };
      for (let i = 0; i < 600; i += 1) {
        const policy = { ...rules, threshold: random.pick([0.1, 0.3, 0.5]) };
        const logits = emptyMatrix(2).map((row) =>
          row.map(() => Float32Array.from({ length: 6 }, (_, at) => random.below(3) - (at === 2 ? i % 5 : 0))),
        );
        const overAll = logits.map((row) => row.map((crop) => overOurs(summariseCrop(crop, []), places, [1])));
        const [share, logitShare] = [random.pick([0.2, 1]), random.pick([0, 0.5, 1])];
        const theirs: PhotoEvidence = logits.map((row) =>
          row.map((crop) => {
            if (random.next() > share) return null;
            const cell = summariseCrop(crop, [2]);
            return overOurs(random.next() < logitShare ? cell : { ...cell, logits: null }, places, [1]);
          }),
        );
        const ours: PhotoEvidence = overAll.map((row) =>
          row.map((cell) => (random.next() < 0.2 ? { ...cell, logits: null } : null)),
        );
        const known = ours.map((row, member) => [...withRelated(row, theirs[member] ?? [])]);
        const verdict = decide(known, 1, policy);
        const wanted = decide(overAll, 1, policy);
        counts[verdict.state] += 1;
        expect([{ state: 'undecided' }, essence(wanted)]).toContainEqual(essence(verdict));
        // Runs the missing crops until the photo is decided.
        let end = verdict;
        while (end.state === 'undecided') {
          const { member = -1, crop = -1 } = random.shuffle(end.missing)[0] ?? {};
          const cell = overAll[member]?.[crop];
          if (cell === undefined || known[member]?.[crop]?.logits) throw new Error(`nothing to run: ${i}`);
          reveal(known, { member, crop }, cell);
          end = decide(known, 1, policy);
        }
        expect(essence(end)).toEqual(essence(wanted));
      }
      expect(Math.min(counts.dropped, counts.kept, counts.undecided)).toBeGreaterThan(10);
    },
  );

  it('equals our evidence to the last bit if it has logits, and only then is stored as ours', () => {
    const cell = summariseCrop(Float32Array.of(0, 5, 1, 9), [1]);
    const places = placesIn(['a', 'b', 'c', 'd'], ['b', 'c']) ?? [];
    const whole = overOurs(cell, places, [0]);
    expect(whole).toEqual(summariseCrop(Float32Array.of(5, 1), [0]));
    const bound = overOurs({ ...cell, logits: null }, places, [0, 1]);
    // Class d came first, which is not in our list; p(c) is not known.
    expect(bound).toMatchObject({ top1: -1, logits: null, isBound: true });
    expect(bound.trueProbs).toEqual(new Map([[0, cell.trueProbs.get(1)]]));
    const known = withRelated([null, null, whole], [whole, bound, bound]);
    expect(known.slice(0, 3)).toEqual([whole, bound, whole]);
    expect(gained([[null, null, whole]], [known])[0]?.slice(0, 3)).toEqual([whole, null, null]);
  });

  it('is not used if a class is missing or the order differs', () => {
    expect(placesIn(['a', 'b', 'c'], ['a', 'c'])).toEqual([0, 2]);
    expect(placesIn(['a', 'b', 'c'], ['a', 'd'])).toBeNull();
    expect(placesIn(['b', 'a'], ['a', 'b'])).toBeNull();
  });
});
