import { readdir } from 'node:fs/promises';
import type { Kysely } from 'kysely';
import type { Client } from 'pg';
import { displayPath } from '../core/config/root.ts';
import type { BlobStore } from '../core/kernel/blobs.ts';
import { codeOf, messageOf, StopTheRun, UsageError, unlessCode } from '../core/kernel/errors.ts';
import type { Sha256 } from '../core/kernel/ids.ts';
import { recordActivity } from '../core/runtime/activity/activity.repository.ts';
import { localActor } from '../core/runtime/activity/local-actor.process.ts';
import { listTakedowns, takeDown } from '../core/photo/takedown.repository.ts';
import type { Database } from '../core/platform/postgres/database.ts';
import { MIGRATIONS } from '../core/platform/postgres/migrations/index.ts';
import { migrate, openPool } from '../core/platform/postgres/open-database.ts';
import { readMove } from '../core/runtime/open/move-state.repository.ts';
import { RESTORE_MARK } from '../core/runtime/open/data-folder.process.ts';
import { auditDataFolder } from '../core/operate/upkeep/audit.process.ts';
import type { AuditResult } from '../core/operate/upkeep/audit-rows.repository.ts';
import { openToRead, readSnapshots, readTakedowns, type BackupFolder } from './backup-folder.process.ts';
import { copyPhotos, type CopyEvents, type PhotosCopied, type Shard } from './copy-photos.ts';
import { compareTables, copyTables, type TargetDatabase } from './copy-tables.process.ts';
import { readPortions, shardsOf } from './portions.ts';
import { SECRET_TABLES, targetKey, type Snapshot, type Takedown } from './snapshot.ts';
import { connectPlainly } from './tables.repository.ts';
import { areFilled, beginCopy, finishCopy, markFilled, markPruned, notEmpty } from './target.repository.ts';
import { takenDownPhotos, targetOf } from './sweep.process.ts';

export interface RestoreOptions extends CopyEvents {
  readonly folder: BackupFolder;
  readonly snapshot: Snapshot;
  readonly connection: { readonly url: string; readonly applicationName: string };
  /** The target without passwords, for messages, and what to do if it is in use. */
  readonly shown: string;
  readonly advice: string;
  readonly blobs: BlobStore;
  readonly signal: AbortSignal;
  /** Called when the catalogue itself says that it is being restored. */
  readonly onBegun: () => Promise<void>;
}

export interface Restored {
  readonly snapshot: string;
  readonly at: string;
  readonly tables: number;
  readonly rows: number;
  readonly photos: PhotosCopied;
  /** Photos of the snapshot that are left out because they were taken down after it. */
  readonly takenDown: number;
  /** The checks of `winnow doctor --deep`. */
  readonly checks: readonly AuditResult[];
}

/** The snapshot with this id, or the newest. @throws UsageError `no-backup`, `no-snapshot`, `backup-newer` */
export async function chooseSnapshot(
  dir: string,
  id: string | undefined,
): Promise<{ folder: BackupFolder; snapshot: Snapshot }> {
  const folder = await openToRead(dir);
  const snapshots = await readSnapshots(folder);
  const snapshot = id === undefined ? snapshots.at(-1) : snapshots.find((one) => one.id === id);
  if (snapshot === undefined) {
    const [expected, given] = id === undefined ? ['a snapshot', ''] : ['one of its snapshots', ` but received '${id}'`];
    const ids = snapshots.map((one) => one.id).join(', ');
    throw new UsageError(
      `Expected ${expected} in '${folder.shown}' (${ids === '' ? 'it has none: no backup has ended' : ids})${given}`,
      { code: 'no-snapshot' },
    );
  }
  const unknown = snapshot.migrations.filter((name) => !Object.hasOwn(MIGRATIONS, name));
  if (unknown.length > 0)
    throw new UsageError(
      `The snapshot ${snapshot.id} in '${folder.shown}' was made by a newer winnow (${snapshot.winnow}): this version does not know its migration '${unknown.at(-1)}'. Use that version.`,
      { code: 'backup-newer' },
    );
  return { folder, snapshot };
}

/** Names that a restore creates in a data folder. An interrupted restore leaves them. */
const MAY_BE_THERE = new Set([RESTORE_MARK, 'postgres', 'blobs']);

/** @throws UsageError `target-not-empty` if the data folder has files that no restore created */
export async function requireFreshFolder(dataDir: string): Promise<void> {
  // A file in its place is reported when the folder is opened.
  const names = (await unlessCode(readdir(dataDir), 'ENOENT', 'ENOTDIR')) ?? [];
  const others = names.filter((name) => !MAY_BE_THERE.has(name));
  if (others.length === 0) return;
  throw new UsageError(
    `Expected an empty data folder '${displayPath(dataDir)}' (--data) but it has ${others.slice(0, 3).join(', ')}; give another folder`,
    { code: 'target-not-empty' },
  );
}

/**
 * Fills an empty catalogue and an empty blob store from a snapshot, and checks the result. The next call resumes an
 * interrupted restore. Until the end, other commands refuse the catalogue. The backup is only read.
 *
 * @throws UsageError `target-not-empty`, `move-in-use`; StopTheRun `copy-differs`, `backup-damaged` if the backup lacks a part
 * of the catalogue
 */
export async function restore(options: RestoreOptions): Promise<Restored> {
  const { connection, folder, snapshot, blobs, signal } = options;
  // The statement that needs a lost connection reports it.
  const db = openPool({ ...connection, poolSize: 2, onConnectionLost: () => undefined });
  let client: Client | null = null;
  try {
    client = await connectPlainly(connection.url, connection.applicationName);
    await begin(db, options);
    await options.onBegun();
    // A restore that was killed may have left some.
    await blobs.removeUnfinished();
    const takedowns = await readTakedowns(folder);
    if (!(await areFilled(db))) await fillCatalogue(options, { ...options, db, client });
    const photos = await copyPhotos({
      ...options,
      from: folder.blobs,
      to: blobs,
      fileOf: (sha256) => folder.blobs.pathOf(sha256),
      shards: shardsWithout(
        shardsOf(readPortions(folder.catalogue, snapshot.photos.portions, signal)),
        takenDownPhotos(takedowns),
      ),
    });
    await migrate(db);
    await markPruned(db, snapshot.without.pruned);
    const takenDown = await obeyTakedowns(db, blobs, takedowns);
    await recordActivity(db, { ...localActor(), action: 'restore', detail: { snapshot: snapshot.id } });
    await finishCopy(db);
    return {
      snapshot: snapshot.id,
      at: snapshot.at,
      tables: snapshot.tables.length,
      rows: snapshot.tables.reduce((sum, { rows }) => sum + rows, 0),
      photos: { ...photos, missing: photos.missing.filter((sha256) => !snapshot.without.pruned.includes(sha256)) },
      takenDown,
      checks: await auditDataFolder({ db, blobs }, signal),
    };
  } catch (error) {
    throw isOfRows(error) ? refusedRows(folder, snapshot, error) : error;
  } finally {
    await Promise.all([client?.end(), db.destroy()]);
  }
}

/** SQLSTATEs of data that PostgreSQL refuses: a value that it cannot read, or a row that breaks a rule of its table. */
function isOfRows(error: unknown): error is Error {
  return error instanceof Error && /^2[23][0-9A-Z]{3}$/.test(codeOf(error) ?? '');
}

function refusedRows({ shown }: BackupFolder, { id }: Snapshot, error: Error): StopTheRun {
  const table = 'table' in error && typeof error.table === 'string' ? ` of the table ${error.table}` : '';
  return new StopTheRun(
    `The snapshot ${id} in '${shown}' is damaged: PostgreSQL refuses rows${table}: ${messageOf(error)}. Restore another snapshot, or take the backup from a copy`,
    { code: 'backup-damaged', cause: error },
  );
}

/** Refuses a target that is not empty, unless an earlier call has begun to fill it from the same snapshot. */
async function begin(db: Kysely<Database>, { snapshot, shown, advice, blobs }: RestoreOptions): Promise<void> {
  if ((await readMove(db)) === null)
    for await (const { place } of blobs.list())
      throw notEmpty(`Expected no photos at the target but found ${place}; ${advice}`);
  const copy = { source: snapshot.source, snapshot: snapshot.id };
  const tables = [...snapshot.tables, ...SECRET_TABLES.map((name) => ({ name }))];
  const endedAt = await beginCopy(db, { copy, tables, shown, advice });
  if (endedAt === null) return;
  throw notEmpty(
    `Expected nothing in ${shown} but the snapshot ${snapshot.id} was restored into it on ${endedAt.toISOString()}; ${advice}`,
  );
}

/** @throws StopTheRun `copy-differs` */
async function fillCatalogue({ folder, snapshot, signal }: RestoreOptions, target: TargetDatabase): Promise<void> {
  const tables = snapshot.tables.map(({ name, columns, numbers, rows, portions }) => ({
    name,
    columns,
    numbers: async () => numbers,
    rows: () => readPortions(folder.catalogue, portions, signal),
    contents: async () => ({ rows, hashes: portions.map(({ sha256 }) => sha256) }),
  }));
  await copyTables(tables, snapshot.migrations.at(-1) ?? '', target);
  const { differing } = await compareTables(tables, target);
  if (differing.length > 0)
    throw new StopTheRun(
      `Expected the rows of the backup when they are read back but ${differing.join(', ')} differ; restore another snapshot, or take the backup from a copy`,
      { code: 'copy-differs' },
    );
  await markFilled(target.db);
}

async function* shardsWithout(shards: AsyncIterable<Shard>, excluded: ReadonlySet<Sha256>): AsyncGenerator<Shard> {
  for await (const { shard, photos } of shards)
    yield { shard, photos: photos.filter(({ sha256 }) => !excluded.has(sha256)) };
}

/** Repeats the takedowns made after the snapshot, and removes all bytes that must not be there. Counts the photos. */
async function obeyTakedowns(db: Kysely<Database>, blobs: BlobStore, takedowns: readonly Takedown[]): Promise<number> {
  const known = new Set((await listTakedowns(db)).map(targetKey));
  let photos = 0;
  for (const takedown of takedowns) {
    if (known.has(targetKey(takedown))) continue;
    const result = await takeDown(db, targetOf(takedown), takedown.reason);
    photos += result.photos.length;
  }
  for (const sha256 of takenDownPhotos(await listTakedowns(db))) await blobs.remove(sha256);
  return photos;
}
