import { subjectsOf } from '../../decision/decision.repository.ts';
import { agreementOf, blindPairOf, type Agreement, type VerdictPair } from '../../review/agreement.ts';
import { listReviewed } from '../../review/review.repository.ts';
import { toVerdictLine } from '../../review/verdict-line.ts';
import type { Workspace } from '../open/workspace.ts';

/** `winnow agreement --json`. */
export interface AgreementReport {
  readonly overall: Agreement;
  /** Classes with photos that have two passes, by wnid. */
  readonly classes: readonly (Agreement & { readonly wnid: string })[];
}

/** Compares the first with the second pass of each photo that has two, by what both said without knowing the other. */
export async function readAgreement(workspace: Workspace): Promise<AgreementReport> {
  const pairs = await readPairs(workspace);
  return {
    overall: agreementOf([...pairs.values()].flat()),
    classes: [...pairs].map(([wnid, ofClass]) => ({ wnid, ...agreementOf(ofClass) })),
  };
}

/** The blind verdicts of all photos that have two, by class. */
export async function readPairs({ app, scope }: Workspace): Promise<ReadonlyMap<string, readonly VerdictPair[]>> {
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
