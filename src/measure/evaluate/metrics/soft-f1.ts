import type { Ranking } from './answer.ts';

/**
 * Soft F1 of finding the model's errors by its lack of confidence. With confidence c and correctness y (1 or 0):
 * 2·sum((1 - c)(1 - y)) / sum((1 - c) + (1 - y)). Source: upstream's `soft_f1` in `calibration_tools.py`.
 * @returns 0..1; null without photos, or if all answers are correct with confidence 1
 */
export function softF1({ confidence, photos, correct }: Ranking): number | null {
  let [both, either] = [0, 0];
  for (let place = 0; place < photos.length; place += 1) {
    const doubt = 1 - (confidence[place] ?? 0);
    const errors = (photos[place] ?? 0) - (correct[place] ?? 0);
    both += doubt * errors;
    either += doubt * (photos[place] ?? 0) + errors;
  }
  return either === 0 ? null : (2 * both) / either;
}
