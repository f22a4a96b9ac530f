import { groupBy } from '../../kernel/group-by.ts';
import { confusionMatrix } from '../../report/metrics/confusion.ts';
import type { ConfusionReport } from '../../report/report.ts';
import type { ReportedPhoto } from '../../report/reported-photo.repository.ts';
import type { Workspace } from '../open/workspace.ts';

/** Cells that are shown with photos, and photos of each. */
const TOP = 10;
const EXAMPLES = 4;

/**
 * What the photos of a report are taken for.
 *
 * @param concepts what photos were found for; in mode O these are the rows
 */
export function confusionOf(
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
  const searched = collection.mode === 'A' ? collection.classes.wnids : concepts;
  const predicted = collection.mode === 'A' ? scope.wnids : collection.classes.wnids;
  const { top, ...matrix } = confusionMatrix(counts, { searched, predicted, mode: collection.mode });
  return {
    ...matrix,
    top: top.slice(0, TOP).map((cell) => ({
      ...cell,
      examples: (cells.get(`${cell.wnid} ${cell.predictedWnid}`) ?? []).slice(0, EXAMPLES).map(({ sha256 }) => sha256),
    })),
  };
}
