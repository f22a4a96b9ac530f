import { sql, type Kysely, type Transaction } from 'kysely';
import { didYouMean } from '../../config/nearest.ts';
import { quote } from '../../config/quote.ts';
import { shareLeaks } from '../../decision/overrule.repository.ts';
import { UsageError } from '../../kernel/errors.ts';
import type { Database } from '../../platform/postgres/database.ts';

/** What the catalogue has of a collection alone. */
export interface CollectionContent {
  readonly decisions: number;
  /** Of these, kept: photos that hold their bytes from `prune`. */
  readonly kept: number;
  /** Rows of its shortlist, those left out included. */
  readonly listed: number;
  readonly pauses: number;
  /** When a filter last claimed it for its rules. */
  readonly claimedAt: Date;
}

/**
 * What forgetting a collection would remove.
 *
 * @throws UsageError `unknown-collection` with the nearest and all names that the catalogue knows
 */
export async function contentOfCollection(db: Kysely<Database>, name: string): Promise<CollectionContent> {
  const { rows } = await sql<CollectionContent>`
    select (select count(*) from decision d where d.collection_id = k.id) as decisions,
      (select count(*) from decision d where d.collection_id = k.id and (d.state = 'kept' or d.overruled ->> 'state' = 'kept')) as kept,
      (select count(*) from shortlist_entry e where e.collection_id = k.id) as listed,
      (select count(*) from pause p where p.collection_id = k.id) as pauses, k.updated_at as "claimedAt"
    from collection k where k.name = ${name}`.execute(db);
  return rows[0] ?? unknown(db, name);
}

/**
 * Removes a collection from the catalogue: its decisions, its shortlist and its pauses, all or none of them. What belongs to
 * the data folder stays: photos, where they were found, evidence and features. A filter that still works on it ends.
 *
 * @returns what was removed
 * @throws UsageError `unknown-collection`
 */
export async function forgetCollection(db: Kysely<Database>, name: string): Promise<CollectionContent> {
  const { id, content } = await db.transaction().execute((trx) => forgetIn(trx, name));
  // Only a cache of counts, which nobody asks for any more.
  await sql`delete from photo_scope where collection_id = ${id}`.execute(db);
  return content;
}

async function forgetIn(trx: Transaction<Database>, name: string): Promise<{ id: number; content: CollectionContent }> {
  // The collection first, then reference sets: the order in which a filter locks them. Not yet for its removal: who has the
  // reference sets and gives decisions back, which refer to it, would wait for us, and we for them.
  const row = await trx
    .selectFrom('collection')
    .select('id')
    .where('name', '=', name)
    .forNoKeyUpdate()
    .executeTakeFirst();
  if (row === undefined) return unknown(trx, name);
  await shareLeaks(trx);
  const content = await contentOfCollection(trx, name);
  // Entries and pauses go with what they belong to.
  await trx.deleteFrom('shortlist').where('collection_id', '=', row.id).execute();
  await trx.deleteFrom('decision').where('collection_id', '=', row.id).execute();
  await trx.deleteFrom('collection').where('id', '=', row.id).execute();
  return { id: row.id, content };
}

async function unknown(db: Kysely<Database>, name: string): Promise<never> {
  const known = (await db.selectFrom('collection').select('name').orderBy('name').execute()).map((row) => row.name);
  throw new UsageError(
    `Expected a collection that this data folder knows (${known.length === 0 ? 'there are none' : known.join(', ')}) but received ${quote(name)}.${didYouMean(name, known)}`,
    { code: 'unknown-collection' },
  );
}
