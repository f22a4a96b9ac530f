import { sql, type Kysely, type RawBuilder } from 'kysely';
import type { Sha256, Wnid } from '../../kernel/ids.ts';
import type { DecisionScope } from '../../models/workspace/scope.ts';
import type { Database } from '../../platform/postgres/database.ts';
import { onlyRow } from '../../platform/postgres/query.ts';
import { isUnlisted } from '../../shortlist/controls.repository.ts';
import { listedVerdicts } from '../../shortlist/second-pass.repository.ts';
import type { Subject } from '../events/event.ts';
import type { VerdictReader } from '../events/standing-verdicts.repository.ts';

/**
 * The name is '' for a person without one, who has reviewed nothing. `readsOwn` is found out for a filter by verdicts only; it is true
 * for any other view.
 */
export interface DeskView extends VerdictReader {
  readonly scope: DecisionScope;
  /** Share of the listed photos that get a blind second pass, 0..1. */
  readonly secondPass: number;
  /** SHA-256 of the models that decide. Others are outside models. */
  readonly ensembleModels: readonly Sha256[];
  /** True if a reviewer sees nothing from the models about a photo before their own verdict on it. */
  readonly isBlind: boolean;
  /** Ids of photos that are open questions of this person's quiz. Their class is not shown to the person. */
  readonly asked: readonly number[];
}

/**
 * Listed photos and controls, with what the reviewer may know from the models. In a blind review this is the only gate: without a
 * verdict of their own, the columns of the prediction are null, so that no answer, filter, order or count can use them. The rank
 * is then the place by SHA-256, which is the same for a listed photo and for a control.
 */
export function knownPhotos(view: DeskView, wnids: readonly Wnid[] | null): RawBuilder<unknown> {
  const { scope, reviewer, secondPass, isBlind } = view;
  const all = listedVerdicts(scope, secondPass, wnids);
  const photos =
    view.asked.length === 0 ? all : sql`(select q.* from ${all} as q where ${isNotAsked(view, sql`q.photo_id`)})`;
  if (!isBlind) return photos;
  const known = (column: string): RawBuilder<unknown> =>
    sql`case when ${reviewer} = any(a.reviewers) then ${sql.ref(`a.${column}`)} end as ${sql.ref(column)}`;
  return sql`(
    select a.wnid, a.sha256, a.width, a.height, a.photo_id, a.state, a.reason, a.reviewers, a.wanted, a.tags, a.is_flagged,
      a.wants_more, a.is_pending, row_number() over (partition by a.wnid order by a.sha256) as rank,
      ${known('confusion_wnid')}, ${known('max_true_prob')}, ${known('confusion_prob')}
    from ${photos} as a)`;
}

/** SQL: a photo is no open question of the reviewer's quiz. */
export function isNotAsked({ asked }: Pick<DeskView, 'asked'>, photoId: RawBuilder<unknown>): RawBuilder<unknown> {
  return asked.length === 0 ? sql`true` : sql`${photoId} <> all(${asked}::bigint[])`;
}

/** Counts the open questions of the reviewer's quiz whose photos are on the shortlist of this collection. */
export async function countAskedHere(db: Kysely<Database>, { scope, asked }: DeskView): Promise<number> {
  if (asked.length === 0) return 0;
  const counted = await sql<{ photos: number }>`
    select count(distinct photo_id) as photos from shortlist_entry
    where collection_id = ${scope.collectionId} and photo_id = any(${asked}::bigint[])`.execute(db);
  return onlyRow(counted).photos;
}

/**
 * The photos about which this reviewer must not know everything yet: their second, blind verdict is pending or, in a blind review,
 * their first one is.
 */
export async function hiddenPhotos(
  db: Kysely<Database>,
  { scope, reviewer, secondPass, isBlind }: DeskView,
): Promise<Subject[]> {
  const { rows } = await sql<Subject>`
    select encode(p.sha256, 'hex') as sha256, p.wnid from ${listedVerdicts(scope, secondPass, null)} as p
    where ${isBlind ? sql`p.wants_more` : sql`p.is_pending`} and not ${reviewer} = any(p.reviewers)`.execute(db);
  return rows;
}

/** True while a blind review of this collection wants verdicts of the reviewer. */
export async function isOpenToReview(db: Kysely<Database>, view: DeskView): Promise<boolean> {
  return view.isBlind && (await wantsVerdicts(db, view));
}

async function wantsVerdicts(db: Kysely<Database>, { scope, reviewer, secondPass }: DeskView): Promise<boolean> {
  const { rows } = await sql`
    select 1 from ${listedVerdicts(scope, secondPass, null)} as p
    where p.wants_more and not ${reviewer} = any(p.reviewers) limit 1`.execute(db);
  return rows.length > 0;
}

/** Ids of the collections whose blind review wants verdicts of the reviewer: this one, if it is blind, and others where reviewers see photos that are not listed. */
export async function openBlindReviews(db: Kysely<Database>, view: DeskView): Promise<number[]> {
  const { scope, isBlind } = view;
  const { rows } = await sql<{ id: number }>`
    select distinct collection_id as id from shortlist_entry
    where ${isUnlisted()} and collection_id <> ${scope.collectionId}`.execute(db);
  const open: number[] = [];
  for (const id of [...(isBlind ? [scope.collectionId] : []), ...rows.map((row) => row.id)])
    if (await wantsVerdicts(db, { ...view, scope: { ...scope, collectionId: id } })) open.push(id);
  return open;
}

/** SQL: the photos that reviewers of these collections see and on which the reviewer has given no verdict. */
export function unjudgedPhotos({ reviewer }: DeskView, collectionIds: readonly number[]): RawBuilder<unknown> {
  return sql`(
    select e.photo_id from shortlist_entry e join photo f on f.id = e.photo_id
    left join verdict v on v.collection_id = e.collection_id and v.wnid = e.wnid and v.sha256 = f.sha256
    where e.collection_id = any(${collectionIds}::int[]) and e.state <> 'left-out' and not coalesce(${reviewer} = any(v.reviewers), false))`;
}

/**
 * True if the reviewer may know what the models say about a photo. While a blind review is open, that is after the reviewer's own
 * verdict only, also for photos that it does not list: who knows about all others can tell which of the listed ones are controls.
 */
export async function mayKnow(db: Kysely<Database>, view: DeskView, sha256: Sha256): Promise<boolean> {
  const { scope, reviewer } = view;
  const open = await openBlindReviews(db, view);
  if (open.length === 0 && view.asked.length === 0) return true;
  const hasJudged = sql`exists (select 1 from verdict v
    where v.collection_id = ${scope.collectionId} and v.sha256 = f.sha256 and ${reviewer} = any(v.reviewers))`;
  const { rows } = await sql`
    select 1 from photo f where f.sha256 = decode(${sha256}, 'hex') and not (
      ${open.includes(scope.collectionId) ? hasJudged : sql`true`} and ${isNotAsked(view, sql`f.id`)} and not exists (
        select from ${unjudgedPhotos(view, open)} as u where u.photo_id = f.id))`.execute(db);
  return rows.length === 0;
}
