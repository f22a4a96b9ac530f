import { sql, type Kysely, type RawBuilder, type Transaction } from 'kysely';
import type { DecisionScope } from '../../models/workspace/scope.ts';
import { membersOnEach } from '../../models/evidence/evidence.repository.ts';
import type { Sha256, Wnid } from '../../kernel/ids.ts';
import type { Database } from '../../platform/postgres/database.ts';
import { allowLongIdle } from '../../platform/postgres/transactions.ts';
import type { ExportReason, Protocol } from '../protocol.ts';
import { photoId } from './revision-id.ts';
import type { Split } from '../select/select.ts';
import type { StoredVerification } from '../verify/findings.ts';

export interface Revision {
  readonly id: Sha256;
  readonly photos: number;
  readonly classes: number;
  readonly bytes: number;
  /** Absolute path where it was last written. */
  readonly path: string;
  readonly madeAt: string;
  readonly protocol: Protocol;
  /** The last result of `winnow verify` for the folder that was kept: it had `--collection`. */
  readonly verified: StoredVerification | null;
}

export interface RevisionPhoto {
  readonly sha256: Sha256;
  readonly wnid: Wnid;
  /** Its folder in `test/` or `control/`; null if the revision does not have it. */
  readonly folder: string | null;
  /** Why it was left out. Null and `control`: the revision has it in `test/` or in `control/`. */
  readonly reason: ExportReason | 'control' | null;
  /** Hash of its file, if that differs from the stored photo. */
  readonly fileSha256: Sha256 | null;
}

export interface NewRevision extends Pick<Revision, 'protocol' | 'bytes' | 'path'> {
  /** Its photos in any order; in pieces, so that they are never in memory as a whole. */
  readonly rows: AsyncIterable<readonly RevisionPhoto[]>;
  /** The id of the last review event in its snapshot; 0 without any. */
  readonly lastEvent: number;
}

/** If the same revision is stored already, only its path and time change, and the new folder counts as not verified. */
export async function storeRevision(
  db: Kysely<Database>,
  { collectionId }: DecisionScope,
  { protocol, bytes, path, rows: photoRows, lastEvent }: NewRevision,
): Promise<void> {
  await db.transaction().execute(async (trx) => {
    await allowLongIdle(trx);
    const { rows } = await sql<{ id: number; isNew: boolean }>`
      insert into export_revision (collection_id, revision, photos, classes, bytes, protocol, path, last_event)
      values (${collectionId}, decode(${protocol.id}, 'hex'), ${protocol.photos}, ${protocol.classes.length}, ${bytes},
        ${JSON.stringify(protocol)}::jsonb, ${path}, ${lastEvent})
      on conflict (collection_id, revision) do update set path = excluded.path, last_event = excluded.last_event, verified = null, made_at = now()
      returning id, xmax = 0 as "isNew"`.execute(trx);
    const [row] = rows;
    if (row?.isNew === true) for await (const some of photoRows) await insertPhotos(trx, row.id, some);
  });
}

async function insertPhotos(trx: Transaction<Database>, id: number, photos: readonly RevisionPhoto[]): Promise<void> {
  await sql`
    insert into export_photo (export_id, wnid, sha256, folder, reason, file_sha256)
    select ${id}::int, p.wnid, decode(p.sha256, 'hex'), p.folder, p.reason, decode(p."fileSha256", 'hex')
    from jsonb_to_recordset(${JSON.stringify(photos)}::jsonb)
      as p(wnid text, sha256 text, folder text, reason text, "fileSha256" text)`.execute(trx);
}

/** Oldest first. */
export async function listRevisions(db: Kysely<Database>, { collectionId }: DecisionScope): Promise<Revision[]> {
  const { rows } = await sql<Revision>`
    select encode(revision, 'hex') as id, photos, classes, bytes, path, protocol, verified,
      to_char(made_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as "madeAt"
    from export_revision where collection_id = ${collectionId} order by export_revision.id`.execute(db);
  return rows;
}

/** Stores what `winnow verify` found in the folder of a revision, unless the revision was written elsewhere by then. */
export async function storeVerification(
  db: Kysely<Database>,
  { collectionId }: DecisionScope,
  { id, path, verified }: Pick<Revision, 'id' | 'path'> & { readonly verified: StoredVerification },
): Promise<void> {
  await sql`
    update export_revision set verified = ${JSON.stringify(verified)}::jsonb
    where collection_id = ${collectionId} and revision = decode(${id}, 'hex') and path = ${path}`.execute(db);
}

export interface RevisionPhotos {
  readonly id: Sha256;
  readonly takenDown: number;
  /** Photos to show for it: those with the lowest hashes, which have nothing to do with classes. None that was taken down. */
  readonly covers: readonly Sha256[];
}

export async function revisionPhotos(
  db: Kysely<Database>,
  { collectionId }: DecisionScope,
  covers: number,
): Promise<RevisionPhotos[]> {
  const { rows } = await sql<RevisionPhotos>`
    select encode(r.revision, 'hex') as id,
      (select count(distinct p.sha256)::int from takedown t join export_photo p on p.sha256 = t.sha256
        where p.export_id = r.id and p.folder is not null) as "takenDown",
      array(select encode(p.sha256, 'hex') from export_photo p
        where p.export_id = r.id and p.folder is not null
          and not exists (select 1 from takedown t where t.sha256 = p.sha256)
        order by p.sha256 limit ${covers}) as covers
    from export_revision r where r.collection_id = ${collectionId}`.execute(db);
  return rows;
}

export interface AffectedRevision {
  readonly collection: string;
  readonly id: Sha256;
  readonly path: string;
}

export async function revisionsWith(db: Kysely<Database>, photos: readonly Sha256[]): Promise<AffectedRevision[]> {
  const { rows } = await sql<AffectedRevision>`
    select distinct k.name as collection, encode(r.revision, 'hex') as id, r.path, r.id as position
    from export_photo p join export_revision r on r.id = p.export_id join collection k on k.id = r.collection_id
    where p.folder is not null
      and p.sha256 = any(array(select decode(h, 'hex') from unnest(${photos}::text[]) as h)) order by r.id`.execute(db);
  return rows.map(({ collection, id, path }) => ({ collection, id, path }));
}

export interface RevisionChange {
  readonly folder: string;
  /** `added`: the newer revision has the photos, the older one does not. */
  readonly change: 'added' | 'removed';
  /** Why the other revision lacks them. `not-listed`: they were neither listed nor reviewed then. `control`: it has them as controls. */
  readonly reason: ExportReason | 'control' | 'not-listed';
  readonly photos: number;
}

export interface RevisionDifference {
  readonly photos: readonly RevisionChange[];
  readonly controls: readonly RevisionChange[];
}

/**
 * SQL: the photos of a revision with their `split`, null for those that it lacks. Winnow 0.9 and earlier did not mark controls:
 * there, a photo of a revision with controls is one if the filter drops it as correct today.
 */
function photosWithSplit({ collectionId }: DecisionScope, id: Sha256): RawBuilder<unknown> {
  return sql`(
    select p.wnid, p.sha256, p.folder, p.reason,
      case when p.folder is null then null when p.reason = 'control' or (r.lacks_marks and exists (
          select 1 from decision d join photo f on f.id = d.photo_id
          where d.collection_id = ${collectionId} and d.wnid = p.wnid and f.sha256 = p.sha256 and d.reason = 'correct'))
        then 'control' else 'test' end as split
    from (select e.id, e.protocol -> 'control' is not null and not exists (
            select 1 from export_photo where export_id = e.id and reason = 'control') as lacks_marks
          from export_revision e where e.collection_id = ${collectionId} and e.revision = decode(${id}, 'hex') offset 0) as r
    join export_photo p on p.export_id = r.id)`;
}

export async function compareRevisions(
  db: Kysely<Database>,
  scope: DecisionScope,
  { older, newer }: { readonly older: Sha256; readonly newer: Sha256 },
): Promise<RevisionDifference> {
  const { rows } = await sql<RevisionChange & { readonly split: Split }>`
    select * from (select s.split, coalesce(n.folder, o.folder) as folder,
      case when n.split = s.split then 'added' else 'removed' end as change,
      coalesce(case when n.split = s.split then coalesce(o.reason, o.split) else coalesce(n.reason, n.split) end,
        case when n.folder is null and exists (select 1 from takedown t where t.sha256 = o.sha256) then 'taken-down'
          else 'not-listed' end) as reason,
      count(*)::int as photos
    from ${photosWithSplit(scope, older)} as o full join ${photosWithSplit(scope, newer)} as n on n.wnid = o.wnid and n.sha256 = o.sha256
    cross join (values ('test'), ('control')) as s(split)
    where (o.split is not distinct from s.split) <> (n.split is not distinct from s.split)
    group by 1, 2, 3, 4) as changes order by folder collate "C", change, reason`.execute(db);
  const changesIn = (wanted: Split): RevisionChange[] =>
    rows.flatMap(({ split, ...change }) => (split === wanted ? [change] : []));
  return { photos: changesIn('test'), controls: changesIn('control') };
}

export async function tombstonesOf(
  db: Kysely<Database>,
  { collectionId }: DecisionScope,
): Promise<Protocol['tombstones']> {
  const { rows } = await sql<{ sha256: Sha256; wnid: Wnid; takenDownAt: string }>`
    select distinct encode(p.sha256, 'hex') as sha256, p.folder as wnid,
      to_char(t.created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as "takenDownAt"
    from export_photo p join export_revision r on r.id = p.export_id join takedown t on t.sha256 = p.sha256
    where r.collection_id = ${collectionId} and p.folder is not null order by 1, 2`.execute(db);
  return rows.map(({ sha256, ...tombstone }) => ({ id: photoId(sha256), ...tombstone }));
}

/** The execution providers that made a member's evidence of the kept photos of a collection, by name. */
export async function providersOfKept(
  db: Kysely<Database>,
  { collectionId, decisionSha256 }: Pick<DecisionScope, 'collectionId' | 'decisionSha256'>,
  memberId: number,
): Promise<string[]> {
  const [onEach = []] = await membersOnEach(db, [memberId]);
  if (onEach.length === 1) return ['cpu'];
  const { rows } = await sql<{ name: string }>`
    select distinct v.execution_provider as name
    from decision d join counted_evidence v on v.photo_id = d.photo_id and v.member_id = ${memberId}
    where d.collection_id = ${collectionId} and d.state = 'kept' and d.decision_sha256 = decode(${decisionSha256}, 'hex')
    order by name`.execute(db);
  return rows.map(({ name }) => name);
}
