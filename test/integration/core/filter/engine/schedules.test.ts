import { describe, expect, it } from 'vitest';
import { startEngine } from '../../../../../src/core/filter/engine/thread-pool.process.ts';
import { decide } from '../../../../../src/core/filter/rule/decide.ts';
import type { EvaluationTask } from '../../../../../src/core/filter/engine/evaluated-photo.ts';
import type { Policy } from '../../../../../src/core/filter/rule/policy.ts';
import { seededRandom } from '../../../../support/random.ts';
import { engineSpec, putSamples, taskOf } from './spec.ts';
import { testFolder } from '../../../../support/test-app.ts';

/** So low a threshold that single crops also drop photos of another class. */
const POLICY: Policy = { threshold: 1e-4, aggregation: 'max', members: 'any' };

describe('the reason of a drop', () => {
  it('is the same for all numbers of threads and orders of photos', async () => {
    const blobsDir = await testFolder();
    // Every other photo has its true class, the first of the classes. The rest have other classes.
    const tasks = (await putSamples(blobsDir, 6)).map((sha256, i) => taskOf(sha256, i % 2 === 0 ? i : 50 + i));
    const first = await dropsOf(blobsDir, tasks, 1);
    expect(first.filter((drop) => drop !== null).length).toBeGreaterThan(3);
    expect(await dropsOf(blobsDir, tasks, 2)).toEqual(first);
    expect(await dropsOf(blobsDir, tasks, 3)).toEqual(first);
  });
});

/** Reason and deciding crop of each dropped photo, from an engine that gets the photos one by one in another order. */
async function dropsOf(blobsDir: string, tasks: readonly EvaluationTask[], threads: number): Promise<unknown[]> {
  const engine = await startEngine(await engineSpec(blobsDir, { policies: [POLICY] }), threads);
  try {
    const drops = new Map<EvaluationTask, unknown>();
    const shuffled = seededRandom(threads)
      .shuffle(tasks)
      .map(async (task) => {
        const [result] = await engine.evaluate([task]);
        const outcome = decide(result?.fresh ?? [], task.truths[0] ?? -1, POLICY);
        drops.set(task, outcome.state === 'dropped' ? [outcome.reason, outcome.decidedBy] : null);
      });
    await Promise.all(shuffled);
    return tasks.map((task) => drops.get(task));
  } finally {
    await engine.close();
  }
}
