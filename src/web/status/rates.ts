import type { PausableStage } from '../../core/collection/pause.ts';
import { sumOf } from '../../core/status/funnel.ts';
import { groupBy } from '../../core/kernel/group-by.ts';
import type { CollectionOverview } from './overview.process.ts';

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;
/** The rate of the moment is that of this many milliseconds: shorter ones jump about. */
const NOW_MS = 10_000;

export interface Rate {
  /** Photos a second just now; null before there are two readings. */
  readonly perSecond: number | null;
  /** Photos a second in each minute of the last hour, oldest first. Minutes before the first reading are left out. */
  readonly lastHour: readonly number[];
  /** Photos that were done, and photos or searches that failed, in the last hour, as far as this server has read the collection in it. */
  readonly done: number;
  readonly failed: number;
}

export type Rates = Readonly<Record<PausableStage, Rate>>;

export interface LiveOverview extends CollectionOverview {
  readonly rates: Rates;
}

type Counts = Readonly<Record<PausableStage, number>>;
type Reading = { readonly atMs: number; readonly failed: Counts } & Counts;

/** How fast the stages of one collection were in the last hour, from the counts that were read. It is kept in memory. */
export class RateHistory {
  #readings: readonly Reading[] = [];

  add({ at, totals, refusedQueries }: Pick<CollectionOverview, 'at' | 'totals' | 'refusedQueries'>): void {
    const atMs = Date.parse(at);
    const filter = sumOf({ ...totals.decided, undecided: 0 });
    const recent = this.#readings.filter((one) => atMs - one.atMs <= HOUR_MS && atMs > one.atMs);
    const failed = { discover: refusedQueries, fetch: sumOf(totals.failed), filter: totals.decided.failed };
    this.#readings = [...recent, { atMs, failed, discover: totals.found, fetch: totals.fetched, filter }];
  }

  rates(): Rates {
    const [first, last] = [this.#readings[0], this.#readings.at(-1)];
    // A retry takes failures back.
    const more = (countOf: (reading: Reading) => number): number =>
      first === undefined || last === undefined ? 0 : Math.max(0, countOf(last) - countOf(first));
    const rateOf = (stage: PausableStage): Rate => ({
      perSecond: this.#now(stage),
      lastHour: this.#lastHour(stage),
      done: more((reading) => reading[stage]),
      failed: more(({ failed }) => failed[stage]),
    });
    return { discover: rateOf('discover'), fetch: rateOf('fetch'), filter: rateOf('filter') };
  }

  /** Over ten seconds, or between the last two readings if they are further apart than that. */
  #now(stage: PausableStage): number | null {
    const last = this.#readings.at(-1);
    if (last === undefined) return null;
    const before = this.#readings.find(({ atMs }) => last.atMs - atMs <= NOW_MS);
    return between(before === last ? this.#readings.at(-2) : before, last, stage);
  }

  #lastHour(stage: PausableStage): number[] {
    const last = this.#readings.at(-1);
    if (last === undefined) return [];
    const minutes = groupBy(this.#readings, ({ atMs }) => Math.floor((last.atMs - atMs) / MINUTE_MS));
    const firsts = [...minutes.values()].flatMap((readings) => readings.slice(0, 1));
    return [...firsts.filter((one) => one !== last), last].flatMap((reading, i, all) =>
      i === 0 ? [] : [between(all[i - 1], reading, stage) ?? 0],
    );
  }
}

function between(before: Reading | undefined, after: Reading, stage: PausableStage): number | null {
  if (before === undefined) return null;
  const seconds = (after.atMs - before.atMs) / 1_000;
  const more = after[stage] - before[stage];
  return seconds < 0.5 || more < 0 ? null : more / seconds;
}
