export interface Interval {
  readonly low: number;
  readonly high: number;
}

const Z = 1.959_963_984_540_054;

/**
 * Wilson's 95 % score interval of a share, without continuity correction: (p + z²/2n ± z·sqrt(p(1 - p)/n + z²/4n²)) /
 * (1 + z²/n) with p = successes / n; null without a trial. Source: E. B. Wilson, "Probable inference, the law of
 * succession, and statistical inference", JASA 22 (1927), 209-212.
 * @throws RangeError unless 0 <= successes <= trials are whole numbers
 */
export function wilsonInterval(successes: number, trials: number): Interval | null {
  if (!Number.isSafeInteger(trials) || trials < 0) {
    throw new RangeError(`Expected a whole number of trials, 0 or more, but received ${trials}.`);
  }
  if (!Number.isSafeInteger(successes) || successes < 0 || successes > trials) {
    throw new RangeError(`Expected 0 to ${trials} successes but received ${successes}.`);
  }
  if (trials === 0) return null;
  return scoreInterval(successes / trials, trials, Z);
}

/** Wilson's interval of a share of `size` trials, which may be a fraction: those of a design that are worth as much as independent ones. */
export function scoreInterval(share: number, size: number, quantile: number): Interval {
  const squared = quantile ** 2 / size;
  const centre = share + squared / 2;
  const half = Math.sqrt(squared * (share * (1 - share) + squared / 4));
  return {
    low: share === 0 ? 0 : (centre - half) / (1 + squared),
    high: share === 1 ? 1 : (centre + half) / (1 + squared),
  };
}
