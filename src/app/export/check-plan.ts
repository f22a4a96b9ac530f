import { readLogits, type MemberLogits } from '../../evidence/evidence.repository.ts';
import type { Protocol } from '../../export/protocol.ts';
import { contradiction } from '../../export/stored-rule.ts';
import { classProblems } from '../../export/verify/protocol-checks.ts';
import { policyOf } from '../../export/verify/rule.ts';
import { ConfusionCounts } from '../../export/verify/tally.ts';
import { StopTheRun, throwIfInterrupted } from '../../kernel/errors.ts';
import { mapInOrder } from '../../kernel/map-in-order.ts';
import { photoIds } from '../../photo/photo.repository.ts';
import type { Workspace } from '../open/workspace.ts';
import { chosenPhotos, inBatches, type PlannedPhoto } from './plan-file.ts';
import { ruleOf } from './protocol-of.ts';

export interface PlanToCheck {
  readonly planFile: string;
  /** The classes, and the cap of the shortlist. */
  readonly plan: Pick<Protocol, 'classes'> & { readonly cap: number };
  readonly signal: AbortSignal;
  /** Called with the number of photos that are checked. */
  readonly onChecked: (photos: number) => void;
}

/** Photos whose logits are read at once: 80 kB each with two members and 1,000 classes. */
const PHOTOS_AT_ONCE = 64;
/** While one batch is compared, the next one is read. */
const BATCHES = 2;

/**
 * Proves a plan before anything of it is written (protocol, "Exports prove themselves"): the stored logits of each photo give
 * what its row will say, no confusion has more photos than the cap, and the classes are sorted.
 *
 * @throws StopTheRun `rule-broken`; Interrupted
 */
export async function checkPlan(
  workspace: Workspace,
  { planFile, plan, signal, onChecked }: PlanToCheck,
): Promise<void> {
  const { evidenceClasses, classes } = workspace.collection;
  const rule = ruleOf(workspace, plan.cap);
  const policy = policyOf({ rule, among: [...evidenceClasses.wnids], searched: [...classes.wnids] });
  const recorded = { policy, wnids: evidenceClasses.wnids };
  const confusions = new ConfusionCounts();
  let photos = 0;
  const batches = inBatches(chosenPhotos(planFile), PHOTOS_AT_ONCE);
  const read = mapInOrder(batches, { limit: BATCHES, signal }, (batch) => logitsOf(workspace, batch));
  for await (const batch of read) {
    throwIfInterrupted(signal);
    for (const { photo, logits } of batch) {
      confusions.add(photo.wnid, photo.confusionWnid ?? '');
      const problem = contradiction(photo, logits, recorded);
      if (problem !== null)
        throw broken(
          `The evidence of the accepted photo ${photo.sha256} (${photo.wnid}) contradicts its decision. ${problem}`,
        );
    }
    photos += batch.length;
    onChecked(photos);
  }
  throwIfInterrupted(signal);
  const [problem] = [...classProblems(plan), ...confusions.problems(plan.cap)];
  if (problem !== undefined) throw broken(`The plan of the revision breaks its own rule. ${problem}`);
}

interface PhotoLogits extends Pick<PlannedPhoto, 'photo'> {
  readonly logits: readonly MemberLogits[];
}

/** A photo that is not in the catalogue any more has no logits. */
async function logitsOf(
  { app: { db }, collection, ensemble: { memberIds: members } }: Workspace,
  batch: readonly PlannedPhoto[],
): Promise<PhotoLogits[]> {
  const sha256s = batch.map(({ photo }) => photo.sha256);
  const ids = await photoIds(db, sha256s);
  const classes = collection.evidenceClasses.wnids.length;
  const logits = await readLogits(db, [...new Set(ids.values())], { members, classes });
  const none = members.map(() => null);
  return batch.map(({ photo }) => ({ photo, logits: logits.get(ids.get(photo.sha256) ?? -1) ?? none }));
}

function broken(problem: string): StopTheRun {
  return new StopTheRun(
    `${problem}. No revision was made. winnow doctor --deep lists the photos whose evidence is incomplete, and winnow filter --set filter.evaluate=all completes it. If evidence and decision differ, restore the catalogue from a backup, or reject the photo.`,
    { code: 'rule-broken' },
  );
}
