import { acceptanceOf } from '../../report/acceptance.ts';
import { readDurations, readPace } from '../../report/catalogue-facts.repository.ts';
import { countsBy, licencesOf } from '../../report/counts.ts';
import { labelNoiseOf } from '../../report/label-noise.ts';
import type { Report } from '../../report/report.ts';
import type { ReportedPhoto } from '../../report/reported-photo.repository.ts';
import { revisionOf } from '../../report/stored-report.repository.ts';
import type { Workspace } from '../open/workspace.ts';
import { readAgreement } from '../review/agreement.ts';
import { readFirstAccepted } from './first-accepted.ts';
import { readStatus } from '../watch/status.ts';
import { confusionOf } from './confusion.ts';

/** The parts of a report that no model is needed for. */
type CataloguePart = Pick<
  Report,
  | 'revision'
  | 'funnel'
  | 'confusion'
  | 'agreement'
  | 'pace'
  | 'labelNoise'
  | 'acceptance'
  | 'licences'
  | 'sources'
  | 'tags'
>;

/**
 * Computes what the catalogue says of the photos of a report.
 *
 * @param kept all photos that the filter keeps; `photos` are among them
 */
export async function cataloguePart(
  workspace: Workspace,
  { photos, kept }: { readonly photos: readonly ReportedPhoto[]; readonly kept: readonly ReportedPhoto[] },
): Promise<CataloguePart> {
  const { app, collection, scope } = workspace;
  const { totals, classes, sources, yields, queries } = await readStatus(workspace);
  const found = classes.flatMap((row) => (row.wnid !== null && row.found > 0 ? [row.wnid] : []));
  return {
    revision: await revisionOf(app.db, scope, photos),
    funnel: { totals, classes, sources, yields, queries, durations: await readDurations(app.db, scope) },
    confusion: confusionOf(workspace, photos, found),
    agreement: await readAgreement(workspace),
    pace: await readPace(app.db, scope),
    labelNoise: labelNoiseOf(await readFirstAccepted(workspace), collection.mode),
    acceptance: acceptanceOf(kept),
    licences: licencesOf(photos),
    sources: countsBy(photos, ({ source }) => [source]).map(([source, count]) => ({ source, photos: count })),
    tags: countsBy(photos, ({ tags }) => tags).map(([tag, count]) => ({ tag, photos: count })),
  };
}
