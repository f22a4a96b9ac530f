import type { Mode } from '../kernel/mode.ts';

interface NamedClasses {
  readonly wnid: string;
  readonly confusionWnid: string | null;
}

type Folders = 'class' | 'predicted' | 'concept';

export const EXPORT_MODES = {
  A: {
    /** `hasFoldersBy`: the curator may choose with `--by`. */
    foldersBy: (): Folders => 'class',
    hasFoldersBy: false,
    hasTrueProb: true,
    hasSearchedWnid: false,
    /** The class in a photo's name as the released sets have it, and the end of the names of JPEG files. */
    releasedAs: ({ confusionWnid }: NamedClasses): string => confusionWnid ?? '',
    releasedJpeg: '.jpg',
    choices: [
      'p is computed in double precision.',
      'The paper removes a photo if any crop is classified correctly. It does not say whether the threshold is for one crop or for the mean of the crops. The rule (aggregation: max or mean) says what was used here, for both.',
      'The confusion of a photo is the class with the largest mean p over members and crops, other than the true one.',
      'Of the photos of a confusion, those with the lowest p(true class) are listed first. Rejected photos do not count towards the cap.',
    ],
  },
  O: {
    foldersBy: (by: Folders): Folders => by,
    hasFoldersBy: true,
    hasTrueProb: false,
    hasSearchedWnid: true,
    releasedAs: ({ wnid }: NamedClasses): string => wnid,
    releasedJpeg: '.JPEG',
    choices: [
      'The score of a photo is the largest value of the mean softmax of the ten crops of the one model, over all its classes.',
      'Only as many photos as the cap allows are listed for each predicted class and concept, the most confident first. The paper has no such cap.',
      'The question for reviewers is whether any of the classes of the model is visible.',
    ],
  },
} satisfies Record<Mode, object>;
