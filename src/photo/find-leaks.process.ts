import type { Kysely } from 'kysely';
import type { Database } from '../platform/postgres/database.ts';
import { HashIndex } from './hash-index.ts';
import { parseHash } from './perceptual-hash.ts';
import {
  completeSets,
  referenceHashes,
  sha256OfReferences,
  type HashedPhoto,
  type Leak,
  type ReferenceSet,
} from './reference-set.repository.ts';

/** The pictures of one reference set, ready to be searched: about 50 bytes each. */
interface SearchableSet {
  readonly set: ReferenceSet;
  readonly index: HashIndex;
  /** Of the pictures, by their position in the index. */
  readonly ids: readonly number[];
}

/** Finds photos in the reference sets; loads a set when it is first needed, and again once it has changed. */
export class LeakFinder {
  #sets: readonly SearchableSet[] = [];
  #state = '[]';

  /** The leaks among some photos, in every complete set. */
  async find(db: Kysely<Database>, photos: readonly HashedPhoto[]): Promise<Leak[]> {
    await this.#refresh(db);
    const leaks: Leak[] = [];
    for (const searchable of this.#sets) leaks.push(...(await leaksIn(db, searchable, photos)));
    return leaks;
  }

  async #refresh(db: Kysely<Database>): Promise<void> {
    const sets = await completeSets(db);
    const state = JSON.stringify(sets);
    if (state === this.#state) return;
    const loaded: SearchableSet[] = [];
    for (const set of sets) loaded.push(await loadSet(db, set));
    this.#sets = loaded;
    this.#state = state;
  }
}

async function loadSet(db: Kysely<Database>, set: ReferenceSet): Promise<SearchableSet> {
  const index = new HashIndex();
  const ids: number[] = [];
  for await (const { id, perceptualHash } of referenceHashes(db, set.id)) {
    index.add(parseHash(perceptualHash));
    ids.push(id);
  }
  return { set, index, ids };
}

/** Of several pictures within the distance, the twin is the one of the same bytes, else the nearest, else the first. */
async function leaksIn(
  db: Kysely<Database>,
  { set, index, ids }: SearchableSet,
  photos: readonly HashedPhoto[],
): Promise<Leak[]> {
  const found = photos.flatMap((photo) => {
    const hash = parseHash(photo.perceptualHash);
    const near = [...index.allWithin(hash, set.distance)].map((position) => ({
      pictureId: ids[position] ?? -1,
      distance: index.distanceTo(position, hash),
    }));
    return near.length === 0 ? [] : [{ photo, near }];
  });
  if (found.length === 0) return [];
  // Only what has the same hash can be the same bytes.
  const sameHash = found.flatMap(({ near }) => near.filter(({ distance }) => distance === 0));
  const sha256Of = await sha256OfReferences(
    db,
    sameHash.map(({ pictureId }) => pictureId),
  );
  return found.flatMap(({ photo, near }) => {
    const twin =
      near.find(({ pictureId }) => sha256Of.get(pictureId) === photo.sha256) ??
      near.toSorted((a, b) => a.distance - b.distance)[0];
    return twin === undefined ? [] : [{ photoId: photo.id, setId: set.id, ...twin }];
  });
}
