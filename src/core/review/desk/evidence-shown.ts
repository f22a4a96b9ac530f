import { probabilityOf, type CropEvidence } from '../../models/evidence/evidence.ts';
import type { CropSizes } from '../../models/evidence/member.ts';
import { probabilities } from '../../models/evidence/softmax.ts';
import type { Wnid } from '../../kernel/ids.ts';
import type { Size } from '../../platform/image/raster.ts';
import { cropOnPhoto } from '../heatmap/crop-box.ts';
import type { ModelEvidence, PhotoEvidenceShown } from './desk.ts';

export interface ModelInputShown {
  readonly model: string;
  readonly heatmap: ModelEvidence['heatmap'];
  readonly input: CropSizes;
  /** By crop, 0..9 in TenCrop order; null if the crop was not evaluated. */
  readonly crops: readonly (CropEvidence | null)[];
}

export interface ShownSubject {
  /** Upright pixels: after the EXIF orientation. */
  readonly photo: Size;
  readonly wnids: readonly Wnid[];
  readonly nameOf: (wnid: Wnid) => string;
  /** The class that the photo was searched as. In mode O it is not in the list. */
  readonly searched: Wnid;
  /** The ensemble's prediction; null if the photo is not on the shortlist. */
  readonly predicted: Wnid | null;
}

const CLASSES_SHOWN = 5;
const LIKELY = 0.1;

export function modelEvidence({ crops, input, ...model }: ModelInputShown, subject: ShownSubject): ModelEvidence {
  const { photo, wnids, nameOf, searched } = subject;
  const position = wnids.indexOf(searched);
  return {
    ...model,
    crops: crops.flatMap((cell, crop) => {
      if (cell === null) return [];
      const top = rankedOf(cell)
        .slice(0, CLASSES_SHOWN)
        .flatMap(({ at, prob }) => named(wnids[at], prob, nameOf));
      const trueProb = position === -1 ? null : probabilityOf(cell, position);
      return [{ crop, ...cropOnPhoto(photo, input, crop), trueProb, top }];
    }),
  };
}

function named(wnid: Wnid | undefined, prob: number, nameOf: (wnid: Wnid) => string) {
  return wnid === undefined ? [] : [{ wnid, name: nameOf(wnid), prob }];
}

/** The classes of a crop, the most likely first; among equals in the order of the list, as the decisions have it. */
function rankedOf({ logits, top1, top1Prob, isSigmoid }: CropEvidence) {
  if (logits === null) return [{ at: top1, prob: top1Prob }];
  return [...probabilities(logits, isSigmoid)]
    .map((prob, at) => ({ at, prob }))
    .toSorted((a, b) => b.prob - a.prob || a.at - b.at);
}

/** Classes that a crop puts first or several crops find likely (p of 0.1 or more). At most five, most likely first. */
export function alsoSeen(
  models: readonly ModelInputShown[],
  { wnids, nameOf, searched, predicted }: ShownSubject,
): PhotoEvidenceShown['alsoSeen'] {
  const seen = new Map<number, { readonly prob: number; readonly isFirst: boolean; readonly crops: number }>();
  for (const cell of models.flatMap(({ crops }) => crops)) {
    if (cell === null) continue;
    for (const [rank, { at, prob }] of rankedOf(cell).entries()) {
      if (rank > 0 && prob < LIKELY) break;
      const before = seen.get(at);
      seen.set(at, {
        prob: Math.max(prob, before?.prob ?? 0),
        isFirst: rank === 0 || before?.isFirst === true,
        crops: (before?.crops ?? 0) + 1,
      });
    }
  }
  return [...seen]
    .filter(([at, { isFirst, crops }]) => (isFirst || crops > 1) && wnids[at] !== searched && wnids[at] !== predicted)
    .toSorted(([a, one], [b, other]) => other.prob - one.prob || a - b)
    .slice(0, CLASSES_SHOWN)
    .flatMap(([at, { prob }]) => named(wnids[at], prob, nameOf));
}
