import path from 'node:path';
import type { Kysely, Transaction } from 'kysely';
import { lockLeaks, overruleLeaks, restoreDecisions, type RestoredDecisions } from '../run/overrule.repository.ts';
import { UsageError } from '../../kernel/errors.ts';
import { LeakFinder } from '../../photo/find-leaks.process.ts';
import { holdReferences, type HoldCounts } from './hold-references.process.ts';
import {
  beginWalk,
  completeWalk,
  countClassFolders,
  endEmptyWalk,
  forgetLeaks,
  hashedPhotos,
  listReferenceSets,
  removeReferenceSet,
  storeLeaks,
  type ReferenceSet,
  type ReferenceSetLine,
} from '../../photo/reference-set.repository.ts';
import type { Database } from '../../platform/postgres/database.ts';
import { allowLongIdle } from '../../platform/postgres/transactions.ts';
import { showPath } from '../../crawl/sources/folder/byte-path.ts';
import { openPhotoFolder } from '../../crawl/sources/folder/discover-folder.process.ts';
import type { App } from '../../runtime/open/app.process.ts';
import { inspect } from '../../photo/inspect.process.ts';
import { createReadStream } from 'node:fs';
import { csvRows } from '../../crawl/sources/csv-rows.process.ts';
import { describeSystemError } from '../../crawl/sources/folder/file-system.process.ts';

export interface AddedReferences extends RestoredDecisions {
  readonly folder: string;
  readonly leaks: number;
  readonly overruled: number;
}

const PHOTOS_AT_A_TIME = 2_000;

export interface ReferencesRun {
  readonly signal: AbortSignal;
  readonly counts: HoldCounts;
}

/**
 * Drops the photos that match a picture of the folder, whatever was decided before.
 *
 * @throws UsageError `folder-unusable`; `no-pictures`, and then an existing set of that folder stays, because a disk may not be
 * mounted; StopTheRun `reference-set-removed`; the signal's reason, and then the pictures that were read so far are kept
 */
export async function addReferences(
  app: App,
  { dir, distance }: { readonly dir: string; readonly distance: number },
  run: ReferencesRun,
): Promise<AddedReferences> {
  return completeLeaks(app, await readSet(app, { dir, distance, purpose: 'leaks' }, run), run);
}

/** Completes a stored set, and drops the photos that match a picture of it. @throws StopTheRun `reference-set-removed` */
export async function completeLeaks(app: App, set: ReferenceSet, run: ReferencesRun): Promise<AddedReferences> {
  return app.db.transaction().execute(async (trx) => {
    // Millions of hashes are indexed between two statements of this transaction.
    await allowLongIdle(trx);
    await lockLeaks(trx);
    await completeWalk(trx, set, run.counts.unreadable);
    const leaks = await findLeaks(trx, set, run.signal);
    const overruled = await overruleLeaks(trx);
    return { folder: set.folder, leaks, overruled, ...(await restoreDecisions(trx)) };
  });
}

/**
 * Pictures for reviewers to compare photos with: those in the folder `n01440764` show that class. No decision depends on them.
 * `only`: files to use, relative to `dir`.
 *
 * @throws as `addReferences`
 */
export async function addDisplayReferences(
  app: App,
  { dir, only }: { readonly dir: string; readonly only?: ReadonlySet<string> },
  run: ReferencesRun,
): Promise<{ readonly folder: string; readonly classes: number }> {
  const set = await readSet(app, { dir, only, distance: 0, purpose: 'display' }, run);
  return app.db.transaction().execute(async (trx) => {
    await completeWalk(trx, set, run.counts.unreadable);
    return { folder: set.folder, classes: await countClassFolders(trx, set.id) };
  });
}

interface SetRequest extends Pick<ReferenceSet, 'purpose' | 'distance'> {
  readonly dir: string;
  readonly only?: ReadonlySet<string> | undefined;
}

/** Reads the pictures of a folder. The walk still has to be completed. */
async function readSet(
  app: App,
  { dir, purpose, distance, only }: SetRequest,
  { signal, counts }: ReferencesRun,
): Promise<ReferenceSet> {
  const root = await openPhotoFolder(dir);
  const folder = showPath(root);
  const set = await beginWalk(app.db, { folder, purpose, distance });
  const { maxBytes, maxPixels } = app.config.fetch;
  // Small and narrow pictures are also references. Only a file that cannot be decoded is not a picture.
  const limits = { maxBytes, maxPixels, minSidePixels: 1, maxAspectRatio: Number.POSITIVE_INFINITY };
  await holdReferences(root, set, { db: app.db, inspect, limits, signal, counts, only });
  if (counts.held + counts.unchanged > 0) return set;
  await endEmptyWalk(app.db, set);
  throw noPictures(folder, counts);
}

function noPictures(folder: string, { seen, unreadable }: HoldCounts): UsageError {
  const reasons = Object.entries(unreadable).map(([reason, count]) => `${reason} ${count}`);
  const received = seen === 0 ? 'no files' : `${seen} files, none of them a picture (${reasons.join(', ')})`;
  return new UsageError(
    `Expected pictures in the folder '${folder}' but received ${received}; nothing has changed: check the path and that its disk is mounted (winnow references remove forgets a set)`,
    { code: 'no-pictures' },
  );
}

async function findLeaks(trx: Transaction<Database>, set: ReferenceSet, signal: AbortSignal): Promise<number> {
  await forgetLeaks(trx, set.id);
  const finder = new LeakFinder();
  let [count, after] = [0, 0];
  for (;;) {
    signal.throwIfAborted();
    const photos = await hashedPhotos(trx, { after, limit: PHOTOS_AT_A_TIME });
    const leaks = (await finder.find(trx, photos)).filter((leak) => leak.setId === set.id);
    await storeLeaks(trx, leaks);
    count += leaks.length;
    after = photos.at(-1)?.id ?? after;
    if (photos.length < PHOTOS_AT_A_TIME) return count;
  }
}

/** The sets of a folder, which may no longer exist: one for each purpose at most. Or those of a head, by its text. */
export async function findReferenceSets(db: Kysely<Database>, dir: string): Promise<ReferenceSetLine[]> {
  const folder = await openPhotoFolder(dir).then(showPath, () => path.resolve(dir));
  const sets = await listReferenceSets(db);
  return sets.filter((set) => [folder, path.resolve(dir), dir].includes(set.folder));
}

/** Removes the set. Decisions that it overruled become again what they were before. */
export async function removeReferences(app: App, set: ReferenceSet): Promise<RestoredDecisions> {
  return app.db.transaction().execute(async (trx) => {
    await lockLeaks(trx);
    await removeReferenceSet(trx, set.id);
    // A photo that is also in another set stays dropped under the name of that set.
    const result = await restoreDecisions(trx);
    await overruleLeaks(trx);
    return result;
  });
}

/** The part of a sample's path in labels.csv before the folder of its class. */
const FOLDER = 'photos/';

/** Shows reviewers those bundled photos that surely show their class: the column `truth` of labels.csv says `valid`. */
export async function addSampleReferences(app: App, samples: string, signal: AbortSignal): Promise<void> {
  const only = new Set<string>();
  let header: readonly string[] = [];
  const file = createReadStream(path.join(samples, 'labels.csv'));
  const format = { delimiter: ',', isQuoted: true, encoding: 'utf8', describeError: describeSystemError } as const;
  for await (const { cells } of csvRows(file, format)) {
    if (header.length === 0) header = cells;
    const [name = '', truth] = ['file', 'truth'].map((column) => cells[header.indexOf(column)]);
    if (truth === 'valid' && name.startsWith(FOLDER)) only.add(name.slice(FOLDER.length));
  }
  const counts = { seen: 0, held: 0, unchanged: 0, unreadable: {} };
  await addDisplayReferences(app, { dir: path.join(samples, FOLDER), only }, { signal, counts });
}
