/** What a model answers for one photo. */
export interface Answer {
  /** The largest probability of softmax over the classes, 0..1. */
  readonly confidence: number;
  readonly isCorrect: boolean;
}

/** One photo in the order of confidence. */
export interface RankedAnswer {
  readonly confidence: number;
  /** 1 for a correct answer, 0 for a wrong one. Photos of equal confidence all have the mean of their group. */
  readonly correct: number;
}

/**
 * Sorts answers by confidence, lowest first. Photos of equal confidence have no order, so each gets the mean correctness of
 * its group. Therefore no metric depends on the order of the photos. (Upstream sorts ties with an unstable sort, so that its
 * numbers depend on the order of files.)
 *
 * @throws RangeError if a confidence is not a number from 0 to 1
 */
export function rankAnswers(answers: readonly Answer[]): RankedAnswer[] {
  const sorted = answers.toSorted((one, other) => one.confidence - other.confidence);
  const ranked: RankedAnswer[] = [];
  while (ranked.length < sorted.length) {
    const confidence = checkConfidence(sorted[ranked.length]?.confidence);
    let [end, correct] = [ranked.length, 0];
    while (sorted[end]?.confidence === confidence) {
      correct += sorted[end]?.isCorrect === true ? 1 : 0;
      end += 1;
    }
    const mean = correct / (end - ranked.length);
    while (ranked.length < end) ranked.push({ confidence, correct: mean });
  }
  return ranked;
}

/** @throws RangeError if the value is not a number from 0 to 1 */
export function checkConfidence(value: number | undefined): number {
  if (value !== undefined && value >= 0 && value <= 1) return value;
  throw new RangeError(`Expected confidences from 0 to 1 but received ${value}. Compute them with softmax.`);
}

/** The mean of `valueOf` over the items; NaN without items. */
export function meanOf<Item>(items: readonly Item[], valueOf: (item: Item) => number): number {
  return items.reduce((sum, item) => sum + valueOf(item), 0) / items.length;
}
