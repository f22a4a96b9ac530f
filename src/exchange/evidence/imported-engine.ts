import {
  mergeEvidence,
  noCrops,
  ranOn,
  summariseCrop,
  type CropEvidence,
  type PhotoEvidence,
} from '../../core/models/evidence/evidence.ts';
import type { EvaluationResult, EvaluationTask } from '../../core/filter/engine/evaluated-photo.ts';
import type { FilterEngine } from '../../core/filter/engine/thread-pool.process.ts';
import { cropsToEvaluate } from '../../core/filter/rule/crops-to-evaluate.ts';
import { withoutDoubtful } from '../../core/filter/rule/near-limits.ts';
import type { FilterPolicy } from '../../core/filter/rule/policy.ts';

/** The logits of a photo: for each member, in the order of the ensemble, those of its ten crops, or null if it has none. */
export type ImportedLogits = readonly (readonly Float32Array[] | null)[];

export interface ImportedEngineDeps {
  readonly own: Pick<FilterEngine, 'evaluate'>;
  readonly policies: readonly FilterPolicy[];
  /** For each member, true if p of a class is its own sigmoid. */
  readonly sigmoid: readonly boolean[];
  /** Called with the number of photos that `own` evaluates. */
  readonly onAsked: (photos: number) => void;
}

/**
 * Answers with imported logits. It asks `own` about photos near the rule's limits, without imported evidence, and about those
 * that imported evidence does not decide.
 */
export function importedEngine(
  logitsOf: ReadonlyMap<string, ImportedLogits>,
  { own, onAsked, ...rules }: ImportedEngineDeps,
): Pick<FilterEngine, 'evaluate'> {
  return {
    async evaluate(tasks) {
      const given = tasks.map((task) => givenFor(task, { logits: logitsOf.get(task.sha256) ?? [], ...rules }));
      const open = given.flatMap(({ evidence }, i) => {
        const task = tasks[i];
        if (task === undefined) return [];
        const missing = cropsToEvaluate({ truths: task.truths, evidence }, { ...rules, evaluate: 'needed' });
        return missing.length > 0 ? [{ i, task: { ...task, evidence } }] : [];
      });
      onAsked(open.length);
      const answers = await own.evaluate(open.map(({ task }) => task));
      const answerOf = new Map(open.map(({ i }, at) => [i, answers[at]]));
      return given.map(({ fresh }, i): EvaluationResult => {
        const answer = answerOf.get(i);
        return answer === undefined
          ? { fresh, problem: null }
          : { ...answer, fresh: mergeEvidence(fresh, answer.fresh) };
      });
    },
  };
}

/** The imported cells that a photo lacks, and its evidence with them; without any if they must not decide it. */
function givenFor(
  { evidence, truths }: EvaluationTask,
  { logits, policies, sigmoid }: { logits: ImportedLogits } & Pick<ImportedEngineDeps, 'policies' | 'sigmoid'>,
): { fresh: PhotoEvidence; evidence: PhotoEvidence } {
  const known = truths.filter((truth) => truth !== null);
  const cells = evidence.map((stored, member) =>
    stored.map((cell, crop): CropEvidence | null => {
      const isKnown = cell !== null && cell.isBound !== true && cell.logits !== null;
      const row = logits[member]?.[crop];
      return isKnown || row === undefined ? null : summariseCrop(row, known, sigmoid[member]);
    }),
  );
  const fresh = ranOn('imported', cells);
  const merged = mergeEvidence(evidence, fresh);
  const safe = withoutDoubtful(merged, truths, policies);
  return safe === merged ? { fresh, evidence: merged } : { fresh: evidence.map(noCrops), evidence };
}
