/** A crop of a photo, and its backbone as a position in the list of backbones. */
export interface BackboneCrop {
  readonly backbone: number;
  /** 0..9 in TenCrop order. */
  readonly crop: number;
}

/** A photo that needs more crops, and the crop that must run next. */
export interface OpenPhoto {
  /** Position in the batch. */
  readonly photo: number;
  readonly next: BackboneCrop;
}

/** Crops of several photos that run through one backbone together. */
export interface ForwardPass {
  readonly backbone: number;
  readonly crops: readonly { readonly photo: number; readonly crop: number }[];
}

/**
 * Chooses the next pass: the backbone that most photos wait for (the first of equals), with at most `cropsPerPass` photos,
 * those that were opened first. It takes one crop of each photo, because its evidence may save the other crops.
 *
 * @returns null if no photo is open
 */
export function nextPass(open: Iterable<OpenPhoto>, cropsPerPass: number): ForwardPass | null {
  const waiting = new Map<number, { photo: number; crop: number }[]>();
  for (const { photo, next } of open) {
    const crops = waiting.get(next.backbone) ?? [];
    crops.push({ photo, crop: next.crop });
    waiting.set(next.backbone, crops);
  }
  const [first] = [...waiting].toSorted(([a, some], [b, others]) => others.length - some.length || a - b);
  return first === undefined ? null : { backbone: first[0], crops: first[1].slice(0, cropsPerPass) };
}
