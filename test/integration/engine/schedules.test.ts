import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startEngine } from '../../../src/filter/engine/engine.process.ts';
import { decide, type Outcome } from '../../../src/filter/rule/decide.ts';
import type { EvaluationTask } from '../../../src/filter/engine/evaluated-photo.ts';
import type { Policy } from '../../../src/filter/rule/policy.ts';
import { essence } from '../../unit/filter/rule/cases.ts';
import { seededRandom } from '../../support/random.ts';
import { engineSpec, putSamples, taskOf, type EngineSpec } from './spec.ts';

const PHOTOS = 6;
/** So low that single crops drop photos whose class is wrong. */
const LOW = 1e-4;
const POLICY: Policy = { threshold: 0.15, aggregation: 'max', members: 'any' };

describe('decisions of sample photos with the real models', () => {
  let blobsDir = '';
  let tasks: EvaluationTask[] = [];
  beforeAll(async () => {
    blobsDir = await mkdtemp(path.join(tmpdir(), 'winnow-schedules-'));
    // Every other photo has its true class, the first of the classes. The rest have other classes.
    tasks = (await putSamples(blobsDir, PHOTOS)).map((sha256, i) => taskOf(sha256, i % 2 === 0 ? i : 50 + i));
  });
  afterAll(() => rm(blobsDir, { recursive: true }));

  interface How {
    readonly threads: number;
    readonly batchPhotos: number;
    readonly seed: number;
  }

  /** The verdict on each photo, in the order of `tasks`, from an engine that gets them shuffled and in batches. */
  async function verdictsOf(changes: Partial<EngineSpec>, how: How, policy = POLICY): Promise<Outcome[]> {
    const spec = await engineSpec(blobsDir, { policy, ...changes });
    const engine = await startEngine(spec, how.threads);
    try {
      const order = seededRandom(how.seed).shuffle(tasks.map((_, i) => i));
      const verdicts = new Map<number, Outcome>();
      const batches = inBatches(order, how.batchPhotos).map(async (batch) => {
        const results = await engine.evaluate(batch.flatMap((i) => tasks[i] ?? []));
        for (const [at, i] of batch.entries()) {
          const evidence = results[at]?.fresh ?? [];
          verdicts.set(i, decide(evidence, tasks[i]?.truths[0] ?? -1, policy));
        }
      });
      await Promise.all(batches);
      return tasks.flatMap((_, i) => verdicts.get(i) ?? []);
    } finally {
      await engine.close();
    }
  }

  /**
   * State and confusion of each photo. With several crops in a pass, a logit may differ in its last bits from a pass of one
   * crop, and so may the probability of a confusion.
   */
  async function decisions(changes: Partial<EngineSpec>, how: How): Promise<object[]> {
    return (await verdictsOf(changes, how)).map((verdict) => ({ ...essence(verdict), confusionProb: null }));
  }

  it('have the same reason and deciding crop for all numbers of threads and orders of photos', async () => {
    const reasons = async (how: How): Promise<object[]> =>
      (await verdictsOf({}, how, { ...POLICY, threshold: LOW })).map((verdict) =>
        verdict.state === 'dropped'
          ? { reason: verdict.reason, decidedBy: verdict.decidedBy }
          : { state: verdict.state },
      );
    const first = await reasons({ threads: 1, batchPhotos: 3, seed: 1 });
    expect(first.filter((one) => 'reason' in one).length).toBeGreaterThan(3);
    expect(await reasons({ threads: 2, batchPhotos: 10, seed: 2 })).toEqual(first);
    expect(await reasons({ threads: 3, batchPhotos: 1, seed: 3 })).toEqual(first);
  });

  it('are the same for all numbers of threads, sizes of passes and batches, and orders of photos', async () => {
    const all = await decisions({ evaluate: 'all', cropsPerPass: 1 }, { threads: 1, batchPhotos: 3, seed: 1 });
    expect(new Set(all.map((verdict) => JSON.stringify(verdict).slice(0, 16))).size).toBe(2);
    expect(await decisions({ cropsPerPass: 2 }, { threads: 1, batchPhotos: 10, seed: 2 })).toEqual(all);
    expect(await decisions({ cropsPerPass: 5 }, { threads: 2, batchPhotos: 2, seed: 3 })).toEqual(all);
  });
});

function inBatches(items: readonly number[], size: number): number[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size));
}
