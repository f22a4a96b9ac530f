import { tQuantile } from '../../../core/kernel/student-t.ts';
import { scoreInterval, type Interval } from '../../../core/kernel/wilson.ts';

/** Photos of the crawl that the filter, the cap or the target treated alike, and those of them that people judged. */
export interface Stratum {
  /** In words, such as `dropped as correct`. */
  readonly name: string;
  /** All photos of the stratum (N). */
  readonly photos: number;
  /** One for each photo that was drawn (n). */
  readonly drawn: readonly DrawnAnswer[];
}

export interface DrawnAnswer {
  /** People accept the photo for its class. */
  readonly isValid: boolean;
  /** The model's answer. */
  readonly isRight: boolean;
}

/** A share of the crawl, 0..1, with the ends of its 95 % interval; or why there is none. */
export type CrawlShare = (Interval & { readonly share: number }) | { readonly reason: string };

/** Estimates with fewer photos have no variance. */
const LEAST_DRAWN = 2;

/**
 * The accuracy of a model on the valid photos of a crawl: θ = Σ N·mean(valid·right) / Σ N·mean(valid) over the strata, the combined
 * ratio estimator of a stratified sample. With e = valid·(right - θ), its variance is V = Σ N²(1 - n/N)s²(e)/n / (Σ N·mean(valid))². The interval is
 * Wilson's, with θ(1 - θ)/V answers, and t with Satterthwaite's degrees of freedom. A stratum that was drawn whole adds no variance;
 * if all are, the share is known, and the interval has no width.
 * Sources: W. G. Cochran, "Sampling Techniques", 3rd ed., 1977, sections 5.4 and 6.11; E. L. Korn and B. I. Graubard, Survey Methodology 24 (1998).
 */
export function accuracyOnCrawl(strata: readonly Stratum[]): CrawlShare {
  return ratioOf(
    strata,
    ({ isValid }) => isValid,
    ({ isRight }) => isRight,
  );
}

/** The share of the crawl that people accept, by the same estimator. */
export function validShareOf(strata: readonly Stratum[]): CrawlShare {
  return ratioOf(
    strata,
    () => true,
    ({ isValid }) => isValid,
  );
}

type Test = (answer: DrawnAnswer) => boolean;

function ratioOf(strata: readonly Stratum[], counts: Test, holds: Test): CrawlShare {
  const filled = strata.filter(({ photos }) => photos > 0);
  const few = filled.find(({ photos, drawn }) => drawn.length < Math.min(photos, LEAST_DRAWN));
  if (few !== undefined) return { reason: `Fewer than ${LEAST_DRAWN} photos were drawn of those ${few.name}.` };
  const totalOf = (test: Test): number =>
    filled.reduce((sum, { photos, drawn }) => sum + (photos * drawn.filter(test).length) / drawn.length, 0);
  const counted = totalOf(counts);
  if (counted === 0) return { reason: 'No drawn photo is valid.' };
  const share = totalOf((answer) => counts(answer) && holds(answer)) / counted;
  const error = (answer: DrawnAnswer): number => (counts(answer) ? Number(holds(answer)) - share : 0);
  const parts = filled.map(({ photos, drawn }) => {
    const [size, errors] = [drawn.length, drawn.map(error)];
    // The squares of equal errors would not add up to 0, because their mean is rounded.
    if (size === photos || new Set(errors).size === 1) return { variance: 0, degrees: 1 };
    const mean = errors.reduce((sum, one) => sum + one, 0) / size;
    const squares = errors.reduce((sum, one) => sum + (one - mean) ** 2, 0) / (size - 1);
    return { variance: (photos ** 2 * (1 - size / photos) * squares) / size, degrees: size - 1 };
  });
  const total = parts.reduce((sum, { variance }) => sum + variance, 0);
  if (filled.every(({ photos, drawn }) => drawn.length === photos)) return { share, low: share, high: share };
  if (total === 0)
    return { reason: 'The drawn photos of each part say the same, so chance cannot be estimated. Draw more.' };
  const degrees = total ** 2 / parts.reduce((sum, { variance, degrees: own }) => sum + variance ** 2 / own, 0);
  const variance = total / counted ** 2;
  return { share, ...scoreInterval(share, (share * (1 - share)) / variance, tQuantile(degrees)) };
}
