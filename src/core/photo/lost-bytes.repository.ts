import { sql, type Kysely } from 'kysely';
import type { Sha256 } from '../kernel/ids.ts';
import type { Database } from '../platform/postgres/database.ts';

/**
 * Has the pictures (of one `source`) of photos whose bytes are lost fetched again, and counts them. The rows of the
 * photos stay with everything that is known of them, because the same bytes will belong to the same photo.
 */
export async function refetchPictures(
  db: Kysely<Database>,
  photos: readonly { readonly sha256: Sha256 }[],
  source: string | null = null,
): Promise<number> {
  const result = await sql`
    update picture p set state = 'found', photo_id = null, attempts = 0, not_before = null, settled_at = null
    from photo f where f.id = p.photo_id and f.bytes_state = 'stored' and f.sha256 = any(${photos.map(({ sha256 }) => Buffer.from(sha256, 'hex'))}::bytea[])
      and (${source}::text is null or p.source = ${source})`.execute(db);
  return Number(result.numAffectedRows ?? 0);
}

/** Those of some photos with lost bytes whose pictures `refetchPictures` has sent back and the next crawl fetches. */
export async function awaitedPhotos(
  db: Kysely<Database>,
  photos: readonly { readonly sha256: Sha256 }[],
): Promise<Set<Sha256>> {
  const { rows } = await sql<{ sha256: Sha256 }>`
    select encode(f.sha256, 'hex') as sha256 from photo f
    where f.sha256 = any(${photos.map(({ sha256 }) => Buffer.from(sha256, 'hex'))}::bytea[])
      and not exists (select 1 from picture p where p.photo_id = f.id)
      and exists (select 1 from picture p where p.state = 'found')`.execute(db);
  return new Set(rows.map(({ sha256 }) => sha256));
}

/** The first by hash that should have bytes, without those whose pictures all wait to be fetched again. */
export async function linkedPhotos(db: Kysely<Database>, limit: number): Promise<Sha256[]> {
  const { rows } = await sql<{ sha256: Sha256 }>`
    select encode(f.sha256, 'hex') as sha256 from photo f
    where f.bytes_state = 'stored' and exists (select 1 from picture p where p.photo_id = f.id)
    order by f.sha256 limit ${limit}`.execute(db);
  return rows.map(({ sha256 }) => sha256);
}

export async function storedPhotosOf(
  db: Kysely<Database>,
  source: string,
  sourceIds: readonly string[],
): Promise<{ readonly sha256: Sha256 }[]> {
  const { rows } = await sql<{ sha256: Sha256 }>`
    select distinct encode(f.sha256, 'hex') as sha256 from picture p join photo f on f.id = p.photo_id
    where p.source = ${source} and p.source_id = any(${sourceIds}::text[]) and f.bytes_state = 'stored'`.execute(db);
  return rows;
}
