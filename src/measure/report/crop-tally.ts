import { CENTRE_CROP, CROPS_PER_MEMBER } from '../../core/models/evidence/evidence.ts';
import type { CropReport } from './report.ts';

export interface SeenCrop {
  readonly crop: number;
  readonly trueProb: number;
  readonly isCorrect: boolean;
}

/** The centre of the picture, and of the mirrored one: both count as the centre, because they frame the photo alike. */
const CENTRE_CROPS = [CENTRE_CROP, 9] as const;

/**
 * Counts for one model where on photos their classes can be seen. ImageNet-Hard (Taesiri et al. 2023, section 3) shows
 * that many photos of ImageNet-A are classified correctly once they are framed differently.
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
    const highest = Math.max(...crops.map(({ trueProb }) => trueProb));
    const closest = crops.find(({ trueProb }) => trueProb === highest)?.crop;
    for (const { crop, trueProb } of crops) {
      const sum = this.#sums[crop];
      if (sum === undefined) continue;
      sum.trueProb += trueProb;
      if (crop === closest) sum.closest += 1;
    }
    const correct = crops.flatMap(({ crop, isCorrect }) => (isCorrect ? [crop] : []));
    if (correct.length === 0) return;
    this.#anyCorrect += 1;
    if (CENTRE_CROPS.some((centre) => correct.includes(centre))) this.#centreCorrect += 1;
    else this.#onlyOffCentre += 1;
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
