import { sql, type Kysely, type RawBuilder, type Transaction } from 'kysely';
import type { Database } from '../platform/postgres/database.ts';

/** Bytes that a source sends instead of photos ("this photo is no longer available"), for many different pictures. */
export interface Notice {
  readonly source: string;
  readonly sha256: string;
  readonly pictures: number;
}

/**
 * Drops pictures whose bytes are a notice as `placeholder`. Bytes are a notice if at least `limit` different pictures
 * of the source have them, or had them when the notice was recognised. Decisions on the photo for the pictures' classes
 * are deleted, unless pictures of other sources bring it for the same class. A folder holds the user's own files, so
 * copies among them are photos. Call this after the pictures are committed, so that one of two processes that store the
 * last pictures sees both.
 *
 * @param photoIds photos that were just stored
 * @returns the ids of all pictures that were dropped, with a detail text for each
 */
export async function dropNotices(
  db: Kysely<Database>,
  photoIds: readonly number[],
  limit: number,
): Promise<ReadonlyMap<number, string>> {
  const { rows: found } = await sql<{ id: number }>`
    select distinct s.photo_id as id from ${sameBytes(sql`p.photo_id = any(${photoIds}::bigint[])`)} as s
    where s.pictures >= ${limit} or s.known > 0`.execute(db);
  if (found.length === 0) return new Map();
  const ids = found.map(({ id }) => id);
  return db.transaction().execute(async (trx) => {
    const pictureIds = await lockPictures(trx, ids);
    await sql`
      insert into notice (source, sha256, pictures)
      select s.source, s.sha256, s.pictures from ${sameBytes(sql`p.id = any(${pictureIds}::bigint[])`)} as s
      where s.pictures >= ${limit} or s.known > 0 order by s.source, s.sha256
      on conflict (source, sha256) do update set pictures = notice.pictures + excluded.pictures, noted_at = now()`.execute(
      trx,
    );
    const dropped = await dropPictures(trx, pictureIds);
    await forgetDecisions(trx, ids);
    return new Map(dropped.map(({ id, detail }) => [id, detail]));
  });
}

/** Number of pictures `p` of each source that a photo has, and whether the source is known to send it as a notice. */
function sameBytes(where: RawBuilder<unknown>): RawBuilder<unknown> {
  return sql`(
    select p.source, p.photo_id, f.sha256, count(*)::int as pictures, count(n.source) as known
    from picture p join photo f on f.id = p.photo_id left join notice n on n.source = p.source and n.sha256 = f.sha256
    where ${where} and p.source <> 'folder' group by p.source, p.photo_id, f.sha256)`;
}

/**
 * Locks the pictures of some photos, then the photos, in the order that all code uses. Pictures with the same bytes
 * that come later are left to the process that stores them, because it also looks for notices after this transaction.
 */
async function lockPictures(trx: Transaction<Database>, photoIds: readonly number[]): Promise<readonly number[]> {
  // A takedown locks the table before any row.
  await sql`lock table photo in row exclusive mode`.execute(trx);
  const { rows } = await sql<{ id: number }>`
    select id from picture where photo_id = any(${photoIds}::bigint[]) and source <> 'folder'
    order by source, source_id for no key update`.execute(trx);
  // Filters hold shared locks on the rows of the photos that they decide.
  await sql`select 1 from photo where id = any(${photoIds}::bigint[]) order by sha256 for no key update`.execute(trx);
  return rows.map(({ id }) => id);
}

async function dropPictures(
  trx: Transaction<Database>,
  pictureIds: readonly number[],
): Promise<readonly { readonly id: number; readonly detail: string }[]> {
  const { rows } = await sql<{ id: number; detail: string }>`
    update picture p set state = 'dropped', reason = 'placeholder', photo_id = null, settled_at = now(),
      detail = n.pictures || ' pictures of ' || n.source || ' have the same bytes (' || encode(n.sha256, 'hex') || '): a notice, no photo'
    from photo f join notice n on n.sha256 = f.sha256
    where p.id = any(${pictureIds}::bigint[]) and p.photo_id = f.id and p.source = n.source
    returning p.id, p.detail`.execute(trx);
  return rows;
}

/** Deletes what no picture of the collection and class supports any more: none has the photo or will bring its bytes again. */
async function forgetDecisions(trx: Transaction<Database>, photoIds: readonly number[]): Promise<void> {
  for (const table of ['shortlist_entry', 'decision'] as const) {
    await sql`
      delete from ${sql.table(table)} d where d.photo_id = any(${photoIds}::bigint[]) and not exists (
        select 1 from candidate c join picture p on p.id = c.picture_id
        join collection_candidate l on l.candidate_id = c.id and l.collection_id = d.collection_id
        where (p.photo_id = d.photo_id or p.refetch_photo_id = d.photo_id) and c.wnid = d.wnid)`.execute(trx);
  }
}

/** The notices of some sources from the last `withinMs` milliseconds, those with most pictures first. */
export async function listNotices(
  db: Kysely<Database>,
  { sources, withinMs }: { readonly sources: readonly string[]; readonly withinMs: number },
): Promise<Notice[]> {
  const { rows } = await sql<Notice>`
    select source, encode(sha256, 'hex') as sha256, pictures from notice
    where source = any(${sources}::text[]) and noted_at >= now() - ${withinMs} * interval '1 millisecond'
    order by pictures desc, source, notice.sha256`.execute(db);
  return rows;
}
