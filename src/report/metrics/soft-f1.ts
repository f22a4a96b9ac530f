import { type Answer, checkConfidence } from './answer.ts';

/**
 * Soft F1 of finding the model's errors by its lack of confidence. With confidence c and correctness y (1 or 0):
 * 2·sum((1 - c)(1 - y)) / sum((1 - c) + (1 - y)).
 * Source: upstream's `soft_f1` in `calibration_tools.py`.
 *
 * @returns 0..1, 1 if every error has confidence 0 and every correct answer 1; null without photos, or if all answers are
 * correct with confidence 1
 * @throws RangeError if a confidence is not a number from 0 to 1
 */
export function softF1(answers: readonly Answer[]): number | null {
  let [both, either] = [0, 0];
  for (const { confidence, isCorrect } of answers) {
    const doubt = 1 - checkConfidence(confidence);
    const error = isCorrect ? 0 : 1;
    both += doubt * error;
    either += doubt + error;
  }
  return either === 0 ? null : (2 * both) / either;
}
