import { groupBy } from '../../core/kernel/group-by.ts';
import { acceptanceRows } from './acceptance.ts';
import { readDurations } from './catalogue-facts.repository.ts';
import { countsBy, licencesOf } from './counts.ts';
import { confusionMatrix } from '../evaluate/metrics/confusion.ts';
import type { ConfusionReport } from './report.ts';
import type { ReportedPhoto } from './reported-photo.repository.ts';
import { revisionOf } from './stored-report.repository.ts';
import { readAcceptance } from '../../core/review/acceptance/read-acceptance.process.ts';
import { readHumanPart } from '../../core/review/quiz/quiz.process.ts';
import { REVIEW_MODES } from '../../core/review/modes.ts';
import type { Workspace } from '../../core/models/workspace/workspace.process.ts';
import { readAgreement } from '../../core/review/agreement/read-agreement.process.ts';
import type { ReviewerLine } from '../../core/review/people/people.ts';
import { lettersOf } from '../../core/review/people/letters.repository.ts';
import { readPeople } from '../../core/review/people/read-people.process.ts';
import { readStatus } from '../../core/status/status.process.ts';
import { MODES } from '../../core/collection/modes.ts';

export async function cataloguePart(
  workspace: Workspace,
  { photos, kept }: { readonly photos: readonly ReportedPhoto[]; readonly kept: readonly ReportedPhoto[] },
) {
  const { app, collection, scope } = workspace;
  const { totals, classes, sources, yields, queries } = await readStatus(workspace);
  const found = classes.flatMap((row) => (row.wnid !== null && row.found > 0 ? [row.wnid] : []));
  return {
    revision: await revisionOf(app.db, scope, photos),
    funnel: { totals, classes, sources, yields, queries, durations: await readDurations(app.db, scope) },
    confusion: confusionOf(workspace, photos, found),
    agreement: await readAgreement(workspace),
    ...(await readHumanPart(app.db, workspace)),
    reviewers: await reviewersWithoutNames(workspace),
    labelError: { question: REVIEW_MODES[collection.mode].question, ...(await readAcceptance(workspace)) },
    acceptance: acceptanceRows(kept.filter(({ rank }) => rank !== null)),
    licences: licencesOf(photos.map(({ rights }) => rights)),
    sources: countsBy(photos, ({ rights }) => [rights.source]).map(([source, count]) => ({ source, photos: count })),
    tags: countsBy(photos, ({ tags }) => tags).map(([tag, count]) => ({ tag, photos: count })),
  };
}

async function reviewersWithoutNames(workspace: Workspace): Promise<ReviewerLine[]> {
  const letters = await lettersOf(workspace.app.db, workspace.scope);
  const people = await readPeople(workspace);
  return people.map((one) => ({ ...one, reviewer: letters.get(one.reviewer) ?? '' }));
}

const TOP = 10;
const EXAMPLES = 4;

/** Rows in mode O are the `concepts` that photos were found for. */
function confusionOf(
  { collection, scope }: Pick<Workspace, 'collection' | 'scope'>,
  photos: readonly ReportedPhoto[],
  concepts: readonly string[],
): ConfusionReport {
  const cells = groupBy(photos, ({ wnid, confusionWnid }) => `${wnid} ${confusionWnid}`);
  const counts = [...cells.values()].map((same) => ({
    wnid: same[0]?.wnid ?? '',
    predictedWnid: same[0]?.confusionWnid ?? '',
    photos: same.length,
  }));
  const { showsClass, subjectKey, predictedList } = MODES[collection.mode];
  const classes = collection.classes.wnids;
  const searched = { classes, concepts }[subjectKey];
  const predicted = { classes, among: scope.wnids }[predictedList];
  const { top, ...matrix } = confusionMatrix(counts, { searched, predicted, hasDiagonal: !showsClass });
  return {
    ...matrix,
    top: top.slice(0, TOP).map((cell) => ({
      ...cell,
      examples: (cells.get(`${cell.wnid} ${cell.predictedWnid}`) ?? []).slice(0, EXAMPLES).map(({ sha256 }) => sha256),
    })),
  };
}
