import { sql, type Kysely, type Transaction } from 'kysely';
import { StopTheRun } from '../kernel/errors.ts';
import type { Database, ReferenceSetTable } from '../platform/postgres/database.ts';
import { streamRows, onlyRow } from '../platform/postgres/query.ts';
import { parseFineHash, type FineHash } from './hashes/fine-hash.ts';
import type { Fingerprint } from '../platform/image/inspection.ts';

/** The purpose of a set's pictures. `leaks`: they must not be in a test set. `display`: reviewers compare photos with them. */
export type ReferencePurpose = ReferenceSetTable['purpose'];

export interface ReferenceSet {
  readonly id: number;
  readonly purpose: ReferencePurpose;
  /** Absolute path of the folder; or a text that names a head, its photos and the collection. */
  readonly folder: string;
  /** The only collection that the set counts for: one with that head. Null for all collections. */
  readonly collectionId: number | null;
  /** Bits, 0..64, in which the perceptual hashes of the same picture may differ. Means nothing for `display`. */
  readonly distance: number;
  /** Number of the current or last walk. */
  readonly walk: number;
  readonly completedAt: Date | null;
}

const SET_COLUMNS = sql`s.id, s.purpose, s.folder, s.collection_id as "collectionId", s.distance, s.walk, s.completed_at as "completedAt"`;

type WantedSet = Pick<ReferenceSet, 'folder' | 'purpose' | 'distance'> & { readonly collectionId?: number | null };

/**
 * Begins a walk over the folder's pictures, or continues an interrupted one. Returns the set as it will be after the
 * walk: until then a set that was complete before keeps its old distance.
 */
export async function beginWalk(
  db: Kysely<Database>,
  { folder, purpose, distance, collectionId = null }: WantedSet,
): Promise<ReferenceSet> {
  const begun = await sql<ReferenceSet>`
    insert into reference_set as s (folder, purpose, distance, collection_id)
    values (${folder}, ${purpose}, ${distance}, ${collectionId})
    on conflict (purpose, md5(folder)) do update set walk = s.walk + 1
    returning ${SET_COLUMNS}`.execute(db);
  return { ...onlyRow(begun), distance };
}

/** A stored file's path, size and time, which change with the file. */
export interface FileVersion {
  /** Relative to the folder, as messages show it. */
  readonly path: string;
  readonly bytes: number;
  /** Microseconds since the epoch. */
  readonly changedUs: number;
}

/** Marks stored files that have not changed as seen, and returns their paths. Marks of a later walk stay. */
export async function markSeen(
  db: Kysely<Database>,
  { id, walk }: ReferenceSet,
  files: readonly FileVersion[],
): Promise<ReadonlySet<string>> {
  const { rows } = await sql<{ path: string }>`
    update reference_picture r set walk = greatest(r.walk, ${walk})
    from unnest(${files.map((file) => file.path)}::text[], ${files.map((file) => file.bytes)}::bigint[],
      ${files.map((file) => file.changedUs)}::bigint[]) as f(path, bytes, changed_us)
    where r.set_id = ${id} and md5(r.path) = md5(f.path) and r.path = f.path and r.bytes = f.bytes and r.changed_us = f.changed_us
    returning r.path`.execute(db);
  return new Set(rows.map((row) => row.path));
}

/** Marks the stored pictures below some directories as seen. @returns how many pictures those are */
export async function markSeenBelow(
  db: Kysely<Database>,
  { id, walk }: ReferenceSet,
  directories: readonly string[],
): Promise<number> {
  if (directories.length === 0) return 0;
  const result = await sql`
    update reference_picture r set walk = greatest(r.walk, ${walk})
    where r.set_id = ${id} and exists (
      select 1 from unnest(${directories}::text[]) as d(path) where starts_with(r.path, d.path || '/'))`.execute(db);
  return Number(result.numAffectedRows ?? 0);
}

export interface ReferencePicture extends FileVersion, Fingerprint {
  /** Hex. */
  readonly sha256: string;
}

/** The set is locked first, as in a removal, to avoid deadlocks. @throws StopTheRun `reference-set-removed` */
export async function holdPictures(
  db: Kysely<Database>,
  set: ReferenceSet,
  pictures: readonly ReferencePicture[],
): Promise<void> {
  if (pictures.length === 0) return;
  const { id, walk } = set;
  const { numAffectedRows } = await sql`
    with held as materialized (select s.id from reference_set s where s.id = ${id} for key share)
    insert into reference_picture (set_id, path, bytes, changed_us, sha256, perceptual_hash, fine_hash, walk)
    select held.id, p.path, p.bytes, p."changedUs", decode(p.sha256, 'hex'), decode(p."perceptualHash", 'hex'),
      decode(p."fineHash", 'hex'), ${walk}::integer
    from held cross join
      jsonb_to_recordset(${JSON.stringify(pictures)}::jsonb) as p(path text, bytes bigint, "changedUs" bigint, sha256 text, "perceptualHash" text,
        "fineHash" text)
    on conflict (set_id, md5(path)) do update set bytes = excluded.bytes, changed_us = excluded.changed_us,
      sha256 = excluded.sha256, perceptual_hash = excluded.perceptual_hash, fine_hash = excluded.fine_hash,
      walk = greatest(reference_picture.walk, excluded.walk)`.execute(db);
  if (numAffectedRows === 0n) throw removedMeanwhile(set);
}

function removedMeanwhile({ folder }: ReferenceSet): StopTheRun {
  return new StopTheRun(
    `Expected the reference set of '${folder}' to stay while its pictures are read but it was removed (winnow references remove). None of its pictures are stored. Add the set again if you need it.`,
    { code: 'reference-set-removed' },
  );
}

/** Deletes pictures that neither this walk nor a later one has seen. @throws StopTheRun `reference-set-removed` */
export async function completeWalk(
  trx: Transaction<Database>,
  set: ReferenceSet,
  unreadable: Readonly<Record<string, number>>,
): Promise<void> {
  const { id, walk, distance } = set;
  await sql`delete from reference_picture where set_id = ${id} and walk < ${walk}`.execute(trx);
  const { numAffectedRows } = await sql`
    update reference_set set completed_at = now(), ended_walk = greatest(ended_walk, ${walk}), distance = ${distance},
      unreadable = ${JSON.stringify(unreadable)}::jsonb
    where id = ${id}`.execute(trx);
  if (numAffectedRows !== 1n) throw removedMeanwhile(set);
}

export interface ReferenceSetLine extends ReferenceSet {
  readonly pictures: number;
  readonly unreadable: Readonly<Record<string, number>>;
  readonly leaks: number;
  readonly addedAt: Date;
  /** The last walk still runs or was interrupted: deleted files are still stored, and older photos not yet compared. */
  readonly isUnended: boolean;
}

export async function listReferenceSets(db: Kysely<Database>): Promise<ReferenceSetLine[]> {
  const { rows } = await sql<ReferenceSetLine>`
    select ${SET_COLUMNS}, s.unreadable, s.added_at as "addedAt", s.ended_walk < s.walk as "isUnended",
      (select count(*) from reference_picture r where r.set_id = s.id) as pictures,
      (select count(*) from leak l where l.set_id = s.id) as leaks
    from reference_set s order by s.id`.execute(db);
  return rows;
}

/** The sets of a purpose that are in use: those with at least one complete walk. */
export async function completeSets(db: Kysely<Database>, purpose: ReferencePurpose): Promise<ReferenceSet[]> {
  const { rows } = await sql<ReferenceSet>`
    select ${SET_COLUMNS} from reference_set s where s.purpose = ${purpose} and s.completed_at is not null order by s.id`.execute(
    db,
  );
  return rows;
}

export async function countClassFolders(db: Kysely<Database>, setId: number): Promise<number> {
  const { rows } = await sql<{ classes: number }>`
    select count(distinct split_part(path, '/', 1)) as classes from reference_picture
    where set_id = ${setId} and strpos(path, '/') > 0`.execute(db);
  return rows[0]?.classes ?? 0;
}

/** Undoes a walk that saw no picture. A set that was never complete and has no pictures is deleted. */
export async function endEmptyWalk(db: Kysely<Database>, { id, walk }: ReferenceSet): Promise<void> {
  await sql`
    delete from reference_set s where s.id = ${id} and s.completed_at is null
      and not exists (select 1 from reference_picture r where r.set_id = s.id)`.execute(db);
  // If an earlier walk did not end either, the set is still to be continued.
  await sql`update reference_set set ended_walk = ${walk} where id = ${id} and ended_walk = ${walk} - 1 and completed_at is not null`.execute(
    db,
  );
}

export async function removeReferenceSet(trx: Transaction<Database>, id: number): Promise<void> {
  await trx.deleteFrom('reference_set').where('id', '=', id).execute();
}

export function referenceHashes(
  db: Kysely<Database>,
  setId: number,
): AsyncGenerator<{ id: number; perceptualHash: string }> {
  return streamRows(
    db,
    sql<{ id: number; perceptualHash: string }>`
    select id, encode(perceptual_hash, 'hex') as "perceptualHash" from reference_picture where set_id = ${setId} order by id`,
  );
}

export interface ReferenceMarks {
  /** Hex. */
  readonly sha256: string;
  readonly fineHash: FineHash;
}

export async function marksOfReferences(
  db: Kysely<Database>,
  ids: readonly number[],
): Promise<ReadonlyMap<number, ReferenceMarks>> {
  const { rows } = await sql<{ id: number; sha256: string; fineHash: Buffer }>`
    select id, encode(sha256, 'hex') as sha256, fine_hash as "fineHash" from reference_picture
    where id = any(${ids}::bigint[])`.execute(db);
  return new Map(rows.map(({ id, sha256, fineHash }) => [id, { sha256, fineHash: parseFineHash(fineHash) }]));
}

export interface HashedPhoto {
  readonly id: number;
  /** Hex. */
  readonly sha256: string;
  readonly perceptualHash: string;
}

/** Some photos, by ascending id: those with some ids, or the next ones after an id. */
export async function hashedPhotos(
  db: Kysely<Database>,
  which: readonly number[] | { readonly after: number; readonly limit: number },
): Promise<HashedPhoto[]> {
  const where = 'after' in which ? sql`id > ${which.after}` : sql`id = any(${which}::bigint[])`;
  const limit = 'after' in which ? which.limit : null;
  const { rows } = await sql<HashedPhoto>`
    select id, encode(sha256, 'hex') as sha256, encode(perceptual_hash, 'hex') as "perceptualHash"
    from photo where ${where} order by id limit ${limit}`.execute(db);
  return rows;
}

/** A photo that is in a reference set, and the picture of the set that it equals or is most similar to. */
export interface Leak {
  readonly photoId: number;
  readonly setId: number;
  readonly pictureId: number;
  /** Bits. */
  readonly distance: number;
}

export async function storeLeaks(db: Kysely<Database>, leaks: readonly Leak[]): Promise<void> {
  if (leaks.length === 0) return;
  await sql`
    insert into leak (photo_id, set_id, picture_id, distance)
    select l."photoId", l."setId", l."pictureId", l.distance
    from jsonb_to_recordset(${JSON.stringify(leaks)}::jsonb) as l("photoId" bigint, "setId" int, "pictureId" bigint, distance smallint)
    join reference_picture r on r.id = l."pictureId" join photo f on f.id = l."photoId"
    on conflict (photo_id, set_id) do nothing`.execute(db);
}

export async function forgetLeaks(trx: Transaction<Database>, setId: number): Promise<void> {
  await trx.deleteFrom('leak').where('set_id', '=', setId).execute();
}
