/** Unit vectors in the order in which they were added. A search by cosine similarity starts with the first. */
export class CosineList {
  readonly #vectors: (Float32Array | null)[] = [];

  /** Null for a photo without features: it takes a position, but matches nothing. */
  add(vector: Float32Array | null): void {
    this.#vectors.push(vector);
  }

  /** Position (0 = added first) of the earliest vector whose cosine similarity is at least `least`, or -1. */
  firstAtLeast(sought: Float32Array, least: number): number {
    return this.#vectors.findIndex((vector) => vector !== null && dot(vector, sought) >= least);
  }
}

/**
 * Summed in a fixed order, in double precision: the result is the same on every machine. Vectors of different models
 * never match.
 */
function dot(a: Float32Array, b: Float32Array): number {
  if (a.length !== b.length) return -1;
  let sum = 0;
  for (let i = 0; i < a.length; i += 1) sum += (a[i] ?? 0) * (b[i] ?? 0);
  return sum;
}
