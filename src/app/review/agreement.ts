import { subjectsOf } from '../../decision/decision.repository.ts';
import { agreementByClass, blindPairOf, type AgreementReport, type VerdictPair } from '../../review/agreement.ts';
import { hiddenPhotos } from '../../review/desk.repository.ts';
import { subjectKey } from '../../review/event.ts';
import { listReviewed } from '../../review/review.repository.ts';
import { toVerdictLine } from '../../review/verdict-line.ts';
import { computeAside } from '../engine/compute-aside.ts';
import type { Workspace } from '../open/workspace.ts';
import { viewOf, type Desk } from './desk.ts';

/** More pairs than this keep a thread busy for a second or so. */
const MOST_AT_ONCE = 5_000;

/**
 * Compares the first with the second pass of each photo that has two, by what both said without knowing the other. Many of them
 * are compared in a thread of their own, so that the server goes on answering.
 */
export async function readAgreement(workspace: Workspace): Promise<AgreementReport> {
  return agreementOfPairs(await readPairs(workspace));
}

/** The same without the photos whose verdicts this reviewer must not know yet. */
export async function readShownAgreement(desk: Desk): Promise<AgreementReport> {
  const { workspace } = desk;
  const hidden = await hiddenPhotos(workspace.app.db, viewOf(desk));
  return agreementOfPairs(await readPairs(workspace, new Set(hidden.map(subjectKey))));
}

export async function agreementOfPairs(pairs: Pairs): Promise<AgreementReport> {
  const count = [...pairs.values()].reduce((sum, { length }) => sum + length, 0);
  return count > MOST_AT_ONCE ? computeAside('agreementByClass', pairs) : agreementByClass(pairs);
}

type Pairs = ReadonlyMap<string, readonly VerdictPair[]>;

/** The blind verdicts of all photos that have two, by class. */
export async function readPairs({ app, scope }: Workspace, without: ReadonlySet<string> = new Set()): Promise<Pairs> {
  const wnids = await subjectsOf(app.db, scope);
  const pairs = new Map<string, VerdictPair[]>();
  for await (const photo of listReviewed(app.db, scope.collectionId, { wnids })) {
    const pair = blindPairOf(toVerdictLine(photo).reviews);
    if (pair === null || without.has(subjectKey(photo))) continue;
    const ofClass = pairs.get(photo.wnid) ?? [];
    ofClass.push(pair);
    pairs.set(photo.wnid, ofClass);
  }
  return pairs;
}
