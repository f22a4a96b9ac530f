import { sql, type Kysely, type Transaction } from 'kysely';
import type { Database } from '../../platform/postgres/database.ts';
import type { Subject } from '../events/event.ts';

export interface LeaseHolder {
  readonly collectionId: number;
  readonly reviewer: string;
  readonly client: string;
  readonly leaseMs: number;
}

/** Keeps our lock apart from other advisory locks. */
const LOCK_CLASS = 0x57_4e_52;

/** Makes other tabs that take photos of the collection wait until this transaction ends: no two get the same one. */
export async function lockLeases(trx: Transaction<Database>, collectionId: number): Promise<void> {
  await sql`select pg_advisory_xact_lock(${LOCK_CLASS}::int, ${collectionId}::int)`.execute(trx);
}

/** Renews the leases that a tab still needs. Deletes its other leases and all expired ones. */
export async function keepLeases(
  trx: Transaction<Database>,
  holder: LeaseHolder,
  held: readonly Subject[],
): Promise<void> {
  const { collectionId, client } = holder;
  await sql`
    delete from review_lease where collection_id = ${collectionId} and (client = ${client} or until <= clock_timestamp())`.execute(
    trx,
  );
  await addLeases(trx, holder, held);
}

/** Takes photos for a tab. A photo that another tab has leased stays with that tab until the lease ends. */
export async function addLeases(
  trx: Transaction<Database>,
  { collectionId, reviewer, client, leaseMs }: LeaseHolder,
  subjects: readonly Subject[],
): Promise<void> {
  await sql`
    insert into review_lease (collection_id, wnid, sha256, reviewer, client, until)
    select ${collectionId}::int, s.wnid, decode(s.sha256, 'hex'), ${reviewer}, ${client},
      clock_timestamp() + ${leaseMs}::int * interval '1 millisecond'
    from jsonb_to_recordset(${JSON.stringify(subjects)}::jsonb) as s(sha256 text, wnid text)
    on conflict (collection_id, wnid, sha256) do update
    set reviewer = excluded.reviewer, client = excluded.client, until = excluded.until
    where review_lease.until <= clock_timestamp()`.execute(trx);
}

/** A photo that was found free, and how many people had reviewed it then. */
export interface FreePhoto extends Subject {
  readonly reviews: number;
}

/** The photos among `subjects` that another tab has, or that have been reviewed since they were found. */
export async function takenAmong(
  trx: Transaction<Database>,
  { collectionId, client }: Pick<LeaseHolder, 'collectionId' | 'client'>,
  subjects: readonly (Subject | FreePhoto)[],
): Promise<Subject[]> {
  const { rows } = await sql<Subject>`
    select s.sha256, s.wnid from jsonb_to_recordset(${JSON.stringify(subjects)}::jsonb) as s(sha256 text, wnid text, reviews int)
    left join review_lease r on r.collection_id = ${collectionId} and r.wnid = s.wnid and r.sha256 = decode(s.sha256, 'hex')
    left join verdict v on v.collection_id = ${collectionId} and v.wnid = s.wnid and v.sha256 = decode(s.sha256, 'hex')
    where r.client <> ${client} or cardinality(v.reviewers) > s.reviews`.execute(trx);
  return rows;
}

/** Ends all leases of a reviewer's tabs. */
export async function endTabs(db: Kysely<Database>, reviewer: string, clients: readonly string[]): Promise<void> {
  await sql`delete from review_lease where reviewer = ${reviewer} and client = any(${clients}::text[])`.execute(db);
}

/** Ends the leases of all tabs on these photos, also those of tabs that are gone. */
export async function endLeases(
  db: Kysely<Database>,
  collectionId: number,
  subjects: readonly Subject[],
): Promise<void> {
  await sql`
    delete from review_lease r using jsonb_to_recordset(${JSON.stringify(subjects)}::jsonb) as s(sha256 text, wnid text)
    where r.collection_id = ${collectionId} and r.wnid = s.wnid and r.sha256 = decode(s.sha256, 'hex')`.execute(db);
}
