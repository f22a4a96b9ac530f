import { subjectsOf } from '../../filter/run/decision.repository.ts';
import {
  agreementByClass,
  blindVerdictsOf,
  countFurtherClasses,
  countVerdicts,
  type AgreementReport,
  type VerdictCounts,
} from './agreement.ts';
import { hiddenPhotos } from '../desk/known-photos.repository.ts';
import { subjectKey } from '../events/event.ts';
import { listReviewed } from '../events/review.repository.ts';
import { toVerdictLine } from '../events/verdict-line.ts';
import type { Workspace } from '../../models/workspace/workspace.process.ts';
import { viewOf, type Desk } from '../desk/read-desk.process.ts';

export async function readAgreement(workspace: Workspace): Promise<AgreementReport> {
  return reportOf(await readCounts(workspace));
}

/** The same without the photos whose verdicts this reviewer must not know yet. */
export async function readShownAgreement(desk: Desk): Promise<AgreementReport> {
  const { workspace } = desk;
  const hidden = await hiddenPhotos(workspace.app.db, await viewOf(desk));
  return reportOf(await readCounts(workspace, new Set(hidden.map(subjectKey))));
}

async function readCounts({ app, scope }: Workspace, without: ReadonlySet<string> = new Set()): Promise<Counted> {
  const wnids = await subjectsOf(app.db, scope);
  const classes = new Map<string, Map<string, number>>();
  const furtherClasses = { photos: 0, differ: 0 };
  for await (const photo of listReviewed(app.db, scope.collectionId, { wnids, reviewers: 2 })) {
    const { reviews } = toVerdictLine(photo);
    const verdicts = blindVerdictsOf(reviews);
    if (verdicts.length < 2 || photo.isControl || without.has(subjectKey(photo))) continue;
    const counts = classes.get(photo.wnid) ?? new Map<string, number>();
    classes.set(photo.wnid, counts);
    countVerdicts(counts, verdicts);
    countFurtherClasses(furtherClasses, reviews);
  }
  return { classes, furtherClasses };
}

type Counted = Required<Pick<AgreementReport, 'furtherClasses'>> & {
  readonly classes: ReadonlyMap<string, VerdictCounts>;
};

const reportOf = ({ classes, furtherClasses }: Counted): AgreementReport => ({
  ...agreementByClass(classes),
  furtherClasses,
});
