import type { Answered } from './logits/answer.ts';

/** For the centre crop of one photo (section 4 of the paper: Resize, CenterCrop, logits masked to `among`). */
export interface Prediction extends Answered {
  /** Position of the class that the photo shows; null in mode O, where it shows none of them. */
  readonly truth: number | null;
  /** Positions of further classes that the photo clearly shows, if any. */
  readonly also?: readonly number[];
}

export function isCorrect({ predicted, truth }: Prediction): boolean {
  return predicted === truth;
}
