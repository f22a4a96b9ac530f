import type { Kysely } from 'kysely';
import { readFineHashes } from '../photo/photo.repository.ts';
import type { Database } from '../platform/postgres/database.ts';
import { photosToConfirm, type Fingerprinted, type ShortlistPolicy } from './shortlist.ts';

export async function withFineHashes<Photo extends Fingerprinted>(
  db: Kysely<Database>,
  photos: readonly Photo[],
  policy: ShortlistPolicy,
): Promise<Photo[]> {
  const toConfirm = photosToConfirm(photos, policy.nearDuplicateDistance);
  const fineHashes = await readFineHashes(db, [...new Set(toConfirm.map(({ sha256 }) => sha256))]);
  return photos.map((photo) => {
    const fineHash = fineHashes.get(photo.sha256);
    return fineHash === undefined ? photo : { ...photo, fineHash };
  });
}
