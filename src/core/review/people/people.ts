import type { ReviewEvent } from '../events/event.ts';
import type { Review } from '../events/verdict.ts';

/** `winnow reviewers --json`. Shares are fractions, 0..1; null without photos. */
export interface ReviewerLine {
  readonly reviewer: string;
  /** Photos with a verdict of the reviewer. */
  readonly photos: number;
  /** The sum of the gaps of at most a minute between two actions of the reviewer. Longer ones are pauses. */
  readonly hours: number;
  readonly accepted: number;
  readonly acceptanceRate: number | null;
  /** Photos on which the reviewer gave one of the first two blind verdicts. */
  readonly secondPassPhotos: number;
  /** The share of them with equal verdicts. */
  readonly agreement: number | null;
}

interface ReviewedBy {
  readonly reviews: readonly Pick<Review, 'reviewer' | 'verdict' | 'blindVerdict'>[];
  readonly events: readonly Pick<ReviewEvent, 'reviewer' | 'kind' | 'at'>[];
}

interface Counts {
  readonly timesMs: number[];
  photos: number;
  accepted: number;
  second: number;
  equal: number;
}

const LONGEST_GAP_MS = 60_000;
const HOUR_MS = 3_600_000;

/** Counts what each reviewer did, photo by photo. */
export class People {
  readonly #counts = new Map<string, Counts>();

  add({ reviews, events }: ReviewedBy): void {
    // Imported verdicts were given elsewhere, at times that nobody measured.
    for (const { reviewer, kind, at } of events) if (kind !== 'import') this.#of(reviewer).timesMs.push(Date.parse(at));
    for (const { reviewer, verdict } of reviews) {
      const counts = this.#of(reviewer);
      counts.photos += 1;
      if (verdict === 'accept') counts.accepted += 1;
    }
    const [one, other] = reviews.filter(({ blindVerdict }) => blindVerdict !== null);
    if (one === undefined || other === undefined) return;
    for (const { reviewer } of [one, other]) {
      const counts = this.#of(reviewer);
      counts.second += 1;
      if (one.blindVerdict === other.blindVerdict) counts.equal += 1;
    }
  }

  /** The busiest first. */
  lines(): ReviewerLine[] {
    return [...this.#counts]
      .map(([reviewer, { timesMs, photos, accepted, second, equal }]) => ({
        reviewer,
        photos,
        hours: workedMs(timesMs) / HOUR_MS,
        accepted,
        acceptanceRate: photos === 0 ? null : accepted / photos,
        secondPassPhotos: second,
        agreement: second === 0 ? null : equal / second,
      }))
      .toSorted((a, b) => b.photos - a.photos || (a.reviewer < b.reviewer ? -1 : 1));
  }

  #of(reviewer: string): Counts {
    const counts = this.#counts.get(reviewer) ?? { timesMs: [], photos: 0, accepted: 0, second: 0, equal: 0 };
    this.#counts.set(reviewer, counts);
    return counts;
  }
}

function workedMs(timesMs: readonly number[]): number {
  const sorted = timesMs.toSorted((a, b) => a - b);
  return sorted.reduce((sum, time, i) => {
    const gap = time - (sorted[i - 1] ?? time);
    return gap > LONGEST_GAP_MS ? sum : sum + gap;
  }, 0);
}
