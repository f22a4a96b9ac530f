import type { Client } from 'pg';
import { version } from '../../config/version.ts';
import { UsageError } from '../../kernel/errors.ts';
import type { Sha256 } from '../../kernel/ids.ts';
import { photoFacts } from '../../photo/photo.repository.ts';
import { identityOf } from '../../platform/postgres/clients.ts';
import {
  catalogueTables,
  connectPlainly,
  numbersOf,
  type CatalogueTable,
} from '../move/catalogue-tables.repository.ts';
import { moveBlobs, type BlobsMoved } from '../move/move-blobs.ts';
import type { Shard } from '../move/photo-list.ts';
import { storedShards } from '../move/target.repository.ts';
import type { App } from '../open/app.ts';
import { readMove } from '../open/move-state.repository.ts';
import { readSnapshots, writeSnapshot, writeToBackup, type BackupFolder } from './backup-folder.ts';
import {
  beginSnapshot,
  endSnapshot,
  readPhotoList,
  readRows,
  type CatalogueState,
} from './catalogue-copy.repository.ts';
import { PortionWriter, readPortions, shardsOf } from './portions.ts';
import { FORMAT, idOf, SECRET_TABLES, type Portion, type Snapshot, type TableCopy } from './snapshot.ts';
import { removeUnused, type Removed } from './sweep.ts';
import { removeTakenDown } from './takedowns.ts';

export interface BackupOptions {
  readonly app: Pick<App, 'db' | 'blobs' | 'blobPlace' | 'connection' | 'dataDir'>;
  readonly dir: string;
  /** Number of snapshots to keep. The oldest are removed. */
  readonly keep: number;
  /** Whether to read and hash what the backup has, instead of comparing sizes. What is damaged there is replaced. */
  readonly verify: boolean;
  readonly signal: AbortSignal;
  readonly onTable: (table: string) => void;
  readonly onRows: (rows: number) => void;
  readonly onPhoto: (photo: { readonly bytes: number; readonly isCopied: boolean }) => void;
}

export interface BackedUp {
  readonly snapshot: string;
  readonly at: string;
  readonly tables: number;
  readonly rows: number;
  /** Photos whose bytes are in the backup, and their bytes. */
  readonly photos: number;
  readonly bytes: number;
  /** What this command has added: photos, their bytes, and the bytes of the catalogue. */
  readonly copied: { readonly photos: number; readonly bytes: number; readonly catalogueBytes: number };
  /** Photos that were pruned while the backup was made. */
  readonly pruned: readonly string[];
  /** Photos whose bytes the data folder has lost. */
  readonly lost: readonly string[];
  /** What no snapshot needs, and photos that were taken down. */
  readonly removed: Removed;
  /** What is damaged in the backup. */
  readonly warnings: readonly string[];
  /** Snapshots in the backup, the oldest first. */
  readonly snapshots: readonly string[];
}

/**
 * Adds a snapshot of the catalogue and the bytes of its photos to a backup, while other commands work. Only what the backup lacks is
 * copied. Most photos are copied before the catalogue is read, so that few can be pruned between the two. The snapshot
 * counts once its file is written, at the end. What a killed backup has copied, the next one uses.
 *
 * @throws UsageError `backup-of-another`, and those of `writeToBackup`
 */
export async function backUp(options: BackupOptions): Promise<BackedUp> {
  const { dataDir } = options.app;
  return writeToBackup(options.dir, { dataDir, create: true, purpose: 'winnow backup' }, (folder) =>
    backUpTo(folder, options),
  );
}

async function backUpTo(folder: BackupFolder, options: BackupOptions): Promise<BackedUp> {
  const { app, keep, verify, signal } = options;
  const client = await connectPlainly(app.connection.url, app.connection.applicationName);
  try {
    const earlier = await readSnapshots(folder);
    const source = await requireSameCatalogue(app, earlier, folder);
    const before = await copyPhotos(options, folder, storedShards(app.db));
    const writer = new PortionWriter(folder.catalogue, { earlier: earlier.flatMap(portionsOf), verify, signal });
    const copy = await copyCatalogue(client, writer, { ...options, after: earlier.at(-1)?.at });
    const list = readPortions(folder.catalogue, copy.photos.portions, signal);
    // Photos that are there have been reported and verified before.
    const onPhoto: BackupOptions['onPhoto'] = (photo) => void (photo.isCopied && options.onPhoto(photo));
    const after = await copyPhotos({ ...options, verify: false, onPhoto }, folder, shardsOf(list));
    const without = await reasonsFor(app, after);
    const snapshot: Snapshot = { ...copy, source, photos: { ...copy.photos, bytes: after.bytes }, without };
    const takenDown = await removeTakenDown(folder, app.db);
    await writeSnapshot(folder, snapshot);
    const snapshots = [...earlier, snapshot];
    const { removed, warnings } = await removeUnused(folder, snapshots, { keep, signal });
    removed.photos += takenDown.photos;
    removed.bytes += takenDown.bytes;
    return {
      snapshot: snapshot.id,
      at: snapshot.at,
      tables: snapshot.tables.length,
      rows: snapshot.tables.reduce((sum, { rows }) => sum + rows, 0),
      photos: after.photos,
      bytes: after.bytes,
      copied: {
        photos: before.copied + after.copied,
        bytes: before.copiedBytes + after.copiedBytes,
        catalogueBytes: writer.addedBytes,
      },
      ...without,
      removed,
      warnings,
      snapshots: snapshots.slice(-keep).map(({ id }) => id),
    };
  } finally {
    await client.end();
  }
}

/**
 * Returns the identity of the catalogue. It may also have been moved or restored from one that was backed up here.
 *
 * @throws UsageError `backup-of-another`
 */
async function requireSameCatalogue(
  { db }: BackupOptions['app'],
  earlier: readonly Snapshot[],
  { shown }: BackupFolder,
): Promise<string> {
  const identity = await identityOf(db);
  const origin = (await readMove(db))?.source;
  if (earlier.length === 0 || earlier.some(({ source }) => source === identity || source === origin)) return identity;
  throw new UsageError(
    `The backup in '${shown}' is of another catalogue; give each data folder or server a folder of its own`,
    { code: 'backup-of-another' },
  );
}

/** All portions that a snapshot needs. */
function portionsOf({ tables, photos }: Snapshot): Portion[] {
  return [...tables.flatMap(({ portions }) => portions), ...photos.portions];
}

async function copyPhotos(
  { app, verify, signal, onPhoto }: BackupOptions,
  { blobs, shown }: BackupFolder,
  shards: AsyncIterable<Shard>,
): Promise<BlobsMoved & { copiedBytes: number }> {
  let copiedBytes = 0;
  const moved = await moveBlobs({
    from: app.blobs,
    to: blobs,
    shards,
    ...(app.blobPlace.kind === 'folder' ? { fileOf: (sha256: Sha256) => app.blobs.placeOf(sha256) } : {}),
    verify,
    shown,
    signal,
    onPhoto(photo) {
      if (photo.isCopied) copiedBytes += photo.bytes;
      onPhoto(photo);
    },
  });
  return { ...moved, copiedBytes };
}

type CatalogueCopy = Omit<Snapshot, 'source' | 'without'>;

/** Reads all tables and the list of photos at one moment. */
async function copyCatalogue(
  client: Client,
  writer: PortionWriter,
  { onTable, onRows, after }: BackupOptions & { readonly after: string | undefined },
): Promise<CatalogueCopy> {
  const { at, postgres, migrations }: CatalogueState = await beginSnapshot(client);
  const tables: TableCopy[] = [];
  for (const table of await catalogueTables(client)) {
    if (SECRET_TABLES.includes(table.name)) continue;
    onTable(table.name);
    tables.push(await copyTable(client, table, { writer, onRows }));
  }
  // The list is read again below, so a damaged file must be replaced now.
  const photos = { ...(await writer.write(readPhotoList(client), () => undefined, true)), bytes: 0 };
  await endSnapshot(client);
  const time = new Date(Math.max(at.getTime(), after === undefined ? 0 : Date.parse(after) + 1)).toISOString();
  return {
    format: FORMAT,
    id: idOf(time),
    at: time,
    winnow: version,
    postgres,
    migrations: [...migrations],
    tables,
    photos,
  };
}

async function copyTable(
  client: Client,
  table: CatalogueTable,
  { writer, onRows }: { readonly writer: PortionWriter; readonly onRows: (rows: number) => void },
): Promise<TableCopy> {
  const { name, columns } = table;
  const { rows, portions } = await writer.write(readRows(client, table), onRows);
  return { name, columns: [...columns], rows, numbers: await numbersOf(client, table), portions };
}

/** Why listed photos have no bytes. Those that were taken down are in the list of takedowns. */
async function reasonsFor(
  { db }: BackupOptions['app'],
  { missing, damaged }: BlobsMoved,
): Promise<Snapshot['without']> {
  const without: { pruned: Sha256[]; lost: Sha256[] } = { pruned: [], lost: [...damaged] };
  for (const sha256 of missing) {
    const state = (await photoFacts(db, sha256))?.bytes_state;
    if (state === 'stored') without.lost.push(sha256);
    else if (state !== undefined) without.pruned.push(sha256);
  }
  return without;
}
