import type { Kysely, RawBuilder } from 'kysely';
import type { DecisionScope } from '../models/workspace/scope.ts';
import type { Database } from '../platform/postgres/database.ts';
import {
  byClass,
  LEAST_TRUE_FIRST,
  markAlsoIn,
  photosToConfirm,
  shortlistClass,
  SUREST_FIRST,
  type KeptPhoto,
  type ShortlistPolicy,
  type ShortlistRow,
} from './shortlist.ts';
import { readUnitVectors } from '../models/evidence/feature.repository.ts';
import { readFineHashes } from '../photo/photo.repository.ts';
import { isStored, keptPhotos, lockCollection, replaceShortlist } from './shortlist.repository.ts';

export interface ShortlistBuild {
  readonly policy: ShortlistPolicy;
  /** The backbone whose features are compared; null: none. */
  readonly backboneId: number | null;
  /** SQL of which photos wait for a second, blind verdict, as `keptPhotos` takes it. Default: none does. */
  readonly isPending?: RawBuilder<unknown>;
}

/**
 * Builds the collection's shortlist from the kept photos and replaces the stored one: each class separately, then `alsoIn`
 * across classes. Rows are sorted by wnid. Within a class the listed ones come first by rank, then those left out, in the
 * order of the walk. The same catalogue and verdicts give the same rows, so building it twice changes nothing.
 */
export async function buildShortlist(
  db: Kysely<Database>,
  scope: DecisionScope,
  { policy, backboneId, isPending }: ShortlistBuild,
): Promise<ShortlistRow[]> {
  return db.transaction().execute(async (trx) => {
    // Only one build runs at a time. Each reads the kept photos and their verdicts in one statement, so from one snapshot.
    await lockCollection(trx, scope.collectionId);
    const order = scope.concepts === undefined ? LEAST_TRUE_FIRST : SUREST_FIRST;
    const photos = await withFineHashes(trx, await keptPhotos(trx, scope, isPending), policy);
    const rows: ShortlistRow[] = [];
    // Class by class, so that only one class's features are in memory.
    for (const ofClass of byClass(photos))
      rows.push(...shortlistClass(await withFeatures(trx, ofClass, backboneId), policy, order));
    const shortlist = { policy, rows: markAlsoIn(rows) };
    // If the same shortlist is stored already, it keeps the time at which it was built.
    if (!(await isStored(trx, scope, shortlist))) await replaceShortlist(trx, scope, shortlist);
    return shortlist.rows;
  });
}

async function withFineHashes(
  db: Kysely<Database>,
  photos: readonly KeptPhoto[],
  policy: ShortlistPolicy,
): Promise<KeptPhoto[]> {
  const toConfirm = photosToConfirm(photos, policy.nearDuplicateDistance);
  const fineHashes = await readFineHashes(db, [...new Set(toConfirm.map(({ sha256 }) => sha256))]);
  return photos.map((photo) => {
    const fineHash = fineHashes.get(photo.sha256);
    return fineHash === undefined ? photo : { ...photo, fineHash };
  });
}

async function withFeatures(
  db: Kysely<Database>,
  photos: readonly KeptPhoto[],
  backboneId: number | null,
): Promise<readonly KeptPhoto[]> {
  if (backboneId === null) return photos;
  const sha256s = photos.map(({ sha256 }) => sha256);
  const vectors = await readUnitVectors(db, backboneId, sha256s);
  return photos.map((photo) => {
    const features = vectors.get(photo.sha256);
    return features === undefined ? photo : { ...photo, features };
  });
}
