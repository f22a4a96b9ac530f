import { groupBy } from '../../kernel/group-by.ts';

/** A crop of a photo, and its backbone as a position in the list of backbones. */
export interface BackboneCrop {
  readonly backbone: number;
  readonly crop: number;
}

export interface OpenPhoto {
  readonly photo: number;
  readonly next: BackboneCrop;
}

export interface ForwardPass {
  readonly backbone: number;
  readonly crops: readonly { readonly photo: number; readonly crop: number }[];
}

/**
 * Chooses the next pass: the backbone that most photos wait for, with the `cropsPerPass` photos that were opened first.
 * It takes one crop of each photo, because its evidence may save the other crops. Null if no photo is open.
 */
export function nextPass(open: Iterable<OpenPhoto>, cropsPerPass: number): ForwardPass | null {
  const waiting = groupBy(open, ({ next }) => next.backbone);
  const [first] = [...waiting].toSorted(([a, some], [b, others]) => others.length - some.length || a - b);
  if (first === undefined) return null;
  const [backbone, photos] = first;
  return { backbone, crops: photos.slice(0, cropsPerPass).map(({ photo, next: { crop } }) => ({ photo, crop })) };
}
