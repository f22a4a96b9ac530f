import { sql, type Kysely, type Transaction } from 'kysely';
import type { Database } from '../platform/postgres/database.ts';

/** Names the lock that keeps decisions and leaks from missing each other: filters share it, who adds references has it alone. */
const LOCK = 0x6c_65_61_6b;

/** Until the transaction ends, no reference set comes or goes. */
export async function shareLeaks(trx: Transaction<Database>): Promise<void> {
  await sql`select pg_advisory_xact_lock_shared(${LOCK})`.execute(trx);
}

/** Until the transaction ends, nobody decides. */
export async function lockLeaks(trx: Transaction<Database>): Promise<void> {
  await sql`select pg_advisory_xact_lock(${LOCK})`.execute(trx);
}

/** The twin of each leak, in words; of a photo that is in several sets, the one in the set that was added first. */
const TWINS = sql`
  select distinct on (l.photo_id) l.photo_id,
    case when r.sha256 = f.sha256 then 'same bytes as ' else l.distance || ' bits from ' end || r.path || ' in ' || s.folder
      || case when l.is_confirmed or r.sha256 = f.sha256 then '' else ', not confirmed by the finer hash' end as detail
  from leak l join reference_picture r on r.id = l.picture_id join reference_set s on s.id = l.set_id join photo f on f.id = l.photo_id`;

/** What to say of those of the photos that are leaks. */
export async function leakDetails(
  db: Kysely<Database>,
  photoIds: readonly number[],
): Promise<ReadonlyMap<number, string>> {
  const { rows } = await sql<{ photo_id: number; detail: string }>`
    ${TWINS} where l.photo_id = any(${photoIds}::bigint[]) order by l.photo_id, l.set_id`.execute(db);
  return new Map(rows.map((row) => [row.photo_id, row.detail]));
}

/**
 * Decisions of leaks become `in-reference-set`, whatever collection made them; what they were is kept.
 *
 * @param photoIds only these; null: all
 * @returns how many decisions changed
 */
export async function overruleLeaks(
  trx: Transaction<Database>,
  photoIds: readonly number[] | null = null,
): Promise<number> {
  const which = photoIds === null ? sql`true` : sql`l.photo_id = any(${photoIds}::bigint[])`;
  const result = await sql`
    update decision d set overruled = to_jsonb(d) - 'overruled', state = 'dropped', reason = 'in-reference-set', detail = twin.detail,
      member_id = null, crop = null, confusion_wnid = null, confusion_prob = null
    from (${TWINS} where ${which} order by l.photo_id, l.set_id) as twin
    where d.photo_id = twin.photo_id and d.state <> 'failed' and d.reason is distinct from 'in-reference-set'`.execute(
    trx,
  );
  // Those that were overruled before and whose twin is another one now.
  await sql`
    update decision d set detail = twin.detail from (${TWINS} where ${which} order by l.photo_id, l.set_id) as twin
    where d.photo_id = twin.photo_id and d.reason = 'in-reference-set' and d.detail is distinct from twin.detail`.execute(
    trx,
  );
  return Number(result.numAffectedRows ?? 0);
}

export interface Restored {
  /** Decisions that are again what they were. */
  readonly restored: number;
  /** Photos of a class that were never evaluated: undecided again. */
  readonly undecided: number;
}

/** Decisions that were overruled for a leak that is none any more are what they were before. */
export async function restoreDecisions(trx: Transaction<Database>): Promise<Restored> {
  const { rows } = await sql<{ overruled: unknown }>`
    delete from decision d where d.reason = 'in-reference-set' and not exists (select 1 from leak l where l.photo_id = d.photo_id)
    returning d.overruled`.execute(trx);
  const before = rows.map((row) => row.overruled).filter((row) => row !== null);
  for (let i = 0; i < before.length; i += ROWS_PER_INSERT) {
    await sql`
      insert into decision select r.* from jsonb_populate_recordset(null::decision, ${JSON.stringify(before.slice(i, i + ROWS_PER_INSERT))}::jsonb) as r`.execute(
      trx,
    );
  }
  return { restored: before.length, undecided: rows.length - before.length };
}

const ROWS_PER_INSERT = 5_000;
