import type { Kysely } from 'kysely';
import type { Database } from '../platform/postgres/database.ts';
import { confirms, type FineHash } from './fine-hash.ts';
import { fineHashesOf, type FineHashDeps } from './fine-hashes.process.ts';
import { HashIndex } from './hash-index.ts';
import { parseHash } from './perceptual-hash.ts';
import {
  completeSets,
  marksOfReferences,
  referenceHashes,
  type HashedPhoto,
  type Leak,
  type ReferenceMarks,
  type ReferenceSet,
} from './reference-set.repository.ts';

/** The pictures of one reference set, loaded for searching: about 50 bytes each. */
interface SearchableSet {
  readonly set: ReferenceSet;
  readonly index: HashIndex;
  /** Ids of the pictures, by their position in the index. */
  readonly ids: readonly number[];
}

export interface LeakFinderDeps extends FineHashDeps {
  /** Where finer hashes are stored once they are computed: see `fineHashesOf`. */
  readonly db: Kysely<Database>;
}

/**
 * Finds photos that are in the reference sets: the 64-bit hash proposes matches, the finer hash confirms them. The
 * 64-bit hashes of a set are loaded when they are first needed, and loaded again once the set has changed. Finer hashes
 * are read for matches only.
 */
export class LeakFinder {
  readonly #deps: LeakFinderDeps;
  #sets: readonly SearchableSet[] = [];
  #state = '[]';

  constructor(deps: LeakFinderDeps) {
    this.#deps = deps;
  }

  /** The given photos that are in a complete reference set. */
  async find(db: Kysely<Database>, photos: readonly HashedPhoto[]): Promise<Leak[]> {
    await this.#refresh(db);
    const leaks: Leak[] = [];
    for (const searchable of this.#sets) leaks.push(...(await leaksIn(db, { searchable, photos, deps: this.#deps })));
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

/** A picture whose 64-bit hash matches that of a photo. */
interface Match {
  readonly pictureId: number;
  /** Hamming distance in bits. */
  readonly distance: number;
}

interface Matched {
  readonly photo: HashedPhoto;
  readonly near: readonly Match[];
}

async function leaksIn(
  db: Kysely<Database>,
  { searchable, photos, deps }: { searchable: SearchableSet; photos: readonly HashedPhoto[]; deps: LeakFinderDeps },
): Promise<Leak[]> {
  const matched = photos.flatMap((photo) => matchesOf(photo, searchable));
  if (matched.length === 0) return [];
  const marks = await marksOfReferences(
    db,
    matched.flatMap(({ near }) => near.map(({ pictureId }) => pictureId)),
  );
  const fineHashes = await fineHashesOf(
    deps.db,
    matched.map(({ photo }) => photo.sha256),
    deps,
  );
  return matched.flatMap((one) => {
    const twin = twinOf(one, marks, fineHashes.get(one.photo.sha256) ?? null);
    return twin === null ? [] : [{ photoId: one.photo.id, setId: searchable.set.id, ...twin }];
  });
}

function matchesOf(photo: HashedPhoto, { set, index, ids }: SearchableSet): Matched[] {
  const hash = parseHash(photo.perceptualHash);
  const near = [...index.allWithin(hash, set.distance)].map((position) => ({
    pictureId: ids[position] ?? -1,
    distance: index.distanceTo(position, hash),
  }));
  return near.length === 0 ? [] : [{ photo, near }];
}

/**
 * The twin among the matching pictures. It is the one with the same bytes, else the nearest one that the finer hash
 * confirms, else the nearest one whose finer hash is unknown. Null if the finer hash refutes all of them.
 */
function twinOf(
  { photo, near }: Matched,
  marks: ReadonlyMap<number, ReferenceMarks>,
  fineHash: FineHash | null,
): (Match & { readonly isConfirmed: boolean }) | null {
  const nearestFirst = near.toSorted((a, b) => a.distance - b.distance);
  const ofReference = ({ pictureId }: Match): FineHash | null => marks.get(pictureId)?.fineHash ?? null;
  const isKnown = (match: Match): boolean => fineHash !== null && ofReference(match) !== null;
  const sameBytes = near.find(({ pictureId }) => marks.get(pictureId)?.sha256 === photo.sha256);
  const confirmed = sameBytes ?? nearestFirst.find((match) => isKnown(match) && confirms(fineHash, ofReference(match)));
  if (confirmed !== undefined) return { ...confirmed, isConfirmed: true };
  const unconfirmed = nearestFirst.find((match) => !isKnown(match));
  return unconfirmed === undefined ? null : { ...unconfirmed, isConfirmed: false };
}
