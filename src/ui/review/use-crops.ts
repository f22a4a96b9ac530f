import { useState } from 'preact/hooks';
import { CENTRE_CROP, cropAt, type CropRef } from './crop-grid.tsx';
import type { SingleDesk } from './single-desk.ts';
import type { CropBox } from './stage.tsx';

/** The mirrored crops have the places of the first five. */
const FIRST_MIRRORED = 5;

export interface CropControl {
  readonly areDrawn: boolean;
  readonly toggle: () => void;
  /** The crop whose classes are listed: the centre one unless somebody points at another. */
  readonly chosen: CropRef;
  readonly choose: (crop: CropRef | null) => void;
  /** What is drawn on the photo. */
  readonly boxes: readonly CropBox[];
  readonly box: CropBox | null;
}

/** Which crops are drawn on the photo. They stay on from photo to photo. */
export function useCrops({ members }: SingleDesk): CropControl {
  const [areDrawn, setAreDrawn] = useState(false);
  const [chosen, choose] = useState<CropRef | null>(null);
  const crops = areDrawn ? (members[0]?.crops.slice(0, FIRST_MIRRORED) ?? []) : [];
  return {
    areDrawn,
    toggle: () => setAreDrawn((now) => !now),
    chosen: chosen ?? CENTRE_CROP,
    choose,
    boxes: crops.map(({ box }) => box),
    box: chosen === null ? null : (cropAt(members, chosen)?.box ?? null),
  };
}
