import { sql } from 'kysely';
import type { Funnel } from '../../funnel/funnel.ts';
import { foldPhotoCounts } from '../../funnel/photo-tally.repository.ts';
import { Interrupted } from '../../kernel/errors.ts';
import { readSnapshot } from '../../platform/postgres/transactions.ts';
import { buildShortlist } from '../../shortlist/build.process.ts';
import { listShortlist, type ListedPhoto } from '../../shortlist/shortlist.repository.ts';
import { readBuiltAt } from '../../shortlist/stored-shortlist.repository.ts';
import { nameOf, type Workspace } from '../open/workspace.ts';
import { inspect } from '../photos/inspect.ts';
import { funnelIn } from '../watch/status.ts';
import { computeFeatures, type FeaturePassOptions } from './feature-pass.ts';
import { writeShortlistFiles, type ShortlistFiles } from './shortlist-files.ts';

export interface MadeShortlist {
  readonly rows: readonly ListedPhoto[];
  readonly funnel: Funnel;
  readonly files: ShortlistFiles;
  /** Classes and concepts by name. */
  readonly nameOf: (wnid: string) => string;
}

export interface ShortlistOptions {
  /** In place of the collection's. */
  readonly cap?: number | undefined;
  readonly signal: AbortSignal;
  /** Told as features are computed, where photos are compared by them. */
  readonly onFeatures: FeaturePassOptions['onProgress'];
}

/** Among PostgreSQL's advisory locks, of which BullMQ and Kysely have others. */
const LOCK_CLASS = 0x57_4e_53;

/**
 * Builds the shortlist, stores it and writes its files. Two builds of a collection at once take turns, files included,
 * so that all files are of one build; the lock is not the row's, which a filter needs while thumbnails are made.
 */
export async function makeShortlist(workspace: Workspace, options: ShortlistOptions): Promise<MadeShortlist> {
  const { app, scope } = workspace;
  return app.db.connection().execute(async (connection) => {
    await sql`select pg_advisory_lock(${LOCK_CLASS}::int, ${scope.collectionId}::int)`.execute(connection);
    try {
      return await make(workspace, options);
    } finally {
      // A connection that is gone has given its lock back.
      await sql`select pg_advisory_unlock(${LOCK_CLASS}::int, ${scope.collectionId}::int)`
        .execute(connection)
        .catch(() => {});
    }
  });
}

async function make(workspace: Workspace, { cap, signal, onFeatures }: ShortlistOptions): Promise<MadeShortlist> {
  const { app, collection, scope } = workspace;
  const policy = { ...collection.policy, cap: cap ?? collection.policy.cap };
  const comparesFeatures = policy.nearDuplicateCosine !== null;
  const backboneId = comparesFeatures ? await computeFeatures(workspace, { signal, onProgress: onFeatures }) : null;
  await buildShortlist(app.db, scope, { policy, backboneId, blobs: app.blobs, inspect });
  if (signal.aborted) throw new Interrupted();
  await foldPhotoCounts(app.db, scope);
  const { rows, ...content } = await readContent(workspace);
  const shown = { ...content, rows: rows.map((row) => measured(row, comparesFeatures)) };
  const files = await writeShortlistFiles({ ...workspace, collection: { ...collection, policy } }, shown, signal);
  return { ...shown, files, nameOf: (wnid) => nameOf(collection, wnid) };
}

/** Where features are not compared nothing tells by what a twin was found: tables are what they always were. */
function measured({ twinBy = null, ...row }: ListedPhoto, comparesFeatures: boolean): ListedPhoto {
  return comparesFeatures ? { ...row, twinBy } : row;
}

/** Rows, counts and time of one state of the catalogue, whatever crawls and filters beside. */
async function readContent(workspace: Workspace) {
  const { app, scope } = workspace;
  return readSnapshot(app.db, async (trx) => {
    const rows: ListedPhoto[] = [];
    for await (const row of listShortlist(trx, scope)) rows.push(row);
    const builtAt = await readBuiltAt(trx, scope.collectionId);
    return { rows, builtAt, funnel: await funnelIn(trx, workspace) };
  });
}
