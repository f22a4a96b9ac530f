import type { VerdictPair } from '../review/agreement.ts';
import { wilsonInterval } from './metrics/wilson.ts';
import type { LabelNoise } from './report.ts';

/** What both reviewers were asked. */
const QUESTIONS = {
  A: 'Is it a photograph of sufficient quality that shows its class, and no other?',
  O: 'Is none of the classes visible?',
} as const;

/**
 * Estimates how many photos of a set that one person selected are wrong. The second pass is a random sample, so the share on
 * it stands for all. A photo of which the second reviewer is unsure is not counted as wrong, but on its own. A published audit found 19.5 % of ImageNet-O in the distribution.
 *
 * @param pairs the blind verdicts of both passes, of photos in any state
 */
export function labelNoiseOf(pairs: readonly VerdictPair[], mode: 'A' | 'O'): LabelNoise {
  const accepted = pairs.filter(([first]) => first === 'accept');
  const count = (verdict: VerdictPair[1]): number => accepted.filter(([, second]) => second === verdict).length;
  const [wrong, unsure] = [count('reject'), count('unsure')];
  const { length: photos } = accepted;
  const { low, high } = wilsonInterval(wrong, photos) ?? { low: null, high: null };
  return { question: QUESTIONS[mode], photos, wrong, unsure, share: photos === 0 ? null : wrong / photos, low, high };
}
