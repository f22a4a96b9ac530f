import { sql, type Kysely } from 'kysely';

const STATEMENTS = [
  // The only collection that drops the photos of the set: it has a head that was fitted on them. If null, all drop them.
  'alter table reference_set add column collection_id integer references collection on delete cascade',
  'create index reference_set_collection on reference_set (collection_id)',
];

/** Adds reference sets of one collection: the photos that its heads were fitted on. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}
