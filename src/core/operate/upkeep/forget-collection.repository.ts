import { sql, type Kysely, type Transaction } from 'kysely';
import { didYouMean } from '../../tools/nearest.ts';
import { quote } from '../../tools/quote.ts';
import { forgetWalks } from '../../crawl/sources/open-data/walk.repository.ts';
import { shareLeaks } from '../../filter/run/overrule.repository.ts';
import { UsageError } from '../../kernel/errors.ts';
import type { Database } from '../../platform/postgres/database.ts';

export interface CollectionContent {
  readonly decisions: number;
  /** Decisions that are `kept`. Their photos are safe from `prune`. */
  readonly kept: number;
  /** Rows of its shortlist, including those that are left out. */
  readonly listed: number;
  readonly pauses: number;
  /** Actions of reviewers, and answers in the quiz. */
  readonly reviews: number;
  /** When a filter last claimed the collection for its rules. */
  readonly claimedAt: Date;
}

/** @throws UsageError `unknown-collection` with the most similar name and all names that the catalogue knows */
export async function contentOfCollection(db: Kysely<Database>, name: string): Promise<CollectionContent> {
  const { rows } = await sql<CollectionContent>`
    select (select count(*) from decision d where d.collection_id = k.id) as decisions,
      (select count(*) from decision d where d.collection_id = k.id and (d.state = 'kept' or d.overruled ->> 'state' = 'kept')) as kept,
      (select count(*) from shortlist_entry e where e.collection_id = k.id) as listed,
      (select count(*) from pause p where p.collection_id = k.id) as pauses,
      (select count(*) from review_event r where r.collection_id = k.id)
        + (select count(*) from quiz_answer a where a.collection_id = k.id) as reviews, k.updated_at as "claimedAt"
    from collection k where k.name = ${name}`.execute(db);
  return rows[0] ?? unknown(db, name);
}

/**
 * Removes a collection from the catalogue in one transaction: its decisions, shortlist, reviews with their criteria,
 * quiz answers and pauses. What collections share stays. A filter that still works on the collection ends. Reviews go only
 * `withReviews`, because nothing can make them again.
 *
 * @throws UsageError `unknown-collection`, `collection-has-reviews`
 */
export async function forgetCollection(
  db: Kysely<Database>,
  name: string,
  withReviews: boolean,
): Promise<CollectionContent> {
  const { id, content } = await db.transaction().execute((trx) => forgetIn(trx, name, withReviews));
  // These rows only cache counts that are no longer read.
  await sql`delete from photo_scope where collection_id = ${id}`.execute(db);
  return content;
}

async function forgetIn(
  trx: Transaction<Database>,
  name: string,
  withReviews: boolean,
): Promise<{ id: number; content: CollectionContent }> {
  // Locks the collection first and then the reference sets, in the same order as a filter. This lock is not yet the one for
  // deletion. Otherwise a transaction that holds the reference sets and restores decisions, which refer to the collection,
  // would wait for us, and we for it.
  const row = await trx
    .selectFrom('collection')
    .select('id')
    .where('name', '=', name)
    .forNoKeyUpdate()
    .executeTakeFirst();
  if (row === undefined) return unknown(trx, name);
  await shareLeaks(trx);
  const content = await contentOfCollection(trx, name);
  if (content.reviews > 0 && !withReviews) {
    throw new UsageError(
      `The collection '${name}' has reviews or quiz answers (actions: ${content.reviews}), which cannot be made again. Save the reviews with ` +
        `\`winnow verdicts --events --json\`, then add --with-reviews to remove all of it. No command saves quiz answers.`,
      { code: 'collection-has-reviews' },
    );
  }
  // Links, entries, reviews, their criteria, revisions and pauses are deleted by cascade.
  await trx.deleteFrom('shortlist').where('collection_id', '=', row.id).execute();
  // Photos that only this collection failed as poison are not suspect any more.
  await sql`
    delete from suspect s using photo f join decision d on d.photo_id = f.id
    where s.item = encode(f.sha256, 'hex') and d.collection_id = ${row.id} and not exists (
      select 1 from decision o where o.photo_id = f.id and o.collection_id <> d.collection_id and o.reason = 'poison')`.execute(
    trx,
  );
  await trx.deleteFrom('decision').where('collection_id', '=', row.id).execute();
  await forgetWalks(trx, name);
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
