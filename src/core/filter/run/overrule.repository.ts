import { sql, type Kysely, type Transaction } from 'kysely';
import { batchesOf } from '../../kernel/batches.ts';
import type { Database } from '../../platform/postgres/database.ts';

/** Keeps decisions and leaks from missing each other: filters share this lock, adding references takes it exclusively. */
const LOCK = 0x6c_65_61_6b;

export async function shareLeaks(trx: Transaction<Database>): Promise<void> {
  await sql`select pg_advisory_xact_lock_shared(${LOCK})`.execute(trx);
}

export async function lockLeaks(trx: Transaction<Database>): Promise<void> {
  await sql`select pg_advisory_xact_lock(${LOCK})`.execute(trx);
}

/** The twin of each leak in each collection, as text. If a photo is in several sets, the set that was added first counts. */
const TWINS = sql`
  select distinct on (c.id, l.photo_id) c.id as collection_id, l.photo_id,
    case when r.sha256 = f.sha256 then 'same bytes as ' else l.distance || ' bits from ' end || r.path || ' in ' || s.folder as detail
  from leak l join reference_picture r on r.id = l.picture_id join reference_set s on s.id = l.set_id join photo f on f.id = l.photo_id
  join collection c on s.collection_id is null or s.collection_id = c.id`;
const BY_TWIN = sql`c.id, l.photo_id, l.set_id`;

export async function leakDetails(
  db: Kysely<Database>,
  collectionId: number,
  photoIds: readonly number[],
): Promise<ReadonlyMap<number, string>> {
  const { rows } = await sql<{ photo_id: number; detail: string }>`
    ${TWINS} where c.id = ${collectionId} and l.photo_id = any(${photoIds}::bigint[]) order by ${BY_TWIN}`.execute(db);
  return new Map(rows.map((row) => [row.photo_id, row.detail]));
}

/**
 * Turns decisions on leaks into `in-reference-set`, in every collection that the set counts for, and keeps the previous ones.
 * Returns how many changed. `photoIds` null: all.
 */
export async function overruleLeaks(
  trx: Transaction<Database>,
  photoIds: readonly number[] | null = null,
): Promise<number> {
  const which = photoIds === null ? sql`true` : sql`l.photo_id = any(${photoIds}::bigint[])`;
  const result = await sql`
    update decision d set overruled = to_jsonb(d) - 'overruled', state = 'dropped', reason = 'in-reference-set', detail = twin.detail,
      member_id = null, crop = null, confusion_wnid = null, confusion_prob = null
    from (${TWINS} where ${which} order by ${BY_TWIN}) as twin
    where d.collection_id = twin.collection_id and d.photo_id = twin.photo_id and d.state <> 'failed' and d.reason is distinct from 'in-reference-set'`.execute(
    trx,
  );
  // Update those that were overruled before and now have another twin.
  await sql`
    update decision d set detail = twin.detail from (${TWINS} where ${which} order by ${BY_TWIN}) as twin
    where d.collection_id = twin.collection_id and d.photo_id = twin.photo_id and d.reason = 'in-reference-set' and d.detail is distinct from twin.detail`.execute(
    trx,
  );
  return Number(result.numAffectedRows ?? 0);
}

export interface RestoredDecisions {
  readonly restored: number;
  /** Photos of a class that were never evaluated, and are undecided again. */
  readonly undecided: number;
}

/** Restores decisions that were overruled for a leak that is no leak any more. */
export async function restoreDecisions(trx: Transaction<Database>): Promise<RestoredDecisions> {
  const { rows } = await sql<{ overruled: unknown }>`
    delete from decision d where d.reason = 'in-reference-set' and not exists (
      select 1 from leak l join reference_set s on s.id = l.set_id
      where l.photo_id = d.photo_id and (s.collection_id is null or s.collection_id = d.collection_id))
    returning d.overruled`.execute(trx);
  const before = rows.map((row) => row.overruled).filter((row) => row !== null);
  for (const batch of batchesOf(before, ROWS_PER_INSERT)) {
    await sql`
      insert into decision select r.* from jsonb_populate_recordset(null::decision, ${JSON.stringify(batch)}::jsonb) as r`.execute(
      trx,
    );
  }
  return { restored: before.length, undecided: rows.length - before.length };
}

const ROWS_PER_INSERT = 5_000;
