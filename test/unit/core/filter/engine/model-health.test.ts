import { describe, expect, it } from 'vitest';
import { ModelHealth } from '../../../../../src/core/filter/engine/model-health.ts';
import type { EvaluationResult, EvaluationTask } from '../../../../../src/core/filter/engine/evaluated-photo.ts';
import { noEvidence, summariseCrop } from '../../../../../src/core/models/evidence/evidence.ts';
import { toSha256 } from '../../../../../src/core/kernel/ids.ts';

const CELL = summariseCrop(Float32Array.of(1, 2), [0]);

const taskOf = (n: number): EvaluationTask => ({
  sha256: toSha256(n.toString(16).padStart(64, '0')),
  truths: [0],
  evidence: noEvidence(2),
});

/** A photo with finite numbers from the first member. The second member has them only for `finite` crops. */
function photo(finite = 0): EvaluationResult {
  const fresh = noEvidence(2).map((cells, member) =>
    cells.map((_, crop) => (member === 0 || crop < finite ? CELL : null)),
  );
  return { fresh, problem: { kind: 'not-finite', detail: 'no numbers', members: [1] } };
}

function health(hasWorked = false) {
  const asked: number[] = [];
  const model = new ModelHealth({
    names: ['one', 'two'],
    hasWorked: (member) => {
      asked.push(member);
      return Promise.resolve(hasWorked);
    },
  });
  return {
    asked,
    look: (from: number, results: readonly EvaluationResult[]) =>
      model.look(
        results.map((_, i) => taskOf(from + i)),
        results,
      ),
  };
}

const photos = (count: number): EvaluationResult[] => Array.from({ length: count }, () => photo());

describe('a model that gives no finite number', () => {
  it('ends the run after the first 32 photos', async () => {
    const { look } = health();
    await look(0, photos(20));
    // Some photos are tried a second time: photos are counted, not tries.
    await look(0, photos(10));
    await look(20, photos(11));
    await expect(look(31, photos(1))).rejects.toMatchObject({
      name: 'StopTheRun',
      code: 'model-output',
      message: expect.stringMatching(/model 'two' .* none for any of the first 32 photos .*0{62}1f: no numbers/),
    });
  });

  it('ends the run at the same photo for every batch that finishes at the same time', async () => {
    const { look } = health();
    const ends = await Promise.allSettled([look(0, photos(31)), look(31, photos(31)), look(62, photos(31))]);
    await expect(look(93, photos(1))).rejects.toThrow('first 32 photos');
    expect(ends.map((end) => (end.status === 'rejected' ? String(end.reason) : end.status))).toEqual([
      'fulfilled',
      expect.stringMatching(/first 32 photos .*0{62}1f: no numbers/),
      expect.stringMatching(/first 32 photos .*0{62}1f: no numbers/),
    ]);
  });

  it('is not to blame after one finite crop in the run, even in the same batch', async () => {
    const { look, asked } = health();
    await look(0, [...photos(40), photo(1)]);
    await look(41, photos(2_000));
    expect(asked).toEqual([]);
  });

  it('ends the run later if it has given evidence before', async () => {
    const { look, asked } = health(true);
    await look(0, photos(999));
    await expect(look(999, photos(1))).rejects.toThrow('first 1000 photos');
    expect(asked).toEqual([1]);
  });
});
