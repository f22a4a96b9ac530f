import { sql, type RawBuilder, type Transaction } from 'kysely';
import { allowedLicence, type AllowedLicences } from '../../crawl/candidates/licence.repository.ts';
import type { Database } from '../../platform/postgres/database.ts';
import { lookUpOneByOne } from '../prune/retention.repository.ts';

/** SQL: what a link stores of decision `d`: `kept 0a1b2c3d` or `correct 0a1b2c3d`, with the beginning of the hash of its rules. */
export const DECIDED = sql`coalesce(d.reason, d.state) || ' ' || left(encode(d.decision_sha256, 'hex'), 8)`;
/** SQL: in mode O, without a searched class, the surest prediction has the lowest p. */
export const DECIDED_P = sql`coalesce(d.max_true_prob, -d.confusion_prob)`;
/** SQL: what a link stores of a first candidate. */
const MARKS = sql.raw('first_of, decided, p, wnid, source, licence');

/**
 * Stores with the links of some photos which candidates brought them to their classes first, what these say, and the newest decision on
 * each (`0039-first-candidates.ts`, `0046-first-candidates-by-p.ts`). It does not depend on the reader's rules. The collection's licences cannot change, and it cannot
 * be deleted, before the transaction ends.
 *
 * @param isOf SQL: a column of photo ids has one of these photos
 */
export async function markFirstCandidates(
  trx: Transaction<Database>,
  collectionId: number,
  isOf: (column: RawBuilder<unknown>) => RawBuilder<unknown>,
): Promise<void> {
  const { rows } = await sql<{ licences: unknown }>`
    select definition -> 'licences' as licences from collection where id = ${collectionId} for share`.execute(trx);
  if (rows[0] === undefined) return;
  const { licences } = rows[0];
  const rules: AllowedLicences = { licences: Array.isArray(licences) ? licences.map(String) : 'any' };
  await lookUpOneByOne(trx);
  await sql`
    with firsts as materialized (
      select distinct on (p.photo_id, c.wnid) p.photo_id, c.wnid, p.source, p.licence, l.candidate_id, l.marks
      from picture p
      cross join lateral (
        select id, wnid from candidate c where c.picture_id = p.id and c.refusal is null and ${allowedLicence(rules)} offset 0) as c
      cross join lateral (
        select candidate_id, row(${MARKS}) as marks from collection_candidate
        where candidate_id = c.id and collection_id = ${collectionId} offset 0) as l
      where ${isOf(sql`p.photo_id`)} order by p.photo_id, c.wnid, c.id)
    update collection_candidate l set (${MARKS}) = (m.photo_id, m.decided, m.p, m.wnid, m.source, m.licence)
    from (
      select f.candidate_id, f.photo_id, ${DECIDED} as decided, ${DECIDED_P} as p, f.wnid, f.source, f.licence from firsts f
      left join lateral (
        select * from decision where collection_id = ${collectionId} and photo_id = f.photo_id and wnid = f.wnid offset 0) as d on true
      where f.marks is distinct from row(f.photo_id, ${DECIDED}, ${DECIDED_P}, f.wnid, f.source, f.licence)
      union all
      select o.candidate_id, null, null, null, null, null, null from collection_candidate o
      where o.collection_id = ${collectionId} and ${isOf(sql`o.first_of`)} and o.candidate_id not in (select candidate_id from firsts)
    ) as m where l.candidate_id = m.candidate_id and l.collection_id = ${collectionId}`.execute(trx);
}
