import { Percentiles } from '../../kernel/percentiles.ts';
import { Draws, RESAMPLES } from './draws.ts';
import type { Sample } from './kendall.ts';
import { wilsonInterval, type Interval } from '../../kernel/wilson.ts';

/**
 * For each list of answers, the 95 % percentile interval of its accuracy from 2,000 resamples of whole clusters, such as the
 * photos of one creator, which may resemble each other. Each resample draws as many clusters as there are (`Draws`). The
 * accuracy of a resample is its right answers over its answers. If all answers are right, or none is, all resamples are alike;
 * then the interval is Wilson's of as many answers as there are clusters. Null for a list without answers. Source: A. C. Davison and D.
 * V. Hinkley, "Bootstrap Methods and their Application" (1997), section 3.8.
 * @param clusters for each photo its cluster, 0..clusters - 1
 */
export function clusterIntervals(sample: Sample, clusters: readonly number[]): (Interval | null)[] {
  const count = clusters.reduce((most, cluster) => Math.max(most, cluster + 1), 0);
  const sums = sample.map((answers) => {
    const [right, seen] = [new Float64Array(count), new Float64Array(count)];
    for (const [photo, cluster] of clusters.entries()) {
      const answer = answers[photo] ?? null;
      right[cluster] = (right[cluster] ?? 0) + Number(answer === true);
      seen[cluster] = (seen[cluster] ?? 0) + Number(answer !== null);
    }
    return { right, seen, shares: new Percentiles() };
  });
  const draws = new Draws();
  for (let i = 0; i < RESAMPLES; i += 1) {
    const drawn = Array.from({ length: count }, () => draws.below(count));
    for (const { right, seen, shares } of sums) {
      const [rights, all] = [right, seen].map((of) => drawn.reduce((sum, cluster) => sum + (of[cluster] ?? 0), 0));
      shares.add(all ? (rights ?? 0) / all : null);
    }
  }
  return sums.map(({ right, seen, shares }) => {
    const [low, high] = [shares.at(0.025), shares.at(0.975)];
    if (low === null || high === null) return null;
    const answered = seen.filter((answers) => answers > 0).length;
    if (right.every((answers) => answers === 0)) return wilsonInterval(0, answered);
    return right.every((answers, i) => answers === seen[i]) ? wilsonInterval(answered, answered) : { low, high };
  });
}
