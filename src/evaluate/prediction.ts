export interface Prediction {
  /** Position in the list of classes (`among`). */
  readonly predicted: number;
  readonly confidence: number;
  /** Position of the class that the photo shows; null in mode O, where it shows none of them. */
  readonly truth: number | null;
}

export function isCorrect({ predicted, truth }: Prediction): boolean {
  return predicted === truth;
}
