import { decidedClasses } from '../../filter/run/decision.repository.ts';
import {
  agreementByClass,
  blindVerdictsOf,
  countFurtherClasses,
  addVerdicts,
  type AgreementReport,
  type VerdictCounts,
} from './agreement.ts';
import { hiddenPhotos, isOpenToReview } from '../desk/known-photos.repository.ts';
import { subjectKey } from '../events/event.ts';
import { listReviewed } from '../events/review.repository.ts';
import { toVerdictLine, type VerdictLine } from '../events/verdict-line.ts';
import type { Workspace } from '../../models/workspace/workspace.process.ts';
import { deskViewOf, type DeskContext } from '../desk/read-desk.process.ts';

export async function readAgreement(workspace: Workspace): Promise<AgreementReport> {
  return reportOf(await readCounts(workspace));
}

/**
 * The same without the photos whose verdicts this reviewer must not know yet. While a blind review is open, only with photos that the
 * reviewer has judged: that a photo does not count here tells that it is a control.
 */
export async function readShownAgreement(desk: DeskContext): Promise<AgreementReport> {
  const { workspace, reviewer } = desk;
  const view = await deskViewOf(desk);
  if (await isOpenToReview(workspace.app.db, view))
    return reportOf(await readCounts(workspace, ({ reviews }) => reviews.some((one) => one.reviewer === reviewer)));
  const hidden = new Set((await hiddenPhotos(workspace.app.db, view)).map(subjectKey));
  return reportOf(await readCounts(workspace, (photo) => !hidden.has(subjectKey(photo))));
}

async function readCounts(
  { app, scope }: Workspace,
  isShown: (photo: VerdictLine) => boolean = () => true,
): Promise<Counted> {
  const wnids = await decidedClasses(app.db, scope);
  const classes = new Map<string, Map<string, number>>();
  const furtherClasses = { photos: 0, differ: 0 };
  for await (const photo of listReviewed(app.db, scope.collectionId, { wnids, reviewers: 2 })) {
    const line = toVerdictLine(photo);
    const verdicts = blindVerdictsOf(line.reviews);
    if (verdicts.length < 2 || photo.isControl || !isShown(line)) continue;
    const counts = classes.get(photo.wnid) ?? new Map<string, number>();
    classes.set(photo.wnid, counts);
    addVerdicts(counts, verdicts);
    countFurtherClasses(furtherClasses, line.reviews);
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
