import type { Transaction } from 'kysely';
import { exportCandidates, lastReview } from './candidate.repository.ts';
import type { Protocol } from '../protocol.ts';
import { tombstonesOf } from '../revisions/revision.repository.ts';
import { selectPhotos, type ExportCandidate, type SelectedPhoto } from './select.ts';
import { ExportTally } from './tally.ts';
import { foldPhotoCounts } from '../../filter/run/photo-tally.repository.ts';
import { importedMembers } from '../../models/evidence/evidence.repository.ts';
import { importsOf } from '../../models/evidence/evidence-import.repository.ts';
import { shortlistHead } from '../../shortlist/shortlist.repository.ts';
import { countWithoutLicence } from '../../shortlist/without-licence.repository.ts';
import { placeFlags, withoutLicenceText, type WithoutLicence } from '../../kernel/next-step.ts';
import { throwIfInterrupted, UsageError } from '../../kernel/errors.ts';
import type { Database } from '../../platform/postgres/database.ts';
import { readSnapshot } from '../../platform/postgres/transactions.ts';
import { readAcceptancePlan, storeAcceptancePlan } from '../../review/acceptance/plan.repository.ts';
import { lookedAt } from '../../review/acceptance/read-acceptance.process.ts';
import { readCriteria } from '../../review/desk/criteria.repository.ts';
import { lettersOf } from '../../review/people/letters.repository.ts';
import { readHumanPart } from '../../review/quiz/quiz.process.ts';
import { classNameOf, type Workspace } from '../../models/workspace/workspace.process.ts';
import { funnelIn } from '../../status/status.process.ts';
import { EXPORT_MODES } from '../modes.ts';
import type { ExportOptions } from '../options.ts';
import { writePlan } from './plan-file.process.ts';
import { mayExport } from './rights.ts';

export type RevisionPlan = Awaited<ReturnType<typeof planRevision>>;

/** Chooses the photos of a revision from one snapshot, and writes them to `file`. @throws UsageError `no-shortlist`, `nothing-to-export` */
export async function planRevision(workspace: Workspace, file: string, options: ExportOptions) {
  const { app, scope, ensemble } = workspace;
  const settings = app.config.review.acceptance;
  await foldPhotoCounts(app.db, scope, app.log);
  await storeAcceptancePlan(app.db, scope.collectionId, settings);
  const { inspection, stored, review, ...plan } = await readSnapshot(app.db, async (trx) => {
    const shortlist = await shortlistHead(trx, scope);
    if (shortlist === undefined) throw noShortlist(workspace);
    const tally = new ExportTally();
    await writePlan(file, selectAll(trx, workspace, { options, cap: shortlist.cap, tally }));
    const counts = tally.counts((folder) => classNameOf(workspace.collection, folder));
    if (counts.photos === 0) throw nothingToExport(workspace, counts, await countWithoutLicence(trx, scope));
    const tombstones = await tombstonesOf(trx, scope);
    const reviewed = await lastReview(trx, scope);
    return {
      ...counts,
      imported: counts.imported.photos + counts.imported.controls === 0 ? null : counts.imported,
      imports: await importsOf(trx, ensemble.memberIds),
      cap: shortlist.cap,
      nearDuplicateDistance: shortlist.near_duplicate_distance,
      // Texts in this form sort by time.
      frozenAt:
        [shortlist.built_at.toISOString(), reviewed.at ?? '', ...tombstones.map(({ takenDownAt }) => takenDownAt)]
          .toSorted()
          .at(-1) ?? '',
      lastEvent: reviewed.id,
      tombstones,
      human: await readHumanPart(trx, workspace),
      letters: await lettersOf(trx, scope),
      criteria: await readCriteria(trx, scope.collectionId),
      funnel: (await funnelIn(trx, workspace)).totals,
      inspection: tally.inspection,
      stored: await readAcceptancePlan(trx, scope.collectionId),
    };
  });
  const acceptance = await lookedAt(app.db, scope.collectionId, { inspection, stored, settings });
  return { ...plan, file, review: { ...review, acceptance } };
}

/** Counts what a revision with pictures would have, and what it would leave out. Stores nothing. @throws UsageError `no-shortlist` */
export async function previewRevision(workspace: Workspace, signal: AbortSignal): Promise<ExportPreview> {
  const options = { by: 'predicted', licences: null, pixels: true, signal } as const;
  return readSnapshot(workspace.app.db, async (trx) => {
    const shortlist = await shortlistHead(trx, workspace.scope);
    if (shortlist === undefined) throw noShortlist(workspace);
    const tally = new ExportTally();
    for await (const photo of selectAll(trx, workspace, { options, cap: shortlist.cap, tally })) void photo;
    const { photos, classes, leftOut } = tally.counts((folder) => folder);
    const { isOpen } = await countWithoutLicence(trx, workspace.scope);
    return { photos, classes: classes.length, leftOut, isLicenceOpen: isOpen };
  });
}

export interface ExportPreview extends Pick<Protocol, 'photos' | 'leftOut'> {
  readonly classes: number;
  /** True if nobody has stated the licence of some listed photos, so the curator can. */
  readonly isLicenceOpen: boolean;
}

interface Selecting {
  readonly options: Pick<ExportOptions, 'by' | 'licences' | 'pixels' | 'signal'>;
  readonly cap: number;
  readonly tally: ExportTally;
}

/** One folder after another, because caps are counted within a folder. */
async function* selectAll(
  trx: Transaction<Database>,
  { app, scope, collection, ensemble }: Workspace,
  { options, cap, tally }: Selecting,
): AsyncGenerator<SelectedPhoto> {
  const folders = EXPORT_MODES[collection.mode].foldersBy(options.by);
  const isLicenceAllowed = (licence: string): boolean => mayExport(licence, options);
  const rules = { mode: collection.mode, cap, isLicenceAllowed };
  const { secondPass } = app.config.review;
  let ofFolder: ExportCandidate[] = [];
  let folder = '';
  function* select(): Generator<SelectedPhoto> {
    for (const photo of selectPhotos(ofFolder, { ...rules, folder })) {
      tally.add(photo);
      yield photo;
    }
  }
  const imported = await importedMembers(trx, ensemble.memberIds);
  const query = { folders, isLicenceAllowed, secondPass, importedMembers: imported };
  for await (const candidate of exportCandidates(trx, scope, query)) {
    throwIfInterrupted(options.signal);
    const next = folderOf(candidate, folders);
    if (next !== folder) {
      yield* select();
      [ofFolder, folder] = [[], next];
    }
    ofFolder.push(candidate);
  }
  yield* select();
}

/** Photos without a prediction, which no revision has, share a folder of no name. */
function folderOf({ wnid, confusionWnid }: ExportCandidate, folders: Protocol['folders']): string {
  return folders === 'predicted' ? (confusionWnid ?? '') : wnid;
}

function noShortlist({ collection }: Workspace): UsageError {
  return new UsageError(
    `There is no shortlist of '${collection.name}' yet, so nothing can be accepted. Run winnow shortlist, then winnow review.`,
    { code: 'no-shortlist' },
  );
}

function nothingToExport(
  { collection }: Workspace,
  { leftOut }: Pick<Protocol, 'leftOut'>,
  { accepted }: WithoutLicence,
): UsageError {
  const why = leftOut.map(({ reason, count }) => `${reason} ${count}`).join(', ');
  const advice =
    accepted > 0
      ? withoutLicenceText(accepted, 'accepted', placeFlags(collection.name))
      : 'A revision has the photos that reviewers accepted, under licences that allow redistribution: run winnow review, or see --licences.';
  const what = `No photo of '${collection.name}' can be exported${why === '' ? '' : ` (${why})`}`;
  return new UsageError(`${what}. ${advice}`, { code: 'nothing-to-export' });
}
