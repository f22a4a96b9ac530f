import type { Kysely } from 'kysely';
import type { Database } from '../platform/postgres/database.ts';
import { confirms, type FineHash } from './hashes/fine-hash.ts';
import { HashIndex } from './hashes/hash-index.ts';
import { parseHash } from './hashes/perceptual-hash.ts';
import { readFineHashes } from './photo.repository.ts';
import {
  completeSets,
  marksOfReferences,
  referenceHashes,
  type HashedPhoto,
  type Leak,
  type ReferenceMarks,
  type ReferenceSet,
} from './reference-set.repository.ts';

interface SearchableSet {
  readonly set: ReferenceSet;
  readonly index: HashIndex;
  readonly ids: readonly number[];
}

/** The 64-bit hashes propose matches, and are loaded when needed or changed. The finer hash confirms them. */
export class LeakFinder {
  #sets: readonly SearchableSet[] = [];
  #state = '[]';

  async find(db: Kysely<Database>, photos: readonly HashedPhoto[]): Promise<Leak[]> {
    await this.#refresh(db);
    const leaks: Leak[] = [];
    for (const searchable of this.#sets) leaks.push(...(await leaksIn(db, searchable, photos)));
    return leaks;
  }

  async #refresh(db: Kysely<Database>): Promise<void> {
    const sets = await completeSets(db, 'leaks');
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
  searchable: SearchableSet,
  photos: readonly HashedPhoto[],
): Promise<Leak[]> {
  const matched = photos.flatMap((photo) => matchesOf(photo, searchable));
  if (matched.length === 0) return [];
  const marks = await marksOfReferences(
    db,
    matched.flatMap(({ near }) => near.map(({ pictureId }) => pictureId)),
  );
  const fineHashes = await readFineHashes(
    db,
    matched.map(({ photo }) => photo.sha256),
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

/** The picture of the same bytes, else the nearest that the finer hash confirms, else null. */
function twinOf(
  { photo, near }: Matched,
  marks: ReadonlyMap<number, ReferenceMarks>,
  fineHash: FineHash | null,
): Match | null {
  const ofReference = ({ pictureId }: Match): FineHash | null => marks.get(pictureId)?.fineHash ?? null;
  return (
    near.find(({ pictureId }) => marks.get(pictureId)?.sha256 === photo.sha256) ??
    near.toSorted((a, b) => a.distance - b.distance).find((match) => confirms(fineHash, ofReference(match))) ??
    null
  );
}
