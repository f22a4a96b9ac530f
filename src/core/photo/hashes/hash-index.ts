import { countOnes, type ParsedHash } from './perceptual-hash.ts';

/**
 * 64-bit hashes in the order in which they were added. Searches by Hamming distance are exact and use multi-index
 * hashing.
 *
 * A hash is cut into four chunks of 16 bits, and each chunk has a table from its value to the hashes that have it. Two
 * hashes that differ in at most d bits cannot differ in more than floor(d / 4) bits in every chunk, so looking up the
 * values near each of the four chunks finds them all. More narrowly, with d = 4 r + a, it suffices to look r bits far
 * in a + 1 of the tables and r - 1 bits far in the others: a hash that none of these finds differs in at least (a +
 * 1)(r + 1) + (3 - a) r = d + 1 bits. Source: M. Norouzi, A. Punjani, D. J. Fleet, "Fast Exact Search in Hamming Space
 * with Multi-Index Hashing", 2014, section 3.
 *
 * If there are few hashes, or the distance is great, all hashes are scanned instead, with the same results. The index
 * takes about 40 bytes for each hash, plus a megabyte.
 */
export class HashIndex {
  /** Two words for each hash: its first and its last 32 bits. */
  #words = new Int32Array(2 * FIRST_CAPACITY);
  #length = 0;
  #tables: ChunkTables | null = null;

  get length(): number {
    return this.#length;
  }

  add({ hi, lo }: ParsedHash): void {
    if (2 * this.#length === this.#words.length) this.#words = grown(this.#words);
    this.#words[2 * this.#length] = hi;
    this.#words[2 * this.#length + 1] = lo;
    this.#length += 1;
    if (this.#tables !== null) this.#tables.add(this.#words, this.#length - 1);
  }

  /** Position (0 = added first) of the earliest hash within `maxDistance` bits that `isMatch` accepts, or -1. */
  firstWithin(sought: ParsedHash, maxDistance: number, isMatch: (position: number) => boolean = anyMatch): number {
    const tables = this.#tablesFor(maxDistance);
    if (tables === null) return this.#scanFirst(sought, maxDistance, isMatch);
    const count = tables.search(this.#words, sought, maxDistance);
    let first = -1;
    for (let i = 0; i < count; i += 1) {
      const position = tables.found[i] ?? -1;
      if ((first === -1 || position < first) && isMatch(position)) first = position;
    }
    return first;
  }

  /** Positions of all hashes at most `maxDistance` bits (0..64) away, ascending. */
  allWithin(sought: ParsedHash, maxDistance: number): Int32Array {
    const found: number[] = [];
    const collect = (position: number): boolean => {
      found.push(position);
      return false;
    };
    this.firstWithin(sought, maxDistance, collect);
    return Int32Array.from(found).toSorted();
  }

  /** Number of bits, 0..64, in which the hash at a position differs from the given one. */
  distanceTo(position: number, { hi, lo }: ParsedHash): number {
    return countOnes((this.#words[2 * position] ?? 0) ^ hi) + countOnes((this.#words[2 * position + 1] ?? 0) ^ lo);
  }

  /** The tables, built once they make a search faster; null while a scan is quicker. */
  #tablesFor(maxDistance: number): ChunkTables | null {
    if (this.#length < TABLES_FROM_LENGTH || lookUpsFor(maxDistance) * LOOK_UP_COST > this.#length) return null;
    if (this.#tables === null) {
      this.#tables = new ChunkTables();
      for (let position = 0; position < this.#length; position += 1) this.#tables.add(this.#words, position);
    }
    return this.#tables;
  }

  #scanFirst({ hi, lo }: ParsedHash, maxDistance: number, isMatch: (position: number) => boolean): number {
    const words = this.#words;
    const end = 2 * this.#length;
    // A shortlist spends its time in this loop. It calls back for matches only, creates no object, and looks at the low
    // half only if the high half is close.
    for (let i = 0; i < end; i += 2) {
      const highDistance = countOnes((words[i] ?? 0) ^ hi);
      if (highDistance > maxDistance || highDistance + countOnes((words[i + 1] ?? 0) ^ lo) > maxDistance) continue;
      if (isMatch(i >>> 1)) return i >>> 1;
    }
    return -1;
  }
}

const anyMatch = (): boolean => true;
const FIRST_CAPACITY = 64;
/** Up to this length, scanning everything takes a few microseconds. */
const TABLES_FROM_LENGTH = 2_000;
/** Cost of one table look-up, in scanned hashes. Measured: about 4. */
const LOOK_UP_COST = 4;

const CHUNKS = 4;
const CHUNK_BITS = 16;
const CHUNK_VALUES = 2 ** CHUNK_BITS;
/** Above this radius a scan is quicker at any length that fits in memory. */
const MAX_RADIUS = 4;

/** Made when first needed: all of them take 10 to 20 milliseconds, and most commands search for nothing. */
const madeMasks: Uint16Array[] = [];

/** Masks to XOR with a chunk's value, to reach all values at most `radius` bits away, nearest first. None for -1. */
function masksWithin(radius: number): Uint16Array {
  return (madeMasks[radius + 1] ??= Uint16Array.from(
    Array.from({ length: CHUNK_VALUES }, (_, mask) => mask)
      .filter((mask) => countOnes(mask) <= radius)
      .toSorted((a, b) => countOnes(a) - countOnes(b) || a - b),
  ));
}

/** Search radius in a chunk's table, in bits; -1 to skip the table. */
function radiusOf(chunk: number, maxDistance: number): number {
  const radius = Math.floor(maxDistance / CHUNKS);
  return chunk <= maxDistance % CHUNKS ? radius : radius - 1;
}

function lookUpsFor(maxDistance: number): number {
  let lookUps = 0;
  for (let chunk = 0; chunk < CHUNKS; chunk += 1) {
    const radius = radiusOf(chunk, maxDistance);
    if (radius > MAX_RADIUS) return Number.POSITIVE_INFINITY;
    lookUps += masksWithin(radius).length;
  }
  return lookUps;
}

/** For each chunk and each value, a list of the positions whose hashes have that value there. */
class ChunkTables {
  /** Result of the last search: positions, each once. */
  found = new Int32Array(FIRST_CAPACITY);
  /** First position of the list of a value, plus one; 0: the list is empty. `CHUNK_VALUES` entries for each chunk. */
  readonly #heads = new Int32Array(CHUNKS * CHUNK_VALUES);
  /** Next position in the list, plus one; 0: none. `CHUNKS` entries for each position. */
  #nexts = new Int32Array(CHUNKS * FIRST_CAPACITY);
  #sought: ParsedHash = { hi: 0, lo: 0 };
  #maxDistance = 0;
  #count = 0;

  add(words: Int32Array, position: number): void {
    while (CHUNKS * (position + 1) > this.#nexts.length) this.#nexts = grown(this.#nexts);
    for (let chunk = 0; chunk < CHUNKS; chunk += 1) {
      const word = words[2 * position + (chunk >>> 1)] ?? 0;
      const head = chunk * CHUNK_VALUES + ((chunk & 1) === 0 ? word >>> CHUNK_BITS : word & 0xff_ff);
      this.#nexts[CHUNKS * position + chunk] = this.#heads[head] ?? 0;
      this.#heads[head] = position + 1;
    }
  }

  /** Fills `found` in no particular order. @returns the number of positions */
  search(words: Int32Array, sought: ParsedHash, maxDistance: number): number {
    const { hi, lo } = sought;
    const heads = this.#heads;
    const values = [hi >>> CHUNK_BITS, hi & 0xff_ff, lo >>> CHUNK_BITS, lo & 0xff_ff];
    this.#sought = sought;
    this.#maxDistance = maxDistance;
    this.#count = 0;
    for (let chunk = 0; chunk < CHUNKS; chunk += 1) {
      const masks = masksWithin(radiusOf(chunk, maxDistance));
      const value = values[chunk] ?? 0;
      for (let i = 0; i < masks.length; i += 1) {
        const head = heads[chunk * CHUNK_VALUES + (value ^ (masks[i] ?? 0))] ?? 0;
        if (head !== 0) this.#follow(words, chunk, head);
      }
    }
    return this.#count;
  }

  #follow(words: Int32Array, chunk: number, head: number): void {
    const nexts = this.#nexts;
    const { hi, lo } = this.#sought;
    const maxDistance = this.#maxDistance;
    for (let entry = head; entry !== 0; entry = nexts[CHUNKS * (entry - 1) + chunk] ?? 0) {
      const high = (words[2 * entry - 2] ?? 0) ^ hi;
      const highDistance = countOnes(high);
      if (highDistance > maxDistance) continue;
      const low = (words[2 * entry - 1] ?? 0) ^ lo;
      if (highDistance + countOnes(low) > maxDistance || wasFound(high, low, { chunk, maxDistance })) continue;
      if (this.#count === this.found.length) this.found = grown(this.found);
      this.found[this.#count] = entry - 1;
      this.#count += 1;
    }
  }
}

/** True if the table of an earlier chunk has found the hash. `high` and `low` are the bits that differ. */
function wasFound(high: number, low: number, at: { readonly chunk: number; readonly maxDistance: number }): boolean {
  const parts = [high >>> CHUNK_BITS, high & 0xff_ff, low >>> CHUNK_BITS];
  for (let chunk = 0; chunk < at.chunk; chunk += 1) {
    if (countOnes(parts[chunk] ?? 0) <= radiusOf(chunk, at.maxDistance)) return true;
  }
  return false;
}

function grown(values: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(values.length * 2);
  larger.set(values);
  return larger;
}
