import type { Protocol } from './protocol.ts';

const COMMON = [
  'The same bytes count once for a class, and a near-duplicate of a listed photo (64-bit perceptual hash, confirmed by a finer comparison) is not listed.',
  'EXIF orientation is applied, alpha is put on white and 16-bit pictures take the high byte, before the models see a photo. The files of this set need none of the three.',
  'Crops are cut after the shorter side was resized as Pillow does (bilinear, antialias); the other side is int(size * long / short).',
] as const;

const MODE_A = [
  'p is the softmax over the classes in `among` only (masked logits), in double precision.',
  'The paper does not say whether one crop or the mean of the crops decides. `aggregation` says which was used here.',
  'A photo is dropped if p(true class) is above the threshold, not if it is equal to it.',
  'The confusion of a photo is the class with the largest mean p over members and crops, other than the true one.',
  'At most `cap` photos of a confusion are listed, those with the lowest p(true class) first.',
] as const;

const MODE_O = [
  'The score of a photo is the largest value of the mean softmax of the ten crops of the one model, over all its classes.',
  'At most `cap` photos are listed for each predicted class and concept, the most confident first. The paper has no such cap.',
  'Reviewers were asked whether any of the 1,000 classes is visible.',
] as const;

/** What the paper leaves open and winnow decided, for protocol and card (`rule` has the numbers). */
export function choicesOf(mode: Protocol['rule']['mode']): string[] {
  return [...(mode === 'A' ? MODE_A : MODE_O), ...COMMON];
}
