import { foldPhotoCounts } from '../filter/run/photo-tally.repository.ts';
import { Interrupted } from '../kernel/errors.ts';
import { readSnapshot, withAdvisoryLock } from '../platform/postgres/transactions.ts';
import { isKeptPending } from './second-pass.repository.ts';
import { buildShortlist } from './build.process.ts';
import { listedPhotos, listShortlist, readBuiltAt, type ShortlistPhoto } from './shortlist.repository.ts';
import { changesOfList } from './shortlist.ts';
import { nameOf, type Workspace } from '../models/workspace/workspace.process.ts';
import { holdHeadReferences } from '../filter/references/head-references.process.ts';
import type { Funnel } from '../kernel/funnel.ts';
import type { Transaction } from 'kysely';
import type { Database } from '../platform/postgres/database.ts';
import { computeFeatures, type FeaturePassOptions } from './feature-pass.process.ts';
import { runOutsideModels, type OutsideModelsOptions } from './outside-models.process.ts';
import { writeShortlistFiles } from './shortlist-files.process.ts';

export type MadeShortlist = Awaited<ReturnType<typeof makeShortlist>>;

export interface ShortlistOptions {
  readonly cap?: number | undefined;
  readonly signal: AbortSignal;
  /** Reads the funnel that the contact sheet shows, in the transaction that reads the list. */
  readonly funnelIn: (trx: Transaction<Database>) => Promise<Funnel>;
  readonly onFeatures: FeaturePassOptions['onProgress'];
  readonly onOutside: OutsideModelsOptions['onProgress'];
}

/** Keeps our lock apart from the advisory locks of BullMQ and Kysely. */
const LOCK_CLASS = 0x57_4e_53;

/**
 * Builds the shortlist, stores it and writes its files. Only one build of a collection runs at a time, including its
 * files, so that all files are of one build. An advisory lock is used, because a filter needs the collection's row
 * while thumbnails are made.
 */
export async function makeShortlist(workspace: Workspace, options: ShortlistOptions) {
  const { app, scope } = workspace;
  return withAdvisoryLock(app.db, [LOCK_CLASS, scope.collectionId], () => make(workspace, options));
}

async function make(workspace: Workspace, { cap, signal, onFeatures, onOutside, funnelIn }: ShortlistOptions) {
  const { app, collection, scope } = workspace;
  const { target, secondPass } = app.config.review;
  const policy = { ...collection.policy, cap: cap ?? collection.policy.cap, target };
  await holdHeadReferences(workspace, signal);
  const comparesFeatures = policy.nearDuplicateCosine !== null;
  const backboneId = comparesFeatures ? await computeFeatures(workspace, { signal, onProgress: onFeatures }) : null;
  const before = await listedPhotos(app.db, scope);
  const built = await buildShortlist(app.db, scope, { policy, backboneId, isPending: isKeptPending(secondPass) });
  const changes = changesOfList(before, built);
  if (signal.aborted) throw new Interrupted();
  await runOutsideModels(workspace, { signal, onProgress: onOutside });
  await foldPhotoCounts(app.db, scope);
  const { rows, ...content } = await readContent(workspace, funnelIn);
  const shown = { ...content, rows: rows.map((row) => measured(row, comparesFeatures)) };
  const files = await writeShortlistFiles({ ...workspace, collection: { ...collection, policy } }, shown, signal);
  return { ...shown, files, changes, target, nameOf: (wnid: string) => nameOf(collection, wnid) };
}

/** If features are not compared, `twinBy` is left out, so that such tables do not change. */
function measured({ twinBy = null, ...row }: ShortlistPhoto, comparesFeatures: boolean): ShortlistPhoto {
  return comparesFeatures ? { ...row, twinBy } : row;
}

/** Reads rows, counts and time from one snapshot of the catalogue, even if a crawl or filter is running. */
async function readContent({ app, scope }: Workspace, funnelIn: ShortlistOptions['funnelIn']) {
  return readSnapshot(app.db, async (trx) => {
    const rows: ShortlistPhoto[] = [];
    for await (const row of listShortlist(trx, scope)) rows.push(row);
    const builtAt = await readBuiltAt(trx, scope.collectionId);
    return { rows, builtAt, funnel: await funnelIn(trx) };
  });
}
