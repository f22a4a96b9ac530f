import { CROPS_PER_MEMBER } from '../evidence/evidence.ts';
import type { CropReport } from './report.ts';

/** What a model says of one crop of a photo of a searched class. */
export interface SeenCrop {
  /** 0..9 in TenCrop order. */
  readonly crop: number;
  /** p of the searched class, 0..1. */
  readonly trueProb: number;
  readonly isCorrect: boolean;
}

/** The centre crop in TenCrop order, and the centre of the mirrored picture. */
export const CENTRE_CROPS = [4, 9] as const;

/**
 * Counts for one model where on photos their classes can be seen. ImageNet-Hard (Taesiri et al. 2023, section 3) shows that
 * many photos of ImageNet-A are classified correctly once they are framed differently.
 */
export class CropTally {
  readonly #sums = Array.from({ length: CROPS_PER_MEMBER }, () => ({ trueProb: 0, closest: 0 }));
  #photos = 0;
  #centreCorrect = 0;
  #anyCorrect = 0;
  #onlyOffCentre = 0;

  /** Adds a photo. One that lacks a crop does not count. The first of crops with equal probabilities is the closest. */
  add(crops: readonly SeenCrop[]): void {
    if (crops.length !== CROPS_PER_MEMBER) return;
    this.#photos += 1;
    let closest = crops[0];
    for (const seen of crops) {
      const sum = this.#sums[seen.crop];
      if (sum !== undefined) sum.trueProb += seen.trueProb;
      if (closest === undefined || seen.trueProb > closest.trueProb) closest = seen;
    }
    const most = this.#sums[closest?.crop ?? -1];
    if (most !== undefined) most.closest += 1;
    const isCentre = ({ crop }: SeenCrop): boolean => crop === CENTRE_CROPS[0] || crop === CENTRE_CROPS[1];
    const correct = crops.filter(({ isCorrect }) => isCorrect);
    if (correct.some(({ crop }) => crop === CENTRE_CROPS[0])) this.#centreCorrect += 1;
    if (correct.length > 0) this.#anyCorrect += 1;
    if (correct.length > 0 && !correct.some(isCentre)) this.#onlyOffCentre += 1;
  }

  report(model: string, isMember: boolean): CropReport['models'][number] {
    const photos = this.#photos;
    return {
      model,
      isMember,
      photos,
      crops: this.#sums.map(({ trueProb, closest }) => ({ trueProb: photos === 0 ? 0 : trueProb / photos, closest })),
      centreCorrect: this.#centreCorrect,
      anyCorrect: this.#anyCorrect,
      onlyOffCentre: this.#onlyOffCentre,
    };
  }
}
