import { countOf } from '../../core/kernel/texts.ts';
import { hasFewCreators, powerOf, type PairDesign } from '../evaluate/metrics/power.ts';
import type { ReportedPower } from './report.ts';

/** @param points further differences, in points, that photos are counted for */
export function powerOrReason(design: PairDesign, photos: number, points?: readonly number[]): ReportedPower {
  if (!hasFewCreators(design, photos)) return powerOf(design, photos, points);
  const { photosPerCreator } = design;
  const are = photosPerCreator === null ? 'are too few' : `count as ${(photos / photosPerCreator).toFixed(1)} creators`;
  return { reason: `${countOf(photos, 'photo')} ${are}. The test needs 5 or more.` };
}
