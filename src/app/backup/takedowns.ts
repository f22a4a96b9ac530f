import type { Kysely } from 'kysely';
import type { Sha256 } from '../../kernel/ids.ts';
import { listTakedowns, type TakedownTarget } from '../../photo/takedown.repository.ts';
import type { Database } from '../../platform/postgres/database.ts';
import { connectPlainly } from '../move/catalogue-tables.repository.ts';
import type { App } from '../open/app.ts';
import { openToWrite, readTakedowns, writeTakedowns, type BackupFolder } from './backup-folder.ts';
import { lockBackups } from './catalogue-copy.repository.ts';
import { mergeTakedowns, type Takedown } from './snapshot.ts';

export interface TakedownsApplied {
  /** Takedowns that the backup knows now. A restore of any of its snapshots obeys them. */
  readonly takedowns: number;
  /** Those that it did not know before. */
  readonly added: number;
  /** Photos whose bytes were removed from the backup. */
  readonly photos: number;
  readonly bytes: number;
}

/**
 * Makes a backup obey the takedowns of the catalogue: the bytes of photos that were taken down are removed from it, and a
 * restore leaves out what is known of them.
 *
 * @throws UsageError `no-backup`, `backup-running`, and those of `openToWrite`
 */
export async function applyTakedowns(
  app: Pick<App, 'db' | 'connection' | 'dataDir'>,
  dir: string,
): Promise<TakedownsApplied> {
  const client = await connectPlainly(app.connection.url, app.connection.applicationName);
  try {
    await lockBackups(client);
    const folder = await openToWrite(dir, { dataDir: app.dataDir, create: false });
    const before = (await readTakedowns(folder)).length;
    const removed = { photos: 0, bytes: 0 };
    for (const sha256 of await applyTo(folder, app.db)) {
      const bytes = await folder.blobs.sizeOf(sha256);
      if (bytes === null) continue;
      await folder.blobs.remove(sha256);
      removed.photos += 1;
      removed.bytes += bytes;
    }
    const takedowns = (await readTakedowns(folder)).length;
    return { takedowns, added: takedowns - before, ...removed };
  } finally {
    await client.end();
  }
}

/** Adds the catalogue's takedowns to the backup's list. Returns the photos of the list, whose bytes must go. */
export async function applyTo(folder: BackupFolder, db: Kysely<Database>): Promise<ReadonlySet<Sha256>> {
  const known = await readTakedowns(folder);
  const all = mergeTakedowns(known, await listTakedowns(db));
  if (all.length > known.length) await writeTakedowns(folder, all);
  return photosOf(all);
}

export function photosOf(takedowns: readonly Takedown[]): Set<Sha256> {
  return new Set(takedowns.flatMap(({ sha256 }) => (sha256 === null ? [] : [sha256])));
}

/** What a takedown of a list is of. */
export function targetOf({ sha256, source, sourceId, url }: Takedown): TakedownTarget {
  if (sha256 !== null) return { sha256 };
  if (url !== null) return { urls: [url] };
  return { source: source ?? '', sourceId: sourceId ?? '' };
}
