import { countOf, countText } from '../../../core/kernel/texts.ts';
import type { ReportedPower } from '../report.ts';

/** One line: what the set can show of two models, and what larger sets could. */
export function powerText(power: ReportedPower): string {
  if ('reason' in power)
    return `We cannot say how many photos would show a difference between two models. ${power.reason}`;
  const { photos, detectable, photosFor } = power;
  const found =
    detectable === null
      ? 'no difference of two models in 80 of 100 sets'
      : `a difference of two models of ${(100 * detectable).toFixed(1)} points or more in 80 of 100 sets`;
  const needs = Object.entries(photosFor).map(
    ([points, needed]) => `for ${points}: ${needed === null ? 'more than a million' : countText(needed)}`,
  );
  return `A paired test on ${countOf(photos, 'photo')} finds ${found}. Photos needed for a difference in points: ${needs.join('; ')}.`;
}
