import { sql, type RawBuilder } from 'kysely';
import type { DecisionScope } from '../models/workspace/scope.ts';
import type { Wnid } from '../kernel/ids.ts';

/**
 * The photos that reviewers see: listed ones (`is_listed`), controls, and those drawn from the crawl, which get no second pass.
 * `wants_more`: a reviewer who has given no verdict should give one. `is_pending`: the same for a photo that has been reviewed, so
 * its verdict must not be shown. `wnids` limits the classes (null: all).
 */
export function listedVerdicts(
  { collectionId }: DecisionScope,
  secondPass: number,
  wnids: readonly Wnid[] | null,
): RawBuilder<unknown> {
  const isOf = (wnid: RawBuilder<unknown>): RawBuilder<unknown> =>
    wnids === null ? sql`true` : sql`${wnid} = any(${wnids}::text[])`;
  const photo = { collectionId: sql`${collectionId}::int`, wnid: sql`e.wnid`, sha256: sql`f.sha256` };
  const wanted = sql`case when e.state = 'crawl-sample' then coalesce(v.wanted, 1) else ${wantedOf(secondPass, photo)} end`;
  return sql`(
    select e.wnid, f.sha256, f.width, f.height, e.photo_id, e.rank, e.confusion_wnid, e.max_true_prob, e.confusion_prob,
      coalesce(v.state, 'unreviewed') as state, v.reason, coalesce(v.reviewers, '{}') as reviewers,
      coalesce(v.wanted, 1) as wanted, coalesce(v.tags, '{}') as tags, coalesce(v.is_flagged, false) as is_flagged, v.accepted_on, e.state = 'listed' as is_listed,
      coalesce(cardinality(v.reviewers), 0) < ${wanted} as wants_more, ${isPending(wanted)} as is_pending
    from shortlist_entry e join photo f on f.id = e.photo_id
    -- Without the classes of the verdicts, PostgreSQL would read those of all classes.
    left join verdict v on v.collection_id = e.collection_id and v.wnid = e.wnid and v.sha256 = f.sha256 and ${isOf(sql`v.wnid`)}
    where e.collection_id = ${collectionId} and e.state <> 'left-out' and ${isOf(sql`e.wnid`)}
  )`;
}

/** SQL: true if photo `f` of decision `d`, with its row `v` of the table `verdict`, waits for a second, blind verdict. */
export function isKeptPending(share: number): RawBuilder<unknown> {
  return isPending(wantedOf(share, { collectionId: sql`d.collection_id`, wnid: sql`d.wnid`, sha256: sql`f.sha256` }));
}

/**
 * SQL: true if a photo has been reviewed and another, blind verdict is wanted. Null without a verdict, so that PostgreSQL reads
 * verdicts first: the opposite is `is not true`, because `not` of null is null.
 */
function isPending(wanted: RawBuilder<unknown>): RawBuilder<unknown> {
  return sql`cardinality(v.reviewers) between 1 and ${wanted} - 1`;
}

function wantedOf(share: number, photo: PhotoSql): RawBuilder<unknown> {
  return sql`case when v.wanted > 0 and cardinality(v.reviewers) > 0 and ${isDrawn(share, photo)} then greatest(v.wanted, 2)
    else coalesce(v.wanted, 1) end`;
}

/** The SQL of a photo, beside its row `v` of the table `verdict`, if it has one. */
interface PhotoSql {
  readonly collectionId: RawBuilder<unknown>;
  readonly wnid: RawBuilder<unknown>;
  readonly sha256: RawBuilder<unknown>;
}

/**
 * SQL: true if the second pass draws a photo, with the same chance for each. A hash of the photo and its class decides, so the
 * sample does not depend on the order of reviews, grows as photos come, and a larger share contains a smaller one. A further draw
 * (`winnow acceptance --draw`) has a salt in these hashes, and leaves out the photos that had their second verdict before it.
 *
 * Photos that were reviewed before migration 0012 keep the draw of that time, until a further draw: of each class the photos of the
 * lowest hashes, the share rounded up. Their chance is larger in small classes, so an estimate must weight each photo by 1 / chance.
 */
export function isDrawn(share: number, { collectionId, wnid, sha256 }: PhotoSql): RawBuilder<unknown> {
  const salt = sql`coalesce((select salt from acceptance_plan where collection_id = ${collectionId} order by draw desc limit 1), '')`;
  const hash = sql`sha256(convert_to('second pass ' || ${salt} || ${wnid}, 'UTF8') || ${sha256})`;
  return sql`(not coalesce(v.is_inspected, false)
    and coalesce(v.draw_place <= ceil(${share}::float8 * v.draw_of), ${hash} < ${boundOf(share)}::bytea))`;
}

/**
 * SQL: the chance with which the second pass drew a photo, 0..1; null if it did not draw it. 0: the photo had its second verdict
 * before the last draw.
 */
export function drawChance(share: number, photo: PhotoSql): RawBuilder<unknown> {
  return sql`case when v.is_inspected then 0
    when ${isDrawn(share, photo)} then coalesce(ceil(${share}::float8 * v.draw_of) / v.draw_of, ${share}::float8) end`;
}

/** This share of all hashes is below the result. */
function boundOf(share: number): Buffer {
  if (share >= 1) return Buffer.alloc(33, 0xff);
  const bound = Buffer.alloc(6);
  bound.writeUIntBE(Math.floor(share * 2 ** 48), 0, 6);
  return bound;
}
