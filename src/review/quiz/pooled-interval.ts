import { groupBy } from '../../kernel/group-by.ts';
import { scoreInterval, type Interval } from '../../kernel/wilson.ts';
import type { Sha256 } from '../../kernel/ids.ts';

export interface Answer {
  readonly reviewer: string;
  readonly sha256: Sha256;
  readonly isRight: boolean;
}

/**
 * The 95 % interval of the share of right answers, over new photos and new people. The variance has photos and people as clusters:
 * V = V(photos) + V(people) - V(answers), with V(clusters) = G / (G - 1) * Σ (Σ residuals of a cluster)² / n² for G clusters (Cameron,
 * Gelbach and Miller, "Robust inference with multiway clustering", JBES 29 (2011), 238-249). The interval is Wilson's with the
 * effective number of answers p (1 - p) / V, at most n, and with the t quantile of the smaller number of clusters minus 1 (Dean and
 * Pagano, "Evaluating confidence interval methods for binomial proportions in clustered surveys", JSSAM 3 (2015), 484-503).
 * If all or no answers are right, V is 0 and says nothing about clusters. Then each photo counts as one answer.
 * Null with fewer than two people or two photos.
 */
export function pooledInterval(answers: readonly Answer[]): Interval | null {
  const n = answers.length;
  const share = answers.filter(({ isRight }) => isRight).length / n;
  const residualOf = ({ isRight }: Answer): number => (isRight ? 1 : 0) - share;
  const variance = (clusters: Iterable<readonly Answer[]>, count: number): number => {
    let sum = 0;
    for (const own of clusters) sum += own.reduce((total, answer) => total + residualOf(answer), 0) ** 2;
    return ((count / (count - 1)) * sum) / n ** 2;
  };
  const photos = groupBy(answers, ({ sha256 }) => sha256);
  const people = groupBy(answers, ({ reviewer }) => reviewer);
  const fewest = Math.min(photos.size, people.size);
  if (fewest < 2) return null;
  const single = answers.map((answer) => [answer]);
  const both = variance(photos.values(), photos.size) + variance(people.values(), people.size) - variance(single, n);
  const spread = share * (1 - share);
  const effective = spread === 0 ? photos.size : spread / Math.max(both, spread / n);
  return scoreInterval(share, effective, tQuantile(fewest - 1));
}

const STEPS = 100;

/** The t below which 97.5 % of Student's distribution lies, by bisection of the angle atan(t / sqrt(degrees)). */
export function tQuantile(degrees: number): number {
  let [low, high] = [0, Math.PI / 2];
  for (let step = 0; step < STEPS; step += 1) {
    const middle = (low + high) / 2;
    if (withinAngle(middle, degrees) < 0.95) low = middle;
    else high = middle;
  }
  return Math.sqrt(degrees) * Math.tan(low);
}

/** P(|T| <= t) for whole degrees of freedom. Source: Abramowitz and Stegun, "Handbook of Mathematical Functions", 26.7.3 and 26.7.4. */
function withinAngle(angle: number, degrees: number): number {
  const isOdd = degrees % 2 === 1;
  const cosine = Math.cos(angle);
  let term = isOdd ? cosine : 1;
  let sum = degrees === 1 ? 0 : term;
  for (let k = isOdd ? 3 : 2; k < degrees; k += 2) {
    term *= ((k - 1) / k) * cosine ** 2;
    sum += term;
  }
  const series = Math.sin(angle) * sum;
  return isOdd ? ((angle + series) * 2) / Math.PI : series;
}
