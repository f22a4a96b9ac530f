import type { CurvePoint } from '../evaluation.ts';
import { photosOf, type Ranking } from './answer.ts';
import { thin } from './thin.ts';

/**
 * Area under the response rate accuracy curve (AURRA), 0..1; null if no answer is right, because 0 would look measured. A model that answers only the k
 * photos that it is most confident about has accuracy a_k at response rate k/n. AURRA is the mean of a_1 to a_n. Photos
 * of equal confidence count with their mean correctness, which gives the mean of AURRA over all their orders. Source:
 * Hendrycks et al., "Natural Adversarial Examples" (2021), section 4 and upstream's `aurra`.
 */
export function aurra(ranking: Ranking): number | null {
  let [photos, sum] = [0, 0];
  for (const accuracy of accuracies(ranking)) {
    photos += 1;
    sum += accuracy;
  }
  return sum === 0 ? null : sum / photos;
}

/** At most 201 points (x: response rate, y: accuracy, both 0..1) from the most confident photo to all photos. */
export function responseRateCurve(ranking: Ranking): CurvePoint[] {
  const photos = photosOf(ranking);
  return thin(Array.from(accuracies(ranking), (y, i) => ({ x: (i + 1) / photos, y })));
}

function* accuracies(ranking: Ranking): Generator<number> {
  let [answered, correct] = [0, 0];
  for (let place = ranking.photos.length - 1; place >= 0; place -= 1) {
    const photos = ranking.photos[place] ?? 0;
    const mean = (ranking.correct[place] ?? 0) / photos;
    for (let i = 0; i < photos; i += 1) {
      correct += mean;
      answered += 1;
      yield correct / answered;
    }
  }
}
