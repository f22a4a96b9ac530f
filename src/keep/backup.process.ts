import { version } from '../core/config/version.ts';
import { UsageError } from '../core/kernel/errors.ts';
import type { Sha256 } from '../core/kernel/ids.ts';
import { photoFacts } from '../core/photo/photo.repository.ts';
import { identityOf } from '../core/platform/postgres/clients.ts';
import type { App } from '../core/runtime/open/app.process.ts';
import { readMove } from '../core/runtime/open/move-state.repository.ts';
import { readSnapshots, writeSnapshot, writeToBackup, type BackupFolder } from './backup-folder.process.ts';
import { copyPhotos, type CopyEvents, type PhotosCopied } from './copy-photos.ts';
import { tablesOf } from './copy-tables.process.ts';
import { readPortions, shardsOf, writePortions } from './portions.ts';
import { FORMAT, snapshotId, SECRET_TABLES, type Snapshot, type TableCopy } from './snapshot.ts';
import { removeUnused, type Removed, removeTakenDown } from './sweep.process.ts';
import { beginSnapshot, connectPlainly, endSnapshot, readPhotoList } from './tables.repository.ts';

export interface BackupOptions extends CopyEvents {
  readonly app: Pick<App, 'db' | 'blobs' | 'blobPlace' | 'connection' | 'dataDir'>;
  readonly dir: string;
  readonly keep: number;
  /** Read and hash the photos in the backup instead of comparing sizes. Damaged ones are replaced. */
  readonly verify: boolean;
  readonly signal: AbortSignal;
}

export interface BackedUp {
  readonly snapshot: string;
  readonly at: string;
  readonly tables: number;
  readonly rows: number;
  readonly photos: number;
  readonly bytes: number;
  /** Added by this command: photos, their bytes, and the bytes of the catalogue. */
  readonly copied: { readonly photos: number; readonly bytes: number; readonly catalogueBytes: number };
  /** Photos that were pruned while the backup was made. */
  readonly pruned: readonly string[];
  /** Photos whose bytes the data folder has lost. */
  readonly lost: readonly string[];
  readonly removed: Removed;
  readonly warnings: readonly string[];
  readonly snapshots: readonly string[];
}

/**
 * Adds a snapshot of the catalogue and the bytes of its photos to a backup, while other commands work. Copies only what the
 * backup lacks, so the next backup reuses the files of a killed one. The snapshot counts once its file is written, at the end.
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
  const { app, keep, signal } = options;
  const earlier = await readSnapshots(folder);
  const source = await requireSameCatalogue(app, earlier, folder);
  const { addedBytes, ...copy } = await copyCatalogue(folder, { ...options, after: earlier.at(-1)?.at });
  let copiedBytes = 0;
  const photos = await copyPhotos({
    ...options,
    onPhoto(photo) {
      if (photo.isCopied) copiedBytes += photo.bytes;
      options.onPhoto(photo);
    },
    from: app.blobs,
    to: folder.blobs,
    shards: shardsOf(readPortions(folder.catalogue, copy.photos.portions, signal)),
    fileOf: app.blobPlace.kind === 'folder' ? (sha256) => app.blobs.placeOf(sha256) : undefined,
  });
  const without = await reasonsFor(app, photos);
  const snapshot: Snapshot = { ...copy, source, photos: { ...copy.photos, bytes: photos.bytes }, without };
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
    photos: photos.photos,
    bytes: photos.bytes,
    copied: { photos: photos.copied, bytes: copiedBytes, catalogueBytes: addedBytes },
    ...without,
    removed,
    warnings,
    snapshots: snapshots.slice(-keep).map(({ id }) => id),
  };
}

/** The catalogue's identity. A moved or restored one may follow its origin. @throws UsageError `backup-of-another` */
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

/** Reads all tables and the list of photos at one moment. */
async function copyCatalogue(
  { catalogue }: BackupFolder,
  { app, signal, onTable, onRows, after }: BackupOptions & { readonly after: string | undefined },
): Promise<Omit<Snapshot, 'source' | 'without'> & { addedBytes: number }> {
  const client = await connectPlainly(app.connection.url, app.connection.applicationName);
  try {
    const { at, postgres, migrations } = await beginSnapshot(client);
    const tables: TableCopy[] = [];
    let addedBytes = 0;
    for (const table of await tablesOf(client, signal)) {
      const { name, columns } = table;
      if (SECRET_TABLES.includes(name)) continue;
      onTable(name);
      const { rows, portions, ...written } = await writePortions(table.rows(), { catalogue, signal, onRows });
      tables.push({ name, columns: [...columns], rows, numbers: await table.numbers(), portions });
      addedBytes += written.addedBytes;
    }
    const list = await writePortions(readPhotoList(client), { catalogue, signal, onRows: () => undefined });
    await endSnapshot(client);
    const time = new Date(Math.max(at.getTime(), after === undefined ? 0 : Date.parse(after) + 1)).toISOString();
    return {
      format: FORMAT,
      id: snapshotId(time),
      at: time,
      winnow: version,
      postgres,
      migrations: [...migrations],
      tables,
      photos: { rows: list.rows, portions: list.portions, bytes: 0 },
      addedBytes: addedBytes + list.addedBytes,
    };
  } finally {
    await client.end();
  }
}

/** Why listed photos have no bytes. Those that were taken down are in the list of takedowns. */
async function reasonsFor(
  { db }: BackupOptions['app'],
  { missing, damaged }: PhotosCopied,
): Promise<Snapshot['without']> {
  const without: { pruned: Sha256[]; lost: Sha256[] } = { pruned: [], lost: [...damaged] };
  for (const sha256 of missing) {
    const state = (await photoFacts(db, sha256))?.bytes_state;
    if (state === 'stored') without.lost.push(sha256);
    else if (state !== undefined) without.pruned.push(sha256);
  }
  return without;
}
