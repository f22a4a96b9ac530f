import type { Collection } from '../../collection/collection.ts';
import { plural } from '../text/output.ts';

/**
 * How a collection's filter differs from those of the paper and of torchvision. Sources: the paper, section 3.1; its
 * authors (natural-adv-examples, issue 3). 0.9055 is the least confidence in the file names that the audit of NINCO
 * lists.
 */
export function differencesOf({ mode, ensemble, heads, evidenceClasses }: Collection): readonly string[] {
  const isHead = heads.size > 0;
  const members = ensemble.map((name) => (heads.has(name) ? `${name} (a head: only its last layer is fitted)` : name));
  const here = `${members.join(' and ')}, ${isHead ? 'choosing among' : 'masked to'} ${plural(evidenceClasses.wnids.length, 'class', 'classes')}`;
  const paper = {
    A: `it filtered with two ResNet-50s, one masked to its 200 classes and one fine-tuned on them; here ${here}`,
    O: `it asked a ResNet-50 and names no confidence; 0.9 is the floor of the released set (0.9055); here ${ensemble.join(' and ')} decides`,
  };
  return [
    `from the paper (section 3.1): ${paper[mode]}`,
    "from torchvision's ImageFolder: EXIF orientation is applied (one in XMP or in a PNG text chunk is ignored), alpha is put on white, 16-bit grey counts by its high byte",
  ];
}
