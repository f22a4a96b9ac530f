import { readdir } from 'node:fs/promises';
import type { Kysely } from 'kysely';
import type { Client } from 'pg';
import { displayPath } from '../../config/root.ts';
import type { BlobStore } from '../../kernel/blobs.ts';
import { codeOf, StopTheRun, throwIfInterrupted, UsageError } from '../../kernel/errors.ts';
import type { Sha256 } from '../../kernel/ids.ts';
import { recordActivity } from '../activity/activity.repository.ts';
import { localActor } from '../activity/local-actor.ts';
import { listTakedowns, takeDown } from '../../photo/takedown.repository.ts';
import type { Database } from '../../platform/postgres/database.ts';
import { MIGRATIONS } from '../../platform/postgres/migrations/index.ts';
import { migrate, migrateUpTo, openPool } from '../../platform/postgres/open-database.ts';
import { catalogueTables, connectPlainly, setNumbers } from '../move/catalogue-tables.repository.ts';
import { moveBlobs, type BlobsMoved } from '../move/move-blobs.ts';
import type { Shard } from '../move/photo-list.ts';
import { beginMove, finishMove, requireFreeTarget, requireNobodyElse } from '../move/target.repository.ts';
import { readMove, type MoveState } from '../open/move-state.repository.ts';
import { RESTORE_MARK } from '../open/restore-mark.ts';
import { auditDataFolder } from '../upkeep/audit.ts';
import type { AuditResult } from '../upkeep/audit-rows.repository.ts';
import { openToRead, readSnapshots, readTakedowns, type BackupFolder } from './backup-folder.ts';
import { areFilled, fillTables, insertRows, markPruned, readRows } from './catalogue-copy.repository.ts';
import { countRows, cutRows, hashOf, readPortions, shardsOf } from './portions.ts';
import { SECRET_TABLES, targetKey, type Snapshot, type TableCopy, type Takedown } from './snapshot.ts';
import { photosOf, targetOf } from './takedowns.ts';

export interface RestoreOptions {
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
  readonly onTable: (table: string) => void;
  readonly onRows: (rows: number) => void;
  readonly onPhoto: (photo: { readonly bytes: number; readonly isCopied: boolean }) => void;
}

export interface Restored {
  readonly snapshot: string;
  readonly at: string;
  readonly tables: number;
  readonly rows: number;
  readonly photos: BlobsMoved;
  /** Photos of the snapshot that are left out because they were taken down after it. */
  readonly takenDown: number;
  /** The checks of `winnow doctor --deep`. */
  readonly checks: readonly AuditResult[];
}

/**
 * The snapshot of a backup with this id, or the newest.
 *
 * @throws UsageError `no-backup`, `no-snapshot`, `backup-newer`
 */
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
  const unknown = snapshot.migrations.filter((name) => MIGRATIONS[name] === undefined);
  if (unknown.length > 0)
    throw new UsageError(
      `The snapshot ${snapshot.id} in '${folder.shown}' was made by a newer winnow (${snapshot.winnow}): this version does not know its migration '${unknown.at(-1)}'. Use that version.`,
      { code: 'backup-newer' },
    );
  return { folder, snapshot };
}

/** What a restore makes in a data folder, and what may be there before. */
const MAY_BE_THERE = new Set([RESTORE_MARK, 'postgres', 'blobs']);

/** @throws UsageError `target-not-empty` if the data folder has files that are not of a restore */
export async function requireFreshFolder(dataDir: string): Promise<void> {
  const names = await readdir(dataDir).catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') return [];
    // A file in its place is reported when the folder is opened.
    if (codeOf(error) === 'ENOTDIR') return [];
    throw error;
  });
  const others = names.filter((name) => !MAY_BE_THERE.has(name));
  if (others.length === 0) return;
  throw new UsageError(
    `Expected an empty data folder '${displayPath(dataDir)}' (--data) but it has ${others.slice(0, 3).join(', ')}; give another folder`,
    { code: 'target-not-empty' },
  );
}

/**
 * Fills an empty catalogue and an empty store of blobs from a snapshot, and checks the result. An interrupted restore is resumed by the
 * next call. Until the end, other commands refuse the catalogue. The backup is only read.
 *
 * @throws UsageError `target-not-empty`, `move-in-use`; StopTheRun `restore-differs`, `backup-damaged` if the backup lacks a
 * part of the catalogue
 */
export async function restore(options: RestoreOptions): Promise<Restored> {
  const { connection, folder, snapshot, blobs, signal, shown } = options;
  // The statement that needs a lost connection reports it.
  const db = openPool({ ...connection, poolSize: 2, onConnectionLost: () => undefined });
  let client: Client | null = null;
  try {
    client = await connectPlainly(connection.url, connection.applicationName);
    await requireNobodyElse(db, shown);
    await begin(db, options);
    await options.onBegun();
    // A restore that was killed may have left some.
    await blobs.removeUnfinished();
    const takedowns = await readTakedowns(folder);
    const takenDown = photosOf(takedowns);
    if (!(await areFilled(client))) await fillCatalogue({ db, client }, options);
    const photos = await moveBlobs({
      from: folder.blobs,
      to: blobs,
      fileOf: (sha256) => folder.blobs.pathOf(sha256),
      shards: shardsWithout(shardsOf(readPortions(folder.catalogue, snapshot.photos.portions, signal)), takenDown),
      shown,
      signal,
      onPhoto: options.onPhoto,
    });
    await migrate(db);
    await markPruned(client, snapshot.without.pruned);
    const left = await obeyTakedowns(db, blobs, takedowns);
    await recordActivity(db, { ...localActor(), action: 'restore', detail: { snapshot: snapshot.id } });
    await finishMove(db);
    return {
      snapshot: snapshot.id,
      at: snapshot.at,
      tables: snapshot.tables.length,
      rows: snapshot.tables.reduce((sum, { rows }) => sum + rows, 0),
      photos: { ...photos, missing: photos.missing.filter((sha256) => !snapshot.without.pruned.includes(sha256)) },
      takenDown: left,
      checks: await auditDataFolder({ db, blobs }, signal),
    };
  } finally {
    await Promise.all([client?.end(), db.destroy()]);
  }
}

/** Refuses a target that is not empty, unless an earlier call has begun to fill it from the same snapshot. */
async function begin(db: Kysely<Database>, { snapshot, shown, advice, blobs }: RestoreOptions): Promise<void> {
  const begun = await readMove(db);
  if (begun !== null && begun.finishedAt === null && begun.snapshot === snapshot.id) return;
  if (begun !== null) throw notEmpty(begun, { shown, advice });
  await requireFreeTarget(db, [...snapshot.tables, ...SECRET_TABLES.map((name) => ({ name }))], { shown, advice });
  for await (const { place } of blobs.list())
    throw new UsageError(`Expected no photos at the target but found ${place}; ${advice}`, {
      code: 'target-not-empty',
    });
  await beginMove(db, { source: snapshot.source, snapshot: snapshot.id });
}

function notEmpty(
  { snapshot, finishedAt }: MoveState,
  { shown, advice }: Pick<RestoreOptions, 'shown' | 'advice'>,
): UsageError {
  const what = snapshot === null ? 'a catalogue was moved' : `the snapshot ${snapshot} was restored`;
  const when = finishedAt === null ? ', and this has not ended' : ` on ${finishedAt.toISOString()}`;
  const other = snapshot === null || finishedAt !== null ? '' : `continue with --snapshot ${snapshot}, or `;
  return new UsageError(`Expected nothing in ${shown} but ${what} into it${when}; ${other}${advice}`, {
    code: 'target-not-empty',
  });
}

/** Fills the tables at the schema of the snapshot, and compares them with it. All of it is one transaction. */
async function fillCatalogue(
  { db, client }: { readonly db: Kysely<Database>; readonly client: Client },
  { folder, snapshot, signal, shown, onTable, onRows }: RestoreOptions,
): Promise<void> {
  await migrateUpTo(db, snapshot.migrations.at(-1) ?? '');
  const tables = await catalogueTables(client);
  const copied = new Set([...snapshot.tables.map(({ name }) => name), ...SECRET_TABLES]);
  const missing = tables.find(({ name }) => !copied.has(name));
  if (missing !== undefined)
    throw new StopTheRun(
      `The snapshot ${snapshot.id} lacks the table ${missing.name}, which the catalogue of its migrations has. Restore another snapshot`,
      { code: 'backup-damaged' },
    );
  const steps = snapshot.tables.map((copy) => {
    const table = tables.find(({ name }) => name === copy.name);
    if (table !== undefined && String(table.columns) === String(copy.columns)) return { copy, table };
    throw new StopTheRun(
      `Expected the table ${copy.name} with the columns ${copy.columns.join(', ')} in ${shown} but it has ${table?.columns.join(', ') ?? 'no such table'}; use winnow ${snapshot.winnow}, and an empty target`,
      { code: 'restore-differs' },
    );
  });
  await fillTables(client, tables, async () => {
    for (const { copy, table } of steps) {
      onTable(copy.name);
      await insertRows(client, table, counted(readPortions(folder.catalogue, copy.portions, signal), onRows));
      await setNumbers(client, table, copy.numbers);
    }
    for (const { copy, table } of steps) {
      onTable(`${copy.name}, read back`);
      await compare(copy, cutRows(readRows(client, table)), signal);
    }
  });
}

async function* counted(texts: AsyncIterable<Buffer>, onRows: (rows: number) => void): AsyncGenerator<Buffer> {
  for await (const text of texts) {
    yield text;
    onRows(countRows(text));
  }
}

/** @throws StopTheRun `restore-differs` */
async function compare(
  { name, rows, portions }: TableCopy,
  texts: AsyncIterable<Buffer>,
  signal: AbortSignal,
): Promise<void> {
  const hashes: string[] = [];
  let found = 0;
  for await (const text of texts) {
    throwIfInterrupted(signal);
    hashes.push(hashOf(text));
    found += countRows(text);
  }
  const isSame = String(hashes) === String(portions.map(({ sha256 }) => sha256));
  if (isSame && found === rows) return;
  throw new StopTheRun(
    `Expected the ${rows} rows of the table ${name} to be those of the backup but ${isSame ? `its parts have ${found}` : 'they differ when they are read back'}; nothing was stored`,
    { code: 'restore-differs' },
  );
}

async function* shardsWithout(shards: AsyncIterable<Shard>, excluded: ReadonlySet<Sha256>): AsyncGenerator<Shard> {
  for await (const { shard, photos } of shards)
    yield { shard, photos: photos.filter(({ sha256 }) => !excluded.has(sha256)) };
}

/**
 * Takes down in the restored catalogue what was taken down after the snapshot, and removes all bytes that must not be there.
 * Returns the number of photos.
 */
async function obeyTakedowns(db: Kysely<Database>, blobs: BlobStore, takedowns: readonly Takedown[]): Promise<number> {
  const known = new Set((await listTakedowns(db)).map(targetKey));
  let photos = 0;
  for (const takedown of takedowns) {
    if (known.has(targetKey(takedown))) continue;
    const result = await takeDown(db, targetOf(takedown), takedown.reason);
    photos += result.photos.length;
  }
  for (const sha256 of photosOf(await listTakedowns(db))) await blobs.remove(sha256);
  return photos;
}
