/** Unit vectors in the order in which they were added, searched from the first by cosine similarity. */
export class CosineList {
  readonly #vectors: (Float32Array | null)[] = [];

  /** Null for a photo without features: it has a place, and is like nothing. */
  add(vector: Float32Array | null): void {
    this.#vectors.push(vector);
  }

  /** Position (0 = added first) of the earliest vector whose cosine similarity is at least `least`, or -1. */
  firstAtLeast(sought: Float32Array, least: number): number {
    return this.#vectors.findIndex((vector) => vector !== null && dot(vector, sought) >= least);
  }
}

/** Summed up in one order, in double precision: the same everywhere. Vectors of different models are like nothing. */
function dot(a: Float32Array, b: Float32Array): number {
  if (a.length !== b.length) return -1;
  let sum = 0;
  for (let i = 0; i < a.length; i += 1) sum += (a[i] ?? 0) * (b[i] ?? 0);
  return sum;
}
