import { CROPS_PER_MEMBER, type CropRef } from '../../models/evidence/evidence.ts';

/** Chooses which of the crops that can decide a photo runs next. The choice changes the cost, never the decision. */
export interface CropOrder {
  /** The crop to run, out of one or more. */
  next(missing: readonly CropRef[]): CropRef | undefined;
  /** Records that a crop ran, and whether it decided its photo before all others had run. */
  learn(crop: CropRef, decided: boolean): void;
  /** Records how long a pass took. */
  learnCost(member: number, pass: { readonly crops: number; readonly durationMs: number }): void;
}

/** Weight of the assumptions below: as if a crop had run on this many photos already. */
const ASSUMED_RUNS = 16;
/** Assumed share of photos that a centre crop decides: most photos show their object in the middle. */
const ASSUMED_CENTRE_SHARE = 0.4;
const ASSUMED_SHARE = 0.1;
const CENTRE_CROP = 4;

interface Tally {
  runs: number;
  decided: number;
}

/**
 * Learns from the current run how many of the open photos each crop decides, per millisecond that its member takes.
 * A crop is rated by the photos that it adds to those decided by earlier crops, not alone: the mirrored centre sees what the
 * centre saw.
 *
 * @param costs what a crop of each member costs, in any one unit, until passes have been timed
 */
export class LearntCropOrder implements CropOrder {
  readonly #tallies: readonly (readonly Tally[])[];
  readonly #costs: readonly { assumed: number; crops: number; durationMs: number }[];

  constructor(costs: readonly number[]) {
    this.#tallies = costs.map(() =>
      Array.from({ length: CROPS_PER_MEMBER }, (_, crop) => ({
        runs: ASSUMED_RUNS,
        decided: ASSUMED_RUNS * (crop === CENTRE_CROP ? ASSUMED_CENTRE_SHARE : ASSUMED_SHARE),
      })),
    );
    this.#costs = costs.map((assumed) => ({ assumed, crops: 0, durationMs: 0 }));
  }

  next(missing: readonly CropRef[]): CropRef | undefined {
    let best = missing[0];
    let bestValue = -Infinity;
    for (const crop of missing) {
      const value = this.#shareOf(crop) / this.#costOf(crop.member);
      if (value <= bestValue) continue;
      best = crop;
      bestValue = value;
    }
    return best;
  }

  learn({ member, crop }: CropRef, decided: boolean): void {
    const tally = this.#tallies[member]?.[crop];
    if (tally === undefined) return;
    tally.runs += 1;
    if (decided) tally.decided += 1;
  }

  learnCost(member: number, pass: { readonly crops: number; readonly durationMs: number }): void {
    const cost = this.#costs[member];
    if (cost === undefined) return;
    cost.crops += pass.crops;
    cost.durationMs += pass.durationMs;
  }

  #shareOf({ member, crop }: CropRef): number {
    const tally = this.#tallies[member]?.[crop];
    return tally === undefined ? 0 : tally.decided / tally.runs;
  }

  /** Costs are comparable only once every member has been timed. */
  #costOf(member: number): number {
    const cost = this.#costs[member];
    if (cost === undefined) return 1;
    const allTimed = this.#costs.every(({ crops, durationMs }) => crops > 0 && durationMs > 0);
    return allTimed ? cost.durationMs / cost.crops : cost.assumed;
  }
}
