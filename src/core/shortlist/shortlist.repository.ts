import { sql, type Kysely, type RawBuilder, type Transaction } from 'kysely';
import { collectionForgotten } from '../collection/collection.repository.ts';
import { isTaken, ofCollection } from '../filter/run/decision.repository.ts';
import type { DecisionScope } from '../models/workspace/scope.ts';
import type { Database } from '../platform/postgres/database.ts';
import { allowLongIdle } from '../platform/postgres/transactions.ts';
import { ORIGINAL } from '../photo/origin.repository.ts';
import { photosOfClass, type PhotoOfClass } from './photo-of-class.repository.ts';
import { ROW_COLUMNS, type KeptPhoto, type ShortlistPolicy, type ShortlistRow } from './shortlist.ts';
import type { Sha256, Wnid } from '../kernel/ids.ts';

/** In no order. `isPending`: SQL of whether photo `f` of decision `d`, with verdict `v`, waits for a second, blind verdict. */
export async function keptPhotos(
  db: Kysely<Database>,
  scope: DecisionScope,
  isPending: RawBuilder<unknown> = sql`false`,
): Promise<KeptPhoto[]> {
  const { rows } = await sql<KeptPhoto>`
    select encode(f.sha256, 'hex') as sha256, d.wnid, d.max_true_prob as "maxTrueProb", d.confusion_wnid as "confusionWnid",
      d.confusion_prob as "confusionProb", encode(f.perceptual_hash, 'hex') as "perceptualHash",
      case when ${isPending} then 'pending' else nullif(v.state, 'unreviewed') end as "reviewedAs", o.original, o."foundAs",
      exists (select 1 from crawl_draw w left join shortlist_entry e on e.collection_id = w.collection_id and e.wnid = w.wnid and e.photo_id = w.photo_id
        where w.collection_id = d.collection_id and w.wnid = d.wnid and w.photo_id = d.photo_id and e.state is distinct from 'listed') as "isDrawn"
    from decision d join photo f on f.id = d.photo_id
    cross join lateral (
      select c.id as "foundAs", ${ORIGINAL} as original from candidate c join picture p on p.id = c.picture_id
      where p.photo_id = d.photo_id and c.wnid = d.wnid and ${isTaken(scope)} order by c.id limit 1) as o
    left join verdict v on v.collection_id = d.collection_id and v.wnid = d.wnid and v.sha256 = f.sha256
    where d.collection_id = ${scope.collectionId} and d.state = 'kept' and d.decision_sha256 = ${Buffer.from(scope.decisionSha256, 'hex')}
      and ${ofCollection(scope, sql`d.wnid`)}`.execute(db);
  return rows;
}

/**
 * Other builds of the collection wait until this transaction ends. So do reviews: no photo is reviewed while it is left out. The
 * time limit is enough to rank 100,000 photos. Throws StopTheRun `collection-forgotten`.
 */
export async function lockCollection(trx: Transaction<Database>, collectionId: number): Promise<void> {
  await allowLongIdle(trx);
  const row = await trx
    .selectFrom('collection')
    .select('id')
    .where('id', '=', collectionId)
    .forUpdate()
    .executeTakeFirst();
  if (row !== undefined) return;
  throw collectionForgotten('its shortlist is built');
}

/** The rules and the time of the last shortlist; undefined without one. */
export function shortlistHead(db: Kysely<Database>, { collectionId }: Pick<DecisionScope, 'collectionId'>) {
  return db.selectFrom('shortlist').selectAll().where('collection_id', '=', collectionId).executeTakeFirst();
}

export async function readBuiltAt(db: Kysely<Database>, collectionId: number): Promise<Date> {
  const { built_at: builtAt } = await db
    .selectFrom('shortlist')
    .select('built_at')
    .where('collection_id', '=', collectionId)
    .executeTakeFirstOrThrow();
  return builtAt;
}

/** True if the collection has a shortlist, wherever the files of it were written. */
export async function hasShortlist(db: Kysely<Database>, scope: DecisionScope): Promise<boolean> {
  return (await shortlistHead(db, scope)) !== undefined;
}

export async function isStored(
  db: Kysely<Database>,
  scope: DecisionScope,
  { policy, rows }: { policy: ShortlistPolicy; rows: readonly ShortlistRow[] },
): Promise<boolean> {
  const head = await shortlistHead(db, scope);
  const isSameHead =
    head?.cap === policy.cap &&
    head.near_duplicate_distance === policy.nearDuplicateDistance &&
    head.controls === (policy.controls ?? 0) &&
    head.decision_sha256.toString('hex') === scope.decisionSha256;
  if (!isSameHead) return false;
  let position = 0;
  for await (const stored of listShortlist(db, scope)) {
    const row = rows[position];
    position += 1;
    if (row === undefined || textOf(row) !== textOf(stored)) return false;
  }
  return position === rows.length;
}

/** The table stores a `twinBy` that is absent and one that is null alike. */
function textOf(row: ShortlistRow): string {
  return JSON.stringify({ ...row, twinBy: row.twinBy ?? null }, [...ROW_COLUMNS, 'twinBy']);
}

export async function replaceShortlist(
  trx: Transaction<Database>,
  scope: DecisionScope,
  { policy, rows }: { policy: ShortlistPolicy; rows: readonly ShortlistRow[] },
): Promise<void> {
  const head = {
    collection_id: scope.collectionId,
    cap: policy.cap,
    near_duplicate_distance: policy.nearDuplicateDistance,
    controls: policy.controls ?? 0,
    decision_sha256: Buffer.from(scope.decisionSha256, 'hex'),
    built_at: new Date(),
  };
  await trx
    .insertInto('shortlist')
    .values(head)
    .onConflict((conflict) => conflict.column('collection_id').doUpdateSet(head))
    .execute();
  await trx.deleteFrom('shortlist_entry').where('collection_id', '=', scope.collectionId).execute();
  for (let first = 0; first < rows.length; first += ROWS_PER_INSERT) {
    const some = rows.slice(first, first + ROWS_PER_INSERT).map((row, i) => ({ ...row, position: first + i }));
    await sql`
      insert into shortlist_entry (collection_id, wnid, photo_id, position, rank, state, reason, twin_photo_id, confusion_wnid, max_true_prob, confusion_prob, also_in, twin_by)
      select ${scope.collectionId}, r.wnid, photo.id, r.position, r.rank, r.state, r.reason, twin.id, r."confusionWnid", r."maxTrueProb", r."confusionProb", r."alsoIn", r."twinBy"
      from jsonb_to_recordset(${JSON.stringify(some)}::jsonb) as r(
        sha256 text, wnid text, position int, rank int, state text, reason text, "twinSha256" text,
        "confusionWnid" text, "maxTrueProb" float8, "confusionProb" float8, "alsoIn" text[], "twinBy" text)
      join photo on photo.sha256 = decode(r.sha256, 'hex')
      left join photo twin on twin.sha256 = decode(r."twinSha256", 'hex')`.execute(trx);
  }
}

const ROWS_PER_INSERT = 5_000;

export type ShortlistPhoto = ShortlistRow & PhotoOfClass;

export function listShortlist(db: Kysely<Database>, scope: DecisionScope): AsyncGenerator<ShortlistPhoto> {
  return photosOfClass<ShortlistPhoto>(db, scope, {
    of: sql`(
      select e.*, f.sha256, twin.sha256 as twin_sha256 from shortlist_entry e join photo f on f.id = e.photo_id
      left join photo twin on twin.id = e.twin_photo_id where e.collection_id = ${scope.collectionId})`,
    columns: sql`l.state, l.reason, encode(l.twin_sha256, 'hex') as "twinSha256", l.twin_by as "twinBy", l.also_in as "alsoIn"`,
    where: sql`p.id is not null`,
    order: sql`l.position`,
  });
}

export async function listedPhotos(
  db: Kysely<Database>,
  { collectionId }: DecisionScope,
): Promise<Pick<ShortlistRow, 'wnid' | 'sha256'>[]> {
  const { rows } = await sql<Pick<ShortlistRow, 'wnid' | 'sha256'>>`
    select e.wnid, encode(f.sha256, 'hex') as sha256 from shortlist_entry e join photo f on f.id = e.photo_id
    where e.collection_id = ${collectionId} and e.state = 'listed'`.execute(db);
  return rows;
}

export async function firstListed(
  db: Kysely<Database>,
  { collectionId }: DecisionScope,
  { wnid, confusionWnid }: Pick<ShortlistRow, 'wnid' | 'confusionWnid'>,
): Promise<string | null> {
  const { rows } = await sql<{ sha256: string }>`
    select encode(f.sha256, 'hex') as sha256 from shortlist_entry e join photo f on f.id = e.photo_id
    where e.collection_id = ${collectionId} and e.wnid = ${wnid} and e.confusion_wnid = ${confusionWnid}
      and e.state = 'listed'
    order by e.position limit 1`.execute(db);
  return rows[0]?.sha256 ?? null;
}

export interface ListedSubject {
  readonly photoId: number;
  readonly sha256: Sha256;
  readonly wnids: readonly Wnid[];
}

/** The photos that reviewers see of which a member lacks the logits of a crop, in the order in which they were stored. */
export async function listedWithoutEvidence(
  db: Kysely<Database>,
  collectionId: number,
  { memberId, crop }: { readonly memberId: number; readonly crop: number },
): Promise<ListedSubject[]> {
  const { rows } = await sql<ListedSubject>`
    select f.id as "photoId", encode(f.sha256, 'hex') as sha256, array_agg(e.wnid) as wnids
    from shortlist_entry e join photo f on f.id = e.photo_id
    where e.collection_id = ${collectionId} and e.state <> 'left-out' and not exists (
      select 1 from counted_evidence v
      where v.photo_id = f.id and v.member_id = ${memberId} and v.crop = ${crop} and v.logits is not null)
    group by f.id order by f.id`.execute(db);
  return rows;
}
