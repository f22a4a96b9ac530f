import { groupBy } from '../../kernel/group-by.ts';
import { LEAST_PEOPLE } from '../../kernel/human-accuracy.ts';
import type { Sha256 } from '../../kernel/ids.ts';
import { tQuantile } from '../../kernel/student-t.ts';
import { scoreInterval, type Interval } from '../../kernel/wilson.ts';

export interface Answer {
  readonly reviewer: string;
  readonly sha256: Sha256;
  readonly isRight: boolean;
}

/** A share of right answers, and its 95 % interval for two questions; null where too few photos or people answer one. */
export interface PooledShare {
  readonly photos: number;
  readonly share: number | null;
  readonly samePeople: Interval | null;
  readonly newPeople: Interval | null;
}

/**
 * The share of right answers on the photos that all people of these answers answered. Each interval is Wilson's with the effective number
 * of answers p (1 - p) / V, at most all of them, and the t quantile of G - 1 degrees of freedom (Dean and Pagano, "Evaluating
 * confidence interval methods for binomial proportions in clustered surveys", JSSAM 3 (2015), 484-503):
 *
 * - these people on new photos, from two people on: V is the variance of the mean over photos of the shares of each photo, G the photos;
 * - new people on new photos, from five people on: V = V(photos) + V(people) - V(answers) (Cameron, Gelbach and Miller, "Robust inference
 *   with multiway clustering", JBES 29 (2011), 238-249), G is the smaller of the numbers of photos and people.
 *
 * If all or no answers are right, V is 0 and says nothing about photos and people. Then each of the G counts as one answer.
 */
export function pooledShare(answers: readonly Answer[]): PooledShare {
  const people = new Set(answers.map(({ reviewer }) => reviewer)).size;
  const whole = [...groupBy(answers, ({ sha256 }) => sha256).values()].filter((own) => own.length === people).flat();
  const ofPhotos = sharesBy(whole, ({ sha256 }) => sha256);
  const photos = ofPhotos.length;
  if (photos === 0) return { photos, share: null, samePeople: null, newPeople: null };
  const share = whole.filter(({ isRight }) => isRight).length / whole.length;
  const spread = share * (1 - share);
  const intervalOf = (variance: number, clusters: number): Interval | null => {
    if (clusters < 2) return null;
    const effective = spread === 0 ? clusters : spread / Math.max(variance, spread / whole.length);
    return scoreInterval(share, effective, tQuantile(clusters - 1));
  };
  const byPhotos = varianceOfMean(ofPhotos);
  const byPeople = varianceOfMean(sharesBy(whole, ({ reviewer }) => reviewer));
  const both = byPhotos + byPeople - spread / (whole.length - 1);
  return {
    photos,
    share,
    samePeople: people < 2 ? null : intervalOf(byPhotos, photos),
    newPeople: people < LEAST_PEOPLE ? null : intervalOf(both, Math.min(photos, people)),
  };
}

function sharesBy(answers: readonly Answer[], keyOf: (answer: Answer) => string): number[] {
  return [...groupBy(answers, keyOf).values()].map((own) => own.filter(({ isRight }) => isRight).length / own.length);
}

function varianceOfMean(shares: readonly number[]): number {
  const count = shares.length;
  const mean = shares.reduce((sum, share) => sum + share, 0) / count;
  return shares.reduce((sum, share) => sum + (share - mean) ** 2, 0) / (count - 1) / count;
}
