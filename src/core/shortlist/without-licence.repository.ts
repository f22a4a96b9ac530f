import { sql, type Kysely } from 'kysely';
import { GIVEN_SOURCES } from '../config/sources/sources.ts';
import { isLinked } from '../crawl/candidates/link.repository.ts';
import { UNKNOWN_LICENCE } from '../collection/licence.ts';
import type { WithoutLicence } from '../kernel/next-step.ts';
import type { DecisionScope } from '../models/workspace/scope.ts';
import type { Database } from '../platform/postgres/database.ts';
import { onlyRow } from '../platform/postgres/query.ts';

/**
 * Counts the listed photos for which no source and no curator gives a licence to pass them on, and those of them that are accepted.
 * `withUnlisted`: for reviewers, who would otherwise know that the other photos without a licence are not listed.
 */
export async function countWithoutLicence(
  db: Kysely<Database>,
  { collectionId }: Pick<DecisionScope, 'collectionId'>,
  withUnlisted = false,
): Promise<WithoutLicence> {
  const isOpen = sql`exists (
    select 1 from picture p where p.photo_id = s.photo_id and p.licence = ${UNKNOWN_LICENCE} and p.source = any(${GIVEN_SOURCES}::text[]))`;
  const counted = await sql<WithoutLicence>`
    select count(*) as listed, count(*) filter (where v.state = 'accepted') as accepted, coalesce(bool_or(${isOpen}), false) as "isOpen"
    from shortlist_entry s join photo f on f.id = s.photo_id
    left join verdict v on v.collection_id = s.collection_id and v.wnid = s.wnid and v.sha256 = f.sha256
    where s.collection_id = ${collectionId} and ${withUnlisted ? sql`s.state <> 'left-out'` : sql`s.state = 'listed'`} and not exists (
      select 1 from picture p join candidate c on c.picture_id = p.id
      where p.photo_id = s.photo_id and c.wnid = s.wnid and c.refusal is null and ${isLinked(collectionId)}
        and p.licence not in (${UNKNOWN_LICENCE}, 'all-rights-reserved') offset 0)`.execute(db);
  return onlyRow(counted);
}
