import type { ModelCard } from '../../core/collection/cards/model-card.ts';
import { batchesOf } from '../../core/kernel/batches.ts';
import { KnownPictures } from '../../core/photo/known-pictures.ts';
import { parseHash } from '../../core/photo/hashes/perceptual-hash.ts';
import { readFineHashes } from '../../core/photo/photo.repository.ts';
import { hashedPhotos } from '../../core/photo/reference-set.repository.ts';
import type { FittedPhotos } from '../../core/kernel/texts.ts';
import type { ReportedPhoto } from './reported-photo.repository.ts';
import type { App } from '../../core/runtime/open/app.process.ts';
import { fittedPhotosOf } from '../../core/photo/head-photos.process.ts';
import type { FolderPicture, OutsideFolder } from '../evaluate/outside-folder.process.ts';

const AT_ONCE = 2_000;

/** The photos that a head was fitted or measured with. Empty if the model is no head. */
export interface FittedAmong {
  readonly photoIds: ReadonlySet<number>;
  readonly pictures: ReadonlySet<FolderPicture>;
  /** Null if the model is not a head. */
  readonly counts: FittedPhotos | null;
}

export interface Folders {
  readonly clean: OutsideFolder | null;
  readonly inDistribution: OutsideFolder | null;
}

/** Compares pictures of folders by their bytes only, to avoid decoding them again. @throws UsageError `head-photos` */
export async function fittedAmong(
  db: App['db'],
  card: ModelCard,
  {
    photos,
    crawl,
    clean,
    inDistribution,
  }: Folders & Readonly<Record<'photos' | 'crawl', readonly Pick<ReportedPhoto, 'photoId'>[]>>,
): Promise<FittedAmong> {
  const fitted = await fittedPhotosOf(card);
  const known = fitted instanceof KnownPictures ? fitted : new KnownPictures();
  const photoIds = await knownPhotos(db, known, [...new Set([...photos, ...crawl].map(({ photoId }) => photoId))]);
  const ofFolder = (folder: OutsideFolder | null): FolderPicture[] =>
    (folder?.pictures ?? []).filter((picture) => known.has(picture, null));
  const [ofClean, ofIn] = [ofFolder(clean), ofFolder(inDistribution)];
  const count = (some: readonly unknown[]): number | null => (fitted === 'unknown' ? null : some.length);
  const counts = {
    photos: count(photos.filter(({ photoId }) => photoIds.has(photoId))),
    of: photos.length,
    clean: count(ofClean),
    inDistribution: count(ofIn),
  };
  return { photoIds, pictures: new Set([...ofClean, ...ofIn]), counts: fitted === null ? null : counts };
}

async function knownPhotos(db: App['db'], known: KnownPictures, ids: readonly number[]): Promise<Set<number>> {
  const found = new Set<number>();
  if (known.isEmpty) return found;
  for (const some of batchesOf(ids, AT_ONCE)) {
    const photos = await hashedPhotos(db, some);
    const hashes = photos.map(({ sha256 }) => sha256);
    const fineHashes = await readFineHashes(db, hashes);
    for (const { id, sha256, perceptualHash } of photos) {
      const fingerprint = { hash: parseHash(perceptualHash), fineHash: fineHashes.get(sha256) ?? null };
      if (known.has({ sha256, originalSha256: null }, fingerprint)) found.add(id);
    }
  }
  return found;
}
