import type { FeatureMatrix } from './metrics/frechet.ts';

/** The vectors of some photos as the rows of a matrix. All have the same length. */
export function matrixOf(vectors: readonly Float32Array[]): FeatureMatrix {
  const columns = vectors[0]?.length ?? 0;
  const values = new Float32Array(vectors.length * columns);
  for (const [row, vector] of vectors.entries()) values.set(vector, row * columns);
  return { rows: vectors.length, columns, values };
}
