export interface ModelAnswer {
  readonly confidence: number;
  readonly isCorrect: boolean;
}

/**
 * Answers counted by confidence. The three lists have one entry for each distinct confidence, lowest first; an entry may have 0
 * photos. Photos of equal confidence have no order, so each counts with the mean correctness of its entry. Therefore no metric
 * depends on the order of the photos. (Upstream sorts ties with an unstable sort, so its numbers depend on the order of files.)
 */
export interface Ranking {
  readonly confidence: Float64Array;
  readonly photos: Float64Array;
  readonly correct: Float64Array;
}

/** @throws RangeError if a confidence is not a number from 0 to 1 */
export function rankingOf(answers: readonly ModelAnswer[]): Ranking {
  const confidence = distinct(answers);
  const placeOf = new Map(Array.from(confidence, (value, place) => [value, place]));
  const [photos, correct] = [new Float64Array(confidence.length), new Float64Array(confidence.length)];
  for (const one of answers) countAnswer({ photos, correct }, placeOf.get(one.confidence) ?? 0, one.isCorrect);
  return { confidence, photos, correct };
}

export function countAnswer(
  { photos, correct }: Pick<Ranking, 'photos' | 'correct'>,
  place: number,
  isCorrect: boolean,
): void {
  photos[place] = (photos[place] ?? 0) + 1;
  if (isCorrect) correct[place] = (correct[place] ?? 0) + 1;
}

export function photosOf({ photos }: Ranking): number {
  return photos.reduce((sum, count) => sum + count, 0);
}

function distinct(answers: readonly ModelAnswer[]): Float64Array {
  const values = new Set(answers.map(({ confidence }) => checkConfidence(confidence)));
  return Float64Array.from(values).toSorted();
}

export function checkConfidence(value: number): number {
  if (value >= 0 && value <= 1) return value;
  throw new RangeError(`Expected confidences from 0 to 1 but received ${value}. Compute them with softmax.`);
}
