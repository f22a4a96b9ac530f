/** A photo's features as they are stored: `values[i] * scale` are the numbers that the model gave. */
export interface StoredFeature {
  /** int16, little-endian. */
  readonly vector: Buffer;
  readonly scale: number;
}

const LARGEST = 32_767;

/** Rounding features to two bytes changes a cosine by less than 0.0001. @throws RangeError if a feature is not finite */
export function storedFeature(features: Float32Array): StoredFeature {
  const wrong = features.find((value) => !Number.isFinite(value));
  if (wrong !== undefined || features.length === 0)
    throw new RangeError(`Expected finite features from the model but received ${wrong ?? 'none'}`);
  const scale = Math.fround(Math.max(...features.map(Math.abs)) / LARGEST);
  const vector = Buffer.alloc(2 * features.length);
  for (const [i, value] of features.entries())
    vector.writeInt16LE(scale === 0 ? 0 : Math.max(-LARGEST, Math.min(LARGEST, Math.round(value / scale))), 2 * i);
  return { vector, scale };
}

/** The direction of a stored vector: length 1, or all zero. The dot product of two is their cosine similarity. */
export function unitVector(vector: Buffer): Float32Array {
  const values = Float64Array.from({ length: vector.length / 2 }, (_, i) => vector.readInt16LE(2 * i));
  const length = Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
  return Float32Array.from(values, (value) => (length === 0 ? 0 : value / length));
}
