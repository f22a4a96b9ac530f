import { sql, type Kysely, type RawBuilder } from 'kysely';
import { isBrought, ofCollection } from '../filter/run/decision.repository.ts';
import type { DecisionScope } from '../models/workspace/scope.ts';
import type { Database } from '../platform/postgres/database.ts';
import type { DroppedPhoto, ListedPhoto } from './controls.ts';
import { firstPicture } from './photo-of-class.repository.ts';

/**
 * True if reviewers see photos among the listed ones that are not listed: controls, or a sample of the crawl. There may be no control
 * although some were asked for, and reviewed ones stay when none are.
 */
export async function hasUnlisted(db: Kysely<Database>, collectionId: number): Promise<boolean> {
  const { rows } = await sql`
    select 1 from shortlist_entry where collection_id = ${collectionId} and ${isUnlisted()} limit 1`.execute(db);
  return rows.length > 0;
}

/** SQL: an entry of the shortlist that reviewers see although it is not listed. */
export function isUnlisted(state = 'state'): RawBuilder<unknown> {
  return sql`${sql.ref(state)} in ('control', 'crawl-sample')`;
}

/**
 * Photos with bytes that the filter dropped as `correct`, by class in the order of their draw: the reviewed controls, then
 * `perSource` photos of each source. Photos that the collection keeps for another class are left out.
 *
 * The draw hashes each photo with all hashes of its class as the seed. The same catalogue gives the same draw, and a person who
 * knows the hash of one photo cannot compute its place.
 */
export async function droppedAsCorrect(
  db: Kysely<Database>,
  scope: DecisionScope,
  perSource: number,
): Promise<DroppedPhoto[]> {
  const rules = Buffer.from(scope.decisionSha256, 'hex');
  const subject = { photoId: sql`d.photo_id`, wnid: sql`d.wnid` };
  const { rows } = await sql<DroppedPhoto>`
    with pool as materialized (
      select d.wnid, d.photo_id, f.sha256, f.perceptual_hash, d.max_true_prob, first.source, exists (
          select 1 from shortlist_entry e join verdict v on v.collection_id = e.collection_id and v.wnid = e.wnid and v.sha256 = f.sha256
          where e.collection_id = d.collection_id and e.wnid = d.wnid and e.photo_id = d.photo_id and e.state = 'control'
            and cardinality(v.reviewers) > 0) as is_reviewed
      from decision d join photo f on f.id = d.photo_id join ${firstPicture(scope, subject)} as first on true
      where d.collection_id = ${scope.collectionId} and ${ofCollection(scope, sql`d.wnid`)} and d.state = 'dropped' and d.reason = 'correct'
        and d.decision_sha256 = ${rules} and f.bytes_state = 'stored' and ${isBrought(scope)}
        and not exists (
          select 1 from decision k where k.collection_id = d.collection_id and k.photo_id = d.photo_id and k.state = 'kept'
            and k.decision_sha256 = ${rules})
    ), seed as (
      select wnid, string_agg(sha256, ''::bytea order by sha256) as hashes from pool group by wnid
    ), drawn as (
      select p.*, sha256(sha256(s.hashes) || p.sha256) as draw from pool p join seed s using (wnid)
    ), placed as (
      select d.*, row_number() over (partition by d.wnid, d.source order by d.draw) as place from drawn d
    )
    select encode(sha256, 'hex') as sha256, wnid, source, max_true_prob as "maxTrueProb", is_reviewed as "isReviewed",
      encode(perceptual_hash, 'hex') as "perceptualHash"
    from placed where is_reviewed or place <= ${perSource} order by wnid collate "C", draw`.execute(db);
  return rows;
}

export async function listedWithSources(
  db: Kysely<Database>,
  scope: DecisionScope,
  listed: readonly Pick<ListedPhoto, 'sha256' | 'wnid'>[],
): Promise<ListedPhoto[]> {
  const subject = { photoId: sql`f.id`, wnid: sql`s.wnid` };
  const { rows } = await sql<ListedPhoto>`
    select s.sha256, s.wnid, first.source, encode(f.perceptual_hash, 'hex') as "perceptualHash"
    from jsonb_to_recordset(${JSON.stringify(listed)}::jsonb) as s(sha256 text, wnid text)
    join photo f on f.sha256 = decode(s.sha256, 'hex') join ${firstPicture(scope, subject)} as first on true`.execute(
    db,
  );
  return rows;
}

export async function hasReviewedControls(db: Kysely<Database>, { collectionId }: DecisionScope): Promise<boolean> {
  const { rows } = await sql`
    select 1 from shortlist_entry e join photo f on f.id = e.photo_id
    join verdict v on v.collection_id = e.collection_id and v.wnid = e.wnid and v.sha256 = f.sha256
    where e.collection_id = ${collectionId} and e.state = 'control' and cardinality(v.reviewers) > 0 limit 1`.execute(
    db,
  );
  return rows.length > 0;
}
