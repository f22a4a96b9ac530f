import { sql, type Kysely } from 'kysely';
import type { DecisionScope } from '../models/workspace/scope.ts';
import { photosOfFiles, type HashRange } from '../photo/takedown.repository.ts';
import type { Database } from '../platform/postgres/database.ts';
import type { Sha256 } from '../kernel/ids.ts';
import type { Subject } from '../review/events/event.ts';
import { eventsOf } from '../review/events/review.repository.ts';
import { verdictOf, type Verdict } from '../review/events/verdict.ts';
import { isUnlisted } from '../shortlist/controls.repository.ts';
import { judgedPhotos } from '../filter/run/photo-counts.repository.ts';
import type { NotCounting } from './not-counting.ts';

/** Each with the reason. All others are kept and on the shortlist, so their verdicts count (`countVerdicts`). */
export async function notCounting(
  db: Kysely<Database>,
  scope: DecisionScope,
): Promise<(Subject & { readonly whyNot: NotCounting })[]> {
  const { collectionId } = scope;
  const concerned = sql`(
    select v.wnid, v.sha256 from verdict v where v.collection_id = ${collectionId}
    union select e.wnid, f.sha256 from shortlist_entry e join photo f on f.id = e.photo_id
      where e.collection_id = ${collectionId} and e.state <> 'left-out')`;
  const photos = sql`p.photo_id in (select f.id from photo f join ${concerned} as l on l.sha256 = f.sha256)`;
  const { rows } = await sql<Subject & { readonly whyNot: NotCounting }>`
    select l.wnid, encode(l.sha256, 'hex') as sha256, case
        when exists (select 1 from takedown t where t.sha256 = l.sha256) then 'taken-down'
        when s.photo_id is null then 'withdrawn'
        when e.state = 'control' and s.reason = 'correct' then 'control'
        when w.photo_id is not null then 'crawl-sample'
        when s.state <> 'kept' then s.state
        else 'left-out' end as "whyNot"
    from ${concerned} as l left join photo f on f.sha256 = l.sha256
    left join ${judgedPhotos(scope, photos)} as s on s.photo_id = f.id and s.wnid = l.wnid
    left join shortlist_entry e on e.collection_id = ${collectionId} and e.photo_id = f.id and e.wnid = l.wnid
    left join crawl_draw w on w.collection_id = ${collectionId} and w.photo_id = f.id and w.wnid = l.wnid
    where s.photo_id is null or s.state <> 'kept' or s.listed is distinct from 'listed'
    order by l.wnid collate "C", l.sha256`.execute(db);
  return rows;
}

/** Null if the collection has neither controls nor a sample of the crawl. */
export async function countOpenControls(db: Kysely<Database>, { collectionId }: DecisionScope): Promise<number | null> {
  const { rows } = await sql<{ open: number | null }>`
    select case when count(*) > 0 then count(*) filter (where coalesce(v.state, 'unreviewed') = 'unreviewed') end as open
    from shortlist_entry e join photo f on f.id = e.photo_id
    left join verdict v on v.collection_id = e.collection_id and v.wnid = e.wnid and v.sha256 = f.sha256
    where e.collection_id = ${collectionId} and ${isUnlisted('e.state')}`.execute(db);
  return rows[0]?.open ?? null;
}

export interface StoryReview extends Subject, Verdict {
  readonly collection: string;
  readonly whyNot: NotCounting | null;
}

/** The reviews of one photo in every collection. A collection's rules are those of its last filter. */
export async function reviewsOfPhoto(db: Kysely<Database>, sha256: Sha256): Promise<StoryReview[]> {
  const { rows } = await sql<Pick<StoryReview, 'collection' | 'wnid' | 'whyNot'> & { readonly collectionId: number }>`
    select k.name as collection, k.id as "collectionId", v.wnid, case
        when f.id is null then 'taken-down'
        when d.state is null or d.decision_sha256 <> k.decision_sha256 then 'undecided'
        when e.state = 'control' and d.reason = 'correct' then 'control'
        when w.photo_id is not null and e.state is distinct from 'listed' then 'crawl-sample'
        when d.state <> 'kept' then d.state
        when e.state is distinct from 'listed' then 'left-out' end as "whyNot"
    from verdict v join collection k on k.id = v.collection_id left join photo f on f.sha256 = v.sha256
    left join decision d on d.collection_id = k.id and d.photo_id = f.id and d.wnid = v.wnid
    left join shortlist_entry e on e.collection_id = k.id and e.photo_id = f.id and e.wnid = v.wnid
    left join crawl_draw w on w.collection_id = k.id and w.photo_id = f.id and w.wnid = v.wnid
    where v.sha256 = decode(${sha256}, 'hex') order by k.name, v.wnid`.execute(db);
  return Promise.all(
    rows.map(async ({ collectionId, ...row }) => ({
      ...row,
      sha256,
      ...verdictOf(await eventsOf(db, collectionId, [{ sha256, wnid: row.wnid }])),
    })),
  );
}

/** The photos whose reviews have outlived them, because they were taken down: their hashes begin with these digits. */
export async function reviewedAndGone(db: Kysely<Database>, range: HashRange): Promise<Sha256[]> {
  const { rows } = await sql<{ sha256: Sha256 }>`
    select distinct encode(v.sha256, 'hex') as sha256 from verdict v
    where (v.sha256 between ${range.from} and ${range.to} or v.sha256 = any(${photosOfFiles(range)}))
      and not exists (select 1 from photo f where f.sha256 = v.sha256) order by 1 limit 10`.execute(db);
  return rows.map((row) => row.sha256);
}
