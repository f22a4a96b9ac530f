import type { Sha256 } from './ids.ts';
import { countOf, countText } from './texts.ts';

/** An import of evidence whose sample agreed. All are null if a version before 0.10.0 made it, which stored nothing of it. */
export interface EvidenceImport {
  /** The id of the plan. */
  readonly plan: Sha256 | null;
  /** Drawn when the import began. The sample has the photos whose `sha256(seed + ' ' + sha256)` come first. */
  readonly seed: string | null;
  /** Photos with logits. */
  readonly photos: number | null;
  /** How many of them winnow evaluated itself. No logit of any crop of any of them differed by more than the tolerance. */
  readonly compared: number | null;
  /** The share of photos that may differ, 0..1: see `mostDiffering`. */
  readonly mostDiffering: number | null;
}

const SURE = 0.95;

/**
 * The largest share of `photos` that can differ if none of a simple random sample of `compared` does, 0..1: the exact upper limit
 * (hypergeometric) at 95 %. 0 if all were compared.
 */
export function mostDiffering(photos: number, compared: number): number {
  if (compared === 0) return 1;
  let [possible, impossible] = [0, photos - compared + 1];
  while (impossible - possible > 1) {
    const middle = Math.floor((possible + impossible) / 2);
    if (mayMiss(photos, compared, middle)) possible = middle;
    else impossible = middle;
  }
  return possible / photos;
}

/** True if a sample misses all of so many differing photos with a chance above 5 %. */
function mayMiss(photos: number, compared: number, differing: number): boolean {
  const [few, many] = [Math.min(compared, differing), Math.max(compared, differing)];
  let chance = 1;
  for (let i = 0; i < few && chance > 1 - SURE; i += 1) chance *= (photos - many - i) / (photos - i);
  return chance > 1 - SURE;
}

/** One sentence about an import, for people. */
export function evidenceImportText({ plan, seed, photos, compared, mostDiffering: most }: EvidenceImport): string {
  if (plan === null || seed === null || photos === null || compared === null || most === null)
    return 'Earlier imports: at least 20 photos of each plan (or all) agreed with winnow’s own logits. The plan’s id chose them, which its producer knew, so no share of photos that differ can be stated.';
  const sample =
    compared === photos
      ? `winnow evaluated all ${countOf(photos, 'photo')} itself, and none differs`
      : `winnow evaluated ${countText(compared)} of ${countOf(photos, 'photo')} itself, drawn by the random seed ${seed}, and none differs: at most ${percentOf(most)} % of the photos differ, 95 %`;
  return `Import of the plan ${plan.slice(0, 12)}: ${sample}.`;
}

/** Rounded up, so that the sentence stays true. */
function percentOf(share: number): string {
  return (Math.ceil(share * 1_000) / 10).toFixed(1);
}
