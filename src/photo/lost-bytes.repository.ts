import { sql, type Kysely } from 'kysely';
import type { Sha256 } from '../kernel/ids.ts';
import type { Database } from '../platform/postgres/database.ts';

/**
 * Has the pictures of photos whose bytes are gone fetched again. The photos' rows stay, and with them what is known of
 * them: the same bytes come back to the same photo.
 *
 * @returns how many pictures will be fetched
 */
export async function refetchPictures(db: Kysely<Database>, photos: readonly Sha256[]): Promise<number> {
  const result = await sql`
    update picture p set state = 'found', photo_id = null, attempts = 0, not_before = null, settled_at = null
    from photo f where f.id = p.photo_id and f.bytes_state = 'stored' and f.sha256 = any(${photos.map((hex) => Buffer.from(hex, 'hex'))}::bytea[])`.execute(
    db,
  );
  return Number(result.numAffectedRows ?? 0);
}
