import { summariseCrop } from '../../models/evidence/evidence.ts';
import { hasSigmoid } from '../../models/evidence/member.ts';
import { readLogits } from '../../models/evidence/evidence.repository.ts';
import { classProblems } from '../verify/protocol-checks.ts';
import { ruleProblems, truthOfRow, type RuleProtocol } from '../verify/rule.ts';
import { ConfusionCounts } from '../verify/tally.ts';
import { inBatches } from '../../kernel/batches.ts';
import { StopTheRun, throwIfInterrupted } from '../../kernel/errors.ts';
import { photoIds } from '../../photo/photo.repository.ts';
import type { Workspace } from '../../models/workspace/workspace.process.ts';
import type { ExportOptions } from '../options.ts';
import type { RevisionPlan } from './plan.process.ts';
import { chosenPhotos } from './plan-file.process.ts';
import type { SelectedPhoto } from './select.ts';
import { ruleOf } from '../protocol-of.process.ts';

/** Photos whose logits are read at once: 80 kB each with two members and 1,000 classes. */
const PHOTOS_AT_ONCE = 64;

/**
 * Checks a plan before pictures are copied, with the rule that `winnow verify` applies.
 * @throws StopTheRun `rule-broken`
 */
export async function checkPlan(
  workspace: Workspace,
  plan: RevisionPlan,
  { signal, onChecked }: ExportOptions,
): Promise<void> {
  const { collection, ensemble } = workspace;
  const protocol: RuleProtocol = {
    rule: ruleOf(workspace, plan.cap),
    among: [...collection.evidenceClasses.wnids],
    searched: [...collection.classes.wnids],
    models: ensemble.identities.map(({ modelName: name, preprocessing }) => ({ name, preprocessing })),
  };
  const confusions = new ConfusionCounts();
  let photos = 0;
  for await (const batch of inBatches(chosenPhotos(plan.file, 'test'), PHOTOS_AT_ONCE)) {
    throwIfInterrupted(signal);
    for (const { sha256, row, evidence } of await rowsOf(workspace, batch, protocol)) {
      confusions.add(row.wnid, row.predicted_wnid);
      const [problem] = ruleProblems(row, evidence, protocol);
      if (problem !== undefined)
        throw broken(`The evidence of the accepted photo ${sha256} (${row.wnid}) contradicts its decision. ${problem}`);
    }
    photos += batch.length;
    onChecked({ photos, of: plan.photos });
  }
  throwIfInterrupted(signal);
  const problem = [...classProblems(plan), ...confusions.problems(plan.cap)].find((one) => one !== false);
  if (problem !== undefined) throw broken(`The plan of the revision breaks its own rule. ${problem}`);
}

/** Photos with their evidence. A photo that was removed from the catalogue has none. */
async function rowsOf(
  { app: { db }, ensemble: { memberIds: members } }: Workspace,
  batch: readonly SelectedPhoto[],
  protocol: RuleProtocol,
) {
  const ids = await photoIds(
    db,
    batch.map(({ sha256 }) => sha256),
  );
  const logits = await readLogits(db, [...new Set(ids.values())], { members, classes: protocol.among.length });
  return batch.map(({ sha256, wnid, maxTrueProb, confusionWnid, confusionProb, isImported }) => {
    const truth = truthOfRow({ wnid }, protocol);
    const truths = truth === null ? [] : [truth];
    const crops = logits.get(ids.get(sha256) ?? -1) ?? members.map(() => null);
    return {
      sha256,
      row: {
        wnid,
        max_true_prob: maxTrueProb,
        predicted_wnid: confusionWnid ?? '',
        predicted_prob: confusionProb ?? Number.NaN,
        ...(isImported ? { evidence: 'imported' as const } : {}),
      },
      evidence: crops.map((ofMember, i) => {
        const model = protocol.models[i];
        return ofMember?.map((crop) => summariseCrop(crop, truths, model && hasSigmoid(model))) ?? [null];
      }),
    };
  });
}

function broken(problem: string): StopTheRun {
  return new StopTheRun(
    `${problem}. No revision was made. winnow doctor --deep lists the photos whose evidence is incomplete, and winnow filter --set filter.evaluate=all completes it. If evidence and decision differ, restore the catalogue from a backup, or reject the photo.`,
    { code: 'rule-broken' },
  );
}
