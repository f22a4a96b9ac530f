import { sql, type Kysely, type Transaction } from 'kysely';
import type { Sha256 } from '../kernel/ids.ts';
import type { Database } from '../platform/postgres/database.ts';
import { allowLongIdle } from '../platform/postgres/transactions.ts';

/**
 * Tracks whether photos have their bytes. A photo that is `stored` has them. It is marked as `pruning` before they are
 * deleted, and its row is locked while bytes are deleted or restored. Rows are locked in the order of hashes, as
 * everywhere.
 */

export interface BytesOfPhoto {
  readonly id: number;
  readonly sha256: Sha256;
  readonly bytes: number;
}

/** Call this before rows are locked for a change: a takedown locks the table first, and would deadlock with them. */
async function beforeRows(trx: Transaction<Database>): Promise<void> {
  await sql`lock table photo in row exclusive mode`.execute(trx);
}

/** Locks photos in a state against pruning and restoring. For `pruning`, a slow S3 service gets time to delete. */
export async function lockBytes(
  trx: Transaction<Database>,
  photoIds: readonly number[],
  state: 'stored' | 'pruning',
): Promise<BytesOfPhoto[]> {
  if (photoIds.length === 0) return [];
  if (state === 'pruning') await allowLongIdle(trx);
  await beforeRows(trx);
  const { rows } = await sql<BytesOfPhoto>`
    select id, encode(sha256, 'hex') as sha256, bytes from photo where id = any(${photoIds}::bigint[]) and bytes_state = ${state}
    order by photo.sha256 for no key update`.execute(trx);
  return rows;
}

/** Locks one photo if it is pruned, and returns whether it is. A slow S3 service gets the time to store its bytes. */
export async function lockIfPruned(trx: Transaction<Database>, photoId: number): Promise<boolean> {
  await allowLongIdle(trx);
  await beforeRows(trx);
  const { rows } = await sql<{ id: number }>`
    select id from photo where id = ${photoId} and bytes_state <> 'stored' for no key update`.execute(trx);
  return rows.length > 0;
}

/** Photos without bytes. The others keep theirs, and their pictures, until the transaction ends. */
export async function sharePruned(trx: Transaction<Database>, photoIds: readonly number[]): Promise<Set<number>> {
  if (photoIds.length === 0) return new Set();
  const { rows } = await sql<{ id: number; pruned: boolean }>`
    select id, bytes_state <> 'stored' as pruned from photo where id = any(${photoIds}::bigint[])
    order by sha256 for share`.execute(trx);
  return new Set(rows.filter((row) => row.pruned).map((row) => row.id));
}

export async function prunedAmong(db: Kysely<Database>, photoIds: readonly number[]): Promise<Set<number>> {
  if (photoIds.length === 0) return new Set();
  const { rows } = await sql<{ id: number }>`
    select id from photo where id = any(${photoIds}::bigint[]) and bytes_state <> 'stored'`.execute(db);
  return new Set(rows.map((row) => row.id));
}

/** Call this while the rows are locked. */
export async function setBytesState(
  trx: Transaction<Database>,
  photoIds: readonly number[],
  state: 'stored' | 'pruning' | 'pruned',
): Promise<void> {
  if (photoIds.length === 0) return;
  await sql`
    update photo set bytes_state = ${state}, pruned_at = ${state === 'stored' ? sql`null` : sql`coalesce(pruned_at, now())`}
    where id = any(${photoIds}::bigint[])`.execute(trx);
}

/** Photos without bytes, ascending from `after`; `isMarked`: only those whose bytes an interrupted prune should have deleted. */
export async function prunedIds(
  db: Kysely<Database>,
  { after, limit, isMarked = false }: { readonly after: number; readonly limit: number; readonly isMarked?: boolean },
): Promise<number[]> {
  const state = isMarked ? sql`bytes_state = 'pruning'` : sql`bytes_state <> 'stored'`;
  const { rows } = await sql<{ id: number }>`
    select id from photo where ${state} and id > ${after} order by id limit ${limit}`.execute(db);
  return rows.map((row) => row.id);
}

export async function firstStoredFrom(db: Kysely<Database>, from: number): Promise<number | null> {
  const { rows } = await sql<{ id: number }>`
    select id from photo where id >= ${from} and bytes_state = 'stored' order by id limit 1`.execute(db);
  return rows[0]?.id ?? null;
}

export interface BytesCount {
  readonly state: 'stored' | 'pruning' | 'pruned';
  readonly photos: number;
  readonly bytes: number;
}

export async function countBytes(db: Kysely<Database>): Promise<BytesCount[]> {
  const { rows } = await sql<BytesCount>`
    select bytes_state as state, count(*) as photos, sum(bytes)::bigint as bytes from photo group by 1 order by 1`.execute(
    db,
  );
  return rows;
}
