import { Percentiles } from '../../kernel/percentiles.ts';
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

/** Where the answers of a model are. */
export type Place = readonly [sample: number, list: number];

export interface Rankings {
  readonly samples: readonly Sample[];
  /** For each model, the answers that rank it first and second; they may be the same. */
  readonly models: readonly { readonly a: Place; readonly b: Place }[];
}

export interface RankAgreement {
  readonly kendallTau: number | null;
  readonly kendallTauLow: number | null;
  readonly kendallTauHigh: number | null;
}

/**
 * Tau-b of two rankings of models by accuracy, with its 95 % percentile bootstrap interval: 2,000 resamples of the photos of
 * each sample, one sample after the other from one generator (`Draws`). Answers on the same photo stay together. A resample
 * in which tau is not defined does not count.
 */
export function rankAgreement({ samples, models }: Rankings): RankAgreement {
  if (models.length < 2) return { kendallTau: null, kendallTauLow: null, kendallTauHigh: null };
  const tauOf = (shares: readonly (readonly number[])[]): number | null => {
    const [a, b] = (['a', 'b'] as const).map((which) =>
      models.map(({ [which]: [sample, list] }) => shares[sample]?.[list] ?? Number.NaN),
    );
    return a === undefined || b === undefined || [...a, ...b].some(Number.isNaN) ? null : kendallTau(a, b);
  };
  const draws = new Draws();
  const taus = new Percentiles();
  const packed = samples.map(packedOf);
  for (let i = 0; i < RESAMPLES; i += 1)
    taus.add(tauOf(packed.map((sample) => sharesOf(sample, () => draws.below(sample.photos)))));
  const kendall = tauOf(packed.map((sample) => sharesOf(sample, (at) => at)));
  return { kendallTau: kendall, kendallTauLow: taus.at(0.025), kendallTauHigh: taus.at(0.975) };
}

interface Packed {
  readonly photos: number;
  readonly lists: number;
  /** For each photo, then each list: 1 right, 0 wrong, -1 not measured. */
  readonly right: Int8Array;
}

function packedOf(sample: Sample): Packed {
  const photos = sample[0]?.length ?? 0;
  const right = new Int8Array(photos * sample.length);
  for (const [list, answers] of sample.entries())
    for (const [photo, answer] of answers.entries())
      right[photo * sample.length + list] = answer === null ? -1 : Number(answer);
  return { photos, lists: sample.length, right };
}

/** The accuracy of each list on the drawn photos; NaN without a measured one. */
function sharesOf({ photos, lists, right }: Packed, draw: (at: number) => number): number[] {
  const [sums, seen] = [new Float64Array(lists), new Float64Array(lists)];
  for (let at = 0; at < photos; at += 1) {
    const first = draw(at) * lists;
    for (let list = 0; list < lists; list += 1) {
      const answer = right[first + list] ?? -1;
      if (answer < 0) continue;
      sums[list] = (sums[list] ?? 0) + answer;
      seen[list] = (seen[list] ?? 0) + 1;
    }
  }
  return Array.from(sums, (sum, list) => sum / (seen[list] ?? 0));
}
