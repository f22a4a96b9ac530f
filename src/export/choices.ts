import type { Protocol } from './protocol.ts';

const COMMON = [
  'The same bytes count once for a class, and a near-duplicate of a listed photo (64-bit perceptual hash, confirmed by a finer comparison) is not listed unless it was reviewed before.',
  'EXIF orientation is applied, alpha is put on white and 16-bit pictures take the high byte, before the models see a photo.',
  'Crops are cut after the shorter side was resized as Pillow does (bilinear, antialias); the other side is int(size * long / short).',
] as const;

const MODE_A = [
  'p is computed in double precision.',
  'The paper removes a photo if any crop is classified correctly. It does not say whether the threshold is for one crop or for the mean of the crops. The rule (aggregation: max or mean) says what was used here, for both.',
  'The confusion of a photo is the class with the largest mean p over members and crops, other than the true one.',
  'Of the photos of a confusion, those with the lowest p(true class) are listed first. Rejected photos do not count towards the cap.',
] as const;

const MODE_O = [
  'The score of a photo is the largest value of the mean softmax of the ten crops of the one model, over all its classes.',
  'Only as many photos as the cap allows are listed for each predicted class and concept, the most confident first. The paper has no such cap.',
  'The question for reviewers is whether any of the classes of the model is visible.',
] as const;

/**
 * What the paper leaves open and winnow decided, for protocol and card (`rule` has the numbers).
 *
 * @param allowed mode O: the concepts below one of the 1,000 classes whose photos are taken, as `baby grand (n02766792)`
 */
export function choicesOf(mode: Protocol['rule']['mode'], allowed: readonly string[] = []): string[] {
  const below = `The curators allowed concepts that WordNet has below one of the 1,000 classes: ${allowed.join(', ')}.`;
  return [...(mode === 'A' ? MODE_A : MODE_O), ...(allowed.length > 0 ? [below] : []), ...COMMON];
}
