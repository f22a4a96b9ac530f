import type { CurvePoint } from '../evaluation.ts';
import { type Answer, meanOf, rankAnswers } from './answer.ts';
import { thin } from './thin.ts';

/**
 * Area under the response rate accuracy curve (AURRA). A model that answers only the k photos of which it is most confident
 * has accuracy a_k at response rate k/n. AURRA is the mean of a_1 to a_n. A confidence without information gives the accuracy.
 *
 * Photos of equal confidence count with their mean correctness (`rankAnswers`), which is the mean of AURRA over all their
 * orders.
 * Source: Hendrycks et al., "Natural Adversarial Examples" (2021), section 4 and upstream's `aurra`.
 *
 * @returns 0..1; null without photos
 * @throws RangeError if a confidence is not a number from 0 to 1
 */
export function aurra(answers: readonly Answer[]): number | null {
  return answers.length === 0 ? null : meanOf(allPoints(answers), ({ y }) => y);
}

/**
 * The curve that AURRA is the area of, from the most confident photo to all photos.
 *
 * @returns at most 201 points (x: response rate, y: accuracy, both 0..1), x ascending to 1; none without photos
 * @throws RangeError if a confidence is not a number from 0 to 1
 */
export function responseRateCurve(answers: readonly Answer[]): CurvePoint[] {
  return thin(allPoints(answers));
}

function allPoints(answers: readonly Answer[]): CurvePoint[] {
  let correct = 0;
  return rankAnswers(answers)
    .toReversed()
    .map((answer, i) => {
      correct += answer.correct;
      return { x: (i + 1) / answers.length, y: correct / (i + 1) };
    });
}
