import { sql, type RawBuilder } from 'kysely';
import type { DecisionScope } from '../decision/scope.ts';
import type { Wnid } from '../kernel/ids.ts';

/**
 * The listed photos of a collection with what their events come to. `wants_more`: a verdict of a reviewer who has given none
 * is wanted. `is_pending`: the same of a photo that somebody has reviewed, so its verdict must not be shown. The photos of a
 * second pass are those of the lowest hashes in their class, so a larger share keeps those of a smaller one.
 *
 * @param secondPass the share of the listed photos of each class that get a blind second pass, 0..1
 * @param wnids limits the classes; null: all
 */
export function listedVerdicts(
  { collectionId }: DecisionScope,
  secondPass: number,
  wnids: readonly Wnid[] | null,
): RawBuilder<unknown> {
  return sql`(
    select n.*, n.wants_more and cardinality(n.reviewers) > 0 as is_pending
    from (
      select l.*,
        cardinality(l.reviewers) < case when l.wanted > 0 and l.is_sampled then greatest(l.wanted, 2) else l.wanted end as wants_more
      from (
        select e.wnid, f.sha256, f.width, f.height, e.photo_id, e.rank, e.confusion_wnid, e.max_true_prob, e.confusion_prob,
          coalesce(v.state, 'unreviewed') as state, v.reason, coalesce(v.reviewers, '{}') as reviewers,
          coalesce(v.wanted, 1) as wanted, coalesce(v.tags, '{}') as tags, coalesce(v.is_flagged, false) as is_flagged,
          row_number() over (partition by e.wnid order by f.sha256)
            <= ceil(${secondPass}::float8 * count(*) over (partition by e.wnid)) as is_sampled
        from shortlist_entry e join photo f on f.id = e.photo_id
        left join verdict v on v.collection_id = e.collection_id and v.wnid = e.wnid and v.sha256 = f.sha256
        where e.collection_id = ${collectionId} and e.state = 'listed'
          and (${wnids === null} or e.wnid = any(${wnids ?? []}::text[]))
      ) as l
    ) as n
  )`;
}
