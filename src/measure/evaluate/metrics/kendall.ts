import { Percentiles } from '../../../core/kernel/percentiles.ts';
import type { WithInterval } from '../../charts/estimate.ts';
import { Draws, RESAMPLES } from './draws.ts';

/**
 * Kendall's tau-b of two rankings of the same things, -1..1: (concordant - discordant pairs) / sqrt((pairs - pairs tied in
 * a)(pairs - pairs tied in b)). Null if all are tied in one of them. Source: M. G. Kendall, "The treatment of ties in ranking
 * problems", Biometrika 33 (1945), 239-251.
 */
export function kendallTau(a: readonly number[], b: readonly number[]): number | null {
  let [sum, untiedA, untiedB] = [0, 0, 0];
  for (let i = 0; i < a.length; i += 1) {
    for (let j = 0; j < i; j += 1) {
      const signA = Math.sign((a[i] ?? 0) - (a[j] ?? 0));
      const signB = Math.sign((b[i] ?? 0) - (b[j] ?? 0));
      sum += signA * signB;
      untiedA += Math.abs(signA);
      untiedB += Math.abs(signB);
    }
  }
  return untiedA === 0 || untiedB === 0 ? null : sum / Math.sqrt(untiedA * untiedB);
}

/** For each photo of a sample, whether a model is right; null: it was not measured on the photo. */
export type Answers = readonly (boolean | null)[];

/** Lists of answers on the same photos in the same order. */
export type Sample = readonly Answers[];

export interface Rankings {
  /** The answers of each model on the set. */
  readonly onSet: Sample;
  /** The answers of each model that rank it second; null if those on the set do. */
  readonly own: readonly (Answers | null)[];
}

/** On fewer photos, chance orders the models. */
const LEAST_RANKED = 100;

export type RankAgreement = WithInterval<'kendallTau', number | null>;

/**
 * Tau-b of two rankings of models by accuracy, with its 95 % percentile bootstrap interval: 2,000 resamples of the photos of
 * the set, then of each model's own, all from one generator (`Draws`). Answers on the same photo stay together. A resample in
 * which tau is not defined does not count. All are null if both rankings are one, or if a model was measured on fewer than 100 photos.
 */
export function rankAgreement({ onSet, own }: Rankings): RankAgreement {
  const measured = [...onSet, ...own].map((answers) => answers?.filter((answer) => answer !== null).length ?? Infinity);
  if (own.length < 2 || own.every((answers) => answers === null) || Math.min(...measured) < LEAST_RANKED)
    return { kendallTau: null, kendallTauLow: null, kendallTauHigh: null };
  const tauOf = (draw: Draw): number | null => {
    const a = sharesOf(onSet, draw);
    const b = own.map((answers, i) => (answers === null ? a[i] : sharesOf([answers], draw)[0]) ?? Number.NaN);
    return [...a, ...b].some(Number.isNaN) ? null : kendallTau(a, b);
  };
  const draws = new Draws();
  const taus = new Percentiles();
  for (let i = 0; i < RESAMPLES; i += 1) taus.add(tauOf((_, photos) => draws.below(photos)));
  return { kendallTau: tauOf((at) => at), kendallTauLow: taus.at(0.025), kendallTauHigh: taus.at(0.975) };
}

type Draw = (at: number, photos: number) => number;

/** The accuracy of each list on the drawn photos; NaN without a measured one. */
function sharesOf(sample: Sample, draw: Draw): number[] {
  const photos = sample[0]?.length ?? 0;
  const [sums, seen] = [sample.map(() => 0), sample.map(() => 0)];
  for (let at = 0; at < photos; at += 1) {
    const drawn = draw(at, photos);
    for (const [list, answers] of sample.entries()) {
      const answer = answers[drawn] ?? null;
      if (answer === null) continue;
      sums[list] = (sums[list] ?? 0) + Number(answer);
      seen[list] = (seen[list] ?? 0) + 1;
    }
  }
  return sums.map((sum, list) => sum / (seen[list] ?? 0));
}
