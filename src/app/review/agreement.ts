import { subjectsOf } from '../../decision/decision.repository.ts';
import {
  agreementByClass,
  blindVerdictsOf,
  countVerdicts,
  type AgreementReport,
  type VerdictCounts,
} from '../../review/agreement.ts';
import { hiddenPhotos } from '../../review/desk.repository.ts';
import { subjectKey } from '../../review/event.ts';
import { listReviewed } from '../../review/review.repository.ts';
import { toVerdictLine } from '../../review/verdict-line.ts';
import type { Workspace } from '../open/workspace.ts';
import { viewOf, type Desk } from './desk.ts';

/** Compares the passes of each photo that has two or more, by what the reviewers said without knowing the others. */
export async function readAgreement(workspace: Workspace): Promise<AgreementReport> {
  return agreementByClass(await readCounts(workspace));
}

/** The same without the photos whose verdicts this reviewer must not know yet. */
export async function readShownAgreement(desk: Desk): Promise<AgreementReport> {
  const { workspace } = desk;
  const hidden = await hiddenPhotos(workspace.app.db, viewOf(desk));
  return agreementByClass(await readCounts(workspace, new Set(hidden.map(subjectKey))));
}

/** The blind verdicts of all photos that have two, counted by class. */
async function readCounts(
  { app, scope }: Workspace,
  without: ReadonlySet<string> = new Set(),
): Promise<ReadonlyMap<string, VerdictCounts>> {
  const wnids = await subjectsOf(app.db, scope);
  const classes = new Map<string, Map<string, number>>();
  for await (const photo of listReviewed(app.db, scope.collectionId, { wnids, reviewers: 2 })) {
    const verdicts = blindVerdictsOf(toVerdictLine(photo).reviews);
    if (verdicts === null || without.has(subjectKey(photo))) continue;
    const counts = classes.get(photo.wnid) ?? new Map<string, number>();
    classes.set(photo.wnid, counts);
    countVerdicts(counts, verdicts);
  }
  return classes;
}
