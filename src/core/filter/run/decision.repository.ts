import { sql, type Kysely, type RawBuilder, type Transaction } from 'kysely';
import { allowedLicence } from '../../crawl/candidates/licence.repository.ts';
import { isLinked } from '../../crawl/candidates/link.repository.ts';
import type { Database } from '../../platform/postgres/database.ts';
import { isAmong } from '../../platform/postgres/query.ts';
import type { Wnid } from '../../kernel/ids.ts';
import { rangeOf } from '../../kernel/pages.ts';
import type { NewDecision, PhotoToDecide } from '../rule/decision.ts';
import { candidateWnids, type DecisionScope } from '../../models/workspace/scope.ts';

/** SQL: candidate `c` is of one of the collection's classes or, in mode O, of a concept that it takes. */
export function ofCollection(scope: DecisionScope, wnid: RawBuilder<unknown> = sql`c.wnid`): RawBuilder<unknown> {
  return isAmong(wnid, candidateWnids(scope));
}

/** SQL: candidate `c` with picture `p` brings its photo into the collection, if it is of one of its classes. */
export function isTaken(scope: DecisionScope): RawBuilder<unknown> {
  return sql`c.refusal is null and ${allowedLicence(scope)} and ${isLinked(scope.collectionId)}`;
}

/** SQL: a candidate brings the photo of decision `d` into the collection. */
export function isBrought(scope: DecisionScope): RawBuilder<unknown> {
  return sql`exists (
    select 1 from candidate c join picture p on p.id = c.picture_id
    where p.photo_id = d.photo_id and c.wnid = d.wnid and ${isTaken(scope)})`;
}

export async function decidedClasses(db: Kysely<Database>, scope: DecisionScope): Promise<readonly Wnid[]> {
  return scope.concepts === undefined ? (scope.classes ?? scope.wnids) : conceptsSeen(db, scope);
}

export async function conceptsSeen(db: Kysely<Database>, scope: DecisionScope): Promise<Wnid[]> {
  const { rows } = await sql<{ wnid: Wnid }>`
    select c.wnid from candidate_tally c where c.collection_id = ${scope.collectionId} and c.refusal is distinct from 'unknown-class' and ${ofCollection(scope)}
    group by c.wnid having sum(c.count) <> 0 order by c.wnid collate "C"`.execute(db);
  return rows.map((row) => row.wnid);
}

/** (photo_id, wnid) of every pair that the collection decides, each once, even if several candidates brought it. */
export function inScope(scope: DecisionScope, where: RawBuilder<unknown> = sql`true`): RawBuilder<unknown> {
  return pairs(scope, ofCollection(scope), where);
}

/** For a few photos, which `where` names. The concatenation keeps PostgreSQL from looking up each class for every photo. */
export function fewInScope(scope: DecisionScope, where: RawBuilder<unknown>): RawBuilder<unknown> {
  return pairs(scope, ofCollection(scope, sql`c.wnid || ''`), where);
}

function pairs(scope: DecisionScope, isOfClass: RawBuilder<unknown>, where: RawBuilder<unknown>): RawBuilder<unknown> {
  return sql`(
    select distinct s.photo_id, s.wnid from candidate c join picture p on p.id = c.picture_id
    cross join lateral (select p.photo_id, c.wnid) as s
    where p.photo_id is not null and ${isTaken(scope)} and ${isOfClass} and ${where})`;
}

/** SQL about photo and class `s`. `where` may limit decisions `d` to the photos in question, which PostgreSQL does not infer. */
export function undecidedSql(scope: DecisionScope, where: RawBuilder<unknown> = sql`true`): RawBuilder<unknown> {
  return sql`not exists (
    select 1 from decision d where d.collection_id = ${scope.collectionId} and d.photo_id = s.photo_id and d.wnid = s.wnid
      and d.decision_sha256 = ${rules(scope)} and ${where})`;
}

/** SQL: photo `s` was pruned. Such a photo cannot be decided, or only without its bytes (`decidePruned`). */
export const isPruned = sql`exists (select 1 from photo b where b.id = s.photo_id and b.bytes_state <> 'stored')`;

function rules(scope: DecisionScope): Buffer {
  return Buffer.from(scope.decisionSha256, 'hex');
}

/** How many (photo, class) pairs are undecided and can be decided, because their photos have bytes. */
export async function countUndecided(
  db: Kysely<Database>,
  scope: DecisionScope,
  photoIds?: readonly number[],
): Promise<number> {
  const photos = photoIds === undefined ? sql`true` : sql`p.photo_id = any(${photoIds}::bigint[])`;
  const { rows } = await sql<{ count: number }>`
    select count(*) as count from ${inScope(scope, photos)} as s where ${undecidedSql(scope)} and not ${isPruned}`.execute(
    db,
  );
  return rows[0]?.count ?? 0;
}

export async function photosToDecide(
  db: Kysely<Database>,
  scope: DecisionScope,
  page: number,
): Promise<PhotoToDecide[]> {
  const { from, before } = rangeOf(page);
  return photosWith(
    db,
    fewInScope(scope, sql`p.photo_id >= ${from} and p.photo_id < ${before}`),
    sql`${undecidedSql(scope)} and not ${isPruned}`,
  );
}

export async function statesOfPhotos(
  db: Kysely<Database>,
  scope: DecisionScope,
  photoIds: readonly number[],
): Promise<PhotoToDecide[]> {
  return photosWith(db, fewInScope(scope, sql`p.photo_id = any(${photoIds}::bigint[])`), sql`true`);
}

/** Those of some photos that are undecided and have bytes. */
export async function openAmong(
  db: Kysely<Database>,
  scope: DecisionScope,
  sha256s: readonly string[],
): Promise<PhotoToDecide[]> {
  const bytes = sha256s.map((sha256) => Buffer.from(sha256, 'hex'));
  const { rows } = await sql<{ id: number }>`select id from photo where sha256 = any(${bytes}::bytea[])`.execute(db);
  const ids = rows.map(({ id }) => id);
  const where = sql`p.photo_id = any(${ids}::bigint[])`;
  return photosWith(db, fewInScope(scope, where), sql`${undecidedSql(scope)} and not ${isPruned}`);
}

/** The photos of some pairs `s` that meet a condition, each with its classes among them. */
export async function photosWith(
  db: Kysely<Database>,
  scoped: RawBuilder<unknown>,
  where: RawBuilder<unknown>,
): Promise<PhotoToDecide[]> {
  const { rows } = await sql<PhotoToDecide>`
    select s.photo_id as "photoId", encode(photo.sha256, 'hex') as sha256, array_agg(s.wnid order by s.wnid) as wnids
    from ${scoped} as s join photo on photo.id = s.photo_id where ${where}
    group by s.photo_id, photo.sha256 order by s.photo_id`.execute(db);
  return rows;
}

/** The decisions whose photo some picture of the collection and class has now. Its pictures may have been dropped as a notice. */
export async function withPicture(
  trx: Transaction<Database>,
  { collectionId }: DecisionScope,
  decisions: readonly NewDecision[],
): Promise<readonly NewDecision[]> {
  const { rows } = await sql<{ photo_id: number; wnid: Wnid }>`
    select p.photo_id, c.wnid from picture p join candidate c on c.picture_id = p.id
    where p.photo_id = any(${decisions.map(({ photoId }) => photoId)}::bigint[]) and ${isLinked(collectionId)}`.execute(
    trx,
  );
  const there = new Set(rows.map(({ photo_id, wnid }) => `${photo_id} ${wnid}`));
  return decisions.filter(({ photoId, wnid }) => there.has(`${photoId} ${wnid}`));
}

/** Returns how many were new. One under the same rules is never replaced. Rows are sorted, so that writers cannot deadlock. */
export async function storeDecisions(
  trx: Transaction<Database>,
  scope: DecisionScope,
  decisions: readonly NewDecision[],
): Promise<number> {
  const decided = sql`state, reason, detail, max_true_prob, is_lower_bound, member_id, crop, confusion_wnid, confusion_prob, decision_sha256`;
  const { numAffectedRows } = await sql`
    insert into decision as stored (collection_id, photo_id, wnid, ${decided})
    select ${scope.collectionId}, d."photoId", d.wnid, d.state, d.reason, d.detail, d."maxTrueProb", d."isLowerBound", d."memberId",
      d.crop, d."confusionWnid", d."confusionProb", ${rules(scope)}
    from jsonb_to_recordset(${JSON.stringify(decisions)}::jsonb) as d("photoId" bigint, wnid text, state text, reason text, detail text,
      "maxTrueProb" double precision, "isLowerBound" boolean, "memberId" int, crop smallint, "confusionWnid" text,
      "confusionProb" double precision)
    order by d."photoId", d.wnid
    on conflict (collection_id, photo_id, wnid) do update set (${decided}, decided_at) = (
      select ${decided}, decided_at from (select excluded.*) as new)
    where stored.decision_sha256 <> excluded.decision_sha256`.execute(trx);
  return Number(numAffectedRows ?? 0);
}

/** SQL: the photos whose decisions failed for a reason, as items in flight. */
export function failedItems(reason: string, collectionId: number): RawBuilder<unknown> {
  return sql`select encode(f.sha256, 'hex') from decision d join photo f on f.id = d.photo_id
    where d.collection_id = ${collectionId} and d.state = 'failed' and d.reason = ${reason}`;
}

/** Deletes decisions, of this or any collection, that failed for a reason, so that the filter decides them again. */
export async function forgetFailed(
  db: Kysely<Database>,
  reason: string,
  collectionId: number | null = null,
): Promise<number> {
  const { numDeletedRows } = await db
    .deleteFrom('decision')
    .where('state', '=', 'failed')
    .where('reason', '=', reason)
    .$if(collectionId !== null, (query) => query.where('collection_id', '=', collectionId))
    .executeTakeFirst();
  return Number(numDeletedRows);
}
