import { sql, type Kysely, type RawBuilder, type Transaction } from 'kysely';
import { collectionForgotten } from '../../collection/collection.repository.ts';
import type { Database } from '../../platform/postgres/database.ts';
import { isAmong } from '../../platform/postgres/query.ts';
import { admitLicences, allowedLicence } from './licence.repository.ts';
import { hasPlan, NAMES, type QueryScope } from './query.repository.ts';
import { foundByClass } from './tally.repository.ts';

/** SQL: a crawl of the collection found candidate `c`. */
export function isLinked(collectionId: number): RawBuilder<unknown> {
  return sql`exists (select 1 from collection_candidate l where l.candidate_id = c.id and l.collection_id = ${collectionId})`;
}

/**
 * Records that a crawl of the collection found these candidates.
 *
 * @param candidateIds SQL: ids whose pictures are locked. Otherwise a fetch that ends at the same time would not see the link,
 *   and the tally would count the picture as waiting ever after.
 * @throws StopTheRun `collection-forgotten`
 */
export async function linkCandidates(
  trx: Transaction<Database>,
  collectionId: number,
  candidateIds: RawBuilder<unknown>,
): Promise<void> {
  const locked = await sql`select 1 from collection where id = ${collectionId} for key share`.execute(trx);
  if (locked.rows.length === 0) throw collectionForgotten('it was crawled');
  await sql`
    insert into collection_candidate (candidate_id, collection_id)
    select f.id, ${collectionId}::int from (${candidateIds}) as f
    on conflict do nothing`.execute(trx);
}

/** Candidates that are linked or admitted at a time, because fetches of their pictures wait. */
const LINKED_AT_ONCE = 20_000;

/**
 * Links the candidates that searches found for another collection, if this collection's plans name the same searches. So no search
 * is sent twice. A photo that several searches found counts for the first of them. Also admits what the collection's own searches
 * found and refused for a licence that the collection now allows.
 */
export async function linkSearched(db: Kysely<Database>, scope: QueryScope): Promise<void> {
  const { source, wnids } = scope;
  const linkSome = async (trx: Transaction<Database>): Promise<number> => {
    // A page of the same class counts what is found at the same time (`lockFound`).
    await sql`
      select 1 from query plan where plan.source = ${source} and ${isAmong(sql`plan.wnid`, wnids)} and plan.kind = 'plan'
      order by plan.id for update`.execute(trx);
    const { rows } = await sql<{ id: number }>`${searched(scope)}`.execute(trx);
    const ids = rows.map(({ id }) => id);
    await linkCandidates(trx, scope.collectionId, sql`select unnest(${ids}::bigint[]) as id`);
    await admitLicences(trx, scope, sql`c.id = any(${ids}::bigint[])`);
    return ids.length;
  };
  while ((await db.transaction().execute(linkSome)) === LINKED_AT_ONCE);
}

/** SQL: ids of candidates to link or to admit, whose pictures it locks. A licence that only this collection allows counts as allowed. */
function searched(scope: QueryScope): RawBuilder<unknown> {
  const { collectionId, source, wnids, limitPerClass } = scope;
  const isAllowed = sql`exists (select 1 from picture p where p.id = c.picture_id and ${allowedLicence(scope)})`;
  const counts = sql`(c.refusal is null or c.refusal = 'licence-not-allowed') and ${isAllowed}`;
  return sql`
    select c.id from (
      select c.id, c.wnid, c.picture_id, count(*) filter (where ${counts}) over (partition by c.wnid order by c.id) as place
      from query plan join query q on ${NAMES} join candidate c on c.query_id = q.id
      where plan.source = ${source} and ${isAmong(sql`plan.wnid`, wnids)} and ${hasPlan(collectionId)}
        and (c.refusal = 'licence-not-allowed' and ${isAllowed} or not ${isLinked(collectionId)})) as c
    join picture p on p.id = c.picture_id left join ${foundByClass(scope)} as t using (wnid)
    where ${limitPerClass}::bigint is null or c.place + coalesce(t.found, 0) <= ${limitPerClass}::bigint
    order by p.source, p.source_id limit ${LINKED_AT_ONCE} for no key update of p`;
}
