import { storedInShard } from '../core/photo/photo.repository.ts';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { sql, type Kysely } from 'kysely';
import { displayPath } from '../core/config/root.ts';
import { codeOf, UsageError } from '../core/kernel/errors.ts';
import type { Database } from '../core/platform/postgres/database.ts';
import { SHARDS } from '../core/platform/blobs/shards.ts';
import type { Shard } from './copy-photos.ts';

/** The server's estimate of the catalogue's rows, or null: a count would read all rows once more. */
export async function estimatedRows(db: Kysely<Database>): Promise<number | null> {
  const { rows } = await sql<{ rows: number | null }>`
    select nullif(sum(n_live_tup), 0)::bigint as rows from pg_stat_user_tables where schemaname = 'public'`.execute(db);
  return rows[0]?.rows ?? null;
}

export async function countStoredPhotos(db: Kysely<Database>): Promise<number> {
  const { rows } = await sql<{ count: number }>`select count(*) as count from photo`.execute(db);
  return rows[0]?.count ?? 0;
}

export async function* storedShards(db: Kysely<Database>): AsyncGenerator<Shard> {
  for (const shard of SHARDS) {
    const photos = [...(await storedInShard(db, shard))].map(([sha256, bytes]) => ({ sha256, bytes }));
    yield { shard, photos };
  }
}

/**
 * Refuses to begin a second backup where the first one cannot be seen, because its disk is not mounted: otherwise a nightly job
 * reports success while the real backup goes stale. The activity log knows where backups went.
 *
 * @param dir absolute path of the folder of the backup
 * @throws UsageError `backup-missing`
 */
export async function requireEarlierBackup(db: Kysely<Database>, dir: string): Promise<void> {
  const snapshots = await readdir(path.join(dir, 'snapshots')).catch((error: unknown) =>
    codeOf(error) === 'ENOENT' ? [] : null,
  );
  // The backup itself reports a folder that cannot be read.
  if (snapshots === null || snapshots.length > 0) return;
  const { rows } = await sql<{ at: Date }>`
    select max(at) as at from activity
    where action = 'backup' and outcome = 'done' and detail->>'dir' = ${dir} having max(at) is not null`.execute(db);
  const [last] = rows;
  if (last === undefined) return;
  throw new UsageError(
    `This catalogue was backed up to '${displayPath(dir)}' on ${last.at.toISOString()}, but there is no snapshot now. Check that its disk is mounted. To begin a new backup there, add --new.`,
    { code: 'backup-missing' },
  );
}
