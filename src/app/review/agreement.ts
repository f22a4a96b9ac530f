import { subjectsOf } from '../../decision/decision.repository.ts';
import { agreementByClass, blindPairOf, type AgreementReport, type VerdictPair } from '../../review/agreement.ts';
import { listReviewed } from '../../review/review.repository.ts';
import { toVerdictLine } from '../../review/verdict-line.ts';
import { computeAside } from '../engine/compute-aside.ts';
import type { Workspace } from '../open/workspace.ts';

/** More pairs than this keep a thread busy for a second or so. */
const MOST_AT_ONCE = 5_000;

/**
 * Compares the first with the second pass of each photo that has two, by what both said without knowing the other. Many of them
 * are compared in a thread of their own, so that the server goes on answering.
 */
export async function readAgreement(workspace: Workspace): Promise<AgreementReport> {
  return agreementOfPairs(await readPairs(workspace));
}

export async function agreementOfPairs(pairs: Pairs): Promise<AgreementReport> {
  const count = [...pairs.values()].reduce((sum, { length }) => sum + length, 0);
  return count > MOST_AT_ONCE ? computeAside('agreementByClass', pairs) : agreementByClass(pairs);
}

type Pairs = ReadonlyMap<string, readonly VerdictPair[]>;

/** The blind verdicts of all photos that have two, by class. */
export async function readPairs({ app, scope }: Workspace): Promise<Pairs> {
  const wnids = await subjectsOf(app.db, scope);
  const pairs = new Map<string, VerdictPair[]>();
  for await (const photo of listReviewed(app.db, scope.collectionId, { wnids })) {
    const pair = blindPairOf(toVerdictLine(photo).reviews);
    if (pair === null) continue;
    const ofClass = pairs.get(photo.wnid) ?? [];
    ofClass.push(pair);
    pairs.set(photo.wnid, ofClass);
  }
  return pairs;
}
