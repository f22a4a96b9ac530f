import type { Kysely } from 'kysely';
import type { DecisionScope } from '../decision/scope.ts';
import type { Database } from '../platform/postgres/database.ts';
import {
  MODE_A_RULES,
  MODE_O_RULES,
  markAlsoIn,
  photosToConfirm,
  shortlistClass,
  shortlistCollection,
  type KeptPhoto,
  type ShortlistPolicy,
  type ShortlistRules,
  type ShortlistRow,
} from './shortlist.ts';
import { readUnitVectors } from '../evidence/feature.repository.ts';
import { groupBy } from '../kernel/group-by.ts';
import { readFineHashes } from '../photo/photo.repository.ts';
import { isStored } from './stored-shortlist.repository.ts';
import { keptPhotos, lockCollection, replaceShortlist } from './shortlist.repository.ts';

export interface ShortlistBuild {
  readonly policy: ShortlistPolicy;
  /** The backbone whose features are compared; null: none. */
  readonly backboneId: number | null;
}

/**
 * Builds the collection's shortlist from the kept photos and replaces the stored one. The same catalogue gives the same rows,
 * so building it twice changes nothing.
 */
export async function buildShortlist(
  db: Kysely<Database>,
  scope: DecisionScope,
  { policy, backboneId }: ShortlistBuild,
): Promise<ShortlistRow[]> {
  return db.transaction().execute(async (trx) => {
    // Only one build runs at a time. Each reads the kept photos in one statement, so from one snapshot.
    await lockCollection(trx, scope.collectionId);
    const rules = scope.concepts === undefined ? MODE_A_RULES : MODE_O_RULES;
    const photos = await withFineHashes(trx, await keptPhotos(trx, scope), policy);
    const rows =
      backboneId === null
        ? shortlistCollection(photos, policy, rules)
        : await shortlistByFeatures(trx, photos, { policy, rules, backboneId });
    // If the same shortlist is stored already, it keeps the time at which it was built.
    if (!(await isStored(trx, scope, { policy, rows }))) await replaceShortlist(trx, scope, { policy, rows });
    return rows;
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

/** The same as `shortlistCollection`, class by class, so that only one class's features are in memory. */
async function shortlistByFeatures(
  db: Kysely<Database>,
  photos: readonly KeptPhoto[],
  { policy, rules, backboneId }: { policy: ShortlistPolicy; rules: ShortlistRules; backboneId: number },
): Promise<ShortlistRow[]> {
  const classes = [...groupBy(photos, (photo) => photo.wnid)].toSorted(([a], [b]) => (a < b ? -1 : 1));
  const rows: ShortlistRow[] = [];
  for (const [, ofClass] of classes)
    rows.push(...shortlistClass(await withFeatures(db, ofClass, backboneId), policy, rules));
  return markAlsoIn(rows);
}

async function withFeatures(
  db: Kysely<Database>,
  photos: readonly KeptPhoto[],
  backboneId: number,
): Promise<KeptPhoto[]> {
  const sha256s = photos.map(({ sha256 }) => sha256);
  const vectors = await readUnitVectors(db, backboneId, sha256s);
  return photos.map((photo) => {
    const features = vectors.get(photo.sha256);
    return features === undefined ? photo : { ...photo, features };
  });
}
