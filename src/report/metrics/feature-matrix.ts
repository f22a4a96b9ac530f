/** Features of photos, a photo a row. */
export interface FeatureMatrix {
  /** Photos, at least 2. */
  readonly rows: number;
  /** Length of a feature vector. */
  readonly columns: number;
  /** rows · columns numbers, one row after the other. */
  readonly values: Float64Array | Float32Array;
}
