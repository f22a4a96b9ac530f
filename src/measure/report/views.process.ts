import { CENTRE_CROP, CROPS_PER_MEMBER } from '../../core/models/evidence/evidence.ts';
import { floatsOf } from '../../core/models/evidence/evidence.repository.ts';
import { largest } from '../../core/models/evidence/softmax.ts';
import { batchesOf } from '../../core/kernel/batches.ts';
import { groupBy } from '../../core/kernel/group-by.ts';
import { cropRows, type CropRow } from './crop-evidence.repository.ts';
import { CropTally, type SeenCrop } from './crop-tally.ts';
import type { Prediction } from '../evaluate/prediction.ts';
import type { ReportedPhoto } from './reported-photo.repository.ts';
import type { Workspace } from '../../core/models/workspace/workspace.process.ts';
import { MODES } from '../../core/collection/modes.ts';

const AT_ONCE = 2_000;

export type Viewed = Pick<ReportedPhoto, 'photoId' | 'sha256' | 'wnid'> & Partial<Pick<ReportedPhoto, 'alsoWnids'>>;

export interface ModelView<Photo extends Viewed = ReportedPhoto> {
  /** One for each photo, in order; null if the model could not look at the photo. */
  readonly predictions: readonly (Prediction | null)[];
  readonly crops: CropTally;
  readonly lacking: readonly Photo[];
}

/** Reads the evidence of one model. In mode O photos show none of the classes, so only their centre crops are wanted. */
export async function readView<Photo extends Viewed>(
  { app, scope, collection }: Workspace,
  memberId: number,
  photos: readonly Photo[],
): Promise<ModelView<Photo>> {
  const { showsClass } = MODES[collection.mode];
  const positions = new Map(scope.wnids.map((wnid, position) => [wnid, position]));
  const predictions: (Prediction | null)[] = [];
  const lacking: Photo[] = [];
  const crops = new CropTally();
  for (const some of batchesOf(photos, AT_ONCE)) {
    const ids = [...new Set(some.map(({ photoId }) => photoId))];
    const rows = groupBy(await cropRows(app.db, memberId, ids), ({ photoId }) => photoId);
    for (const photo of some) {
      const ofPhoto = rows.get(photo.photoId) ?? [];
      const truth = showsClass ? (positions.get(photo.wnid) ?? null) : null;
      const centre = ofPhoto.find(({ crop }) => crop === CENTRE_CROP);
      const also = (photo.alsoWnids ?? []).flatMap((wnid) => positions.get(wnid) ?? []);
      const further = also.length === 0 ? {} : { also };
      predictions.push(
        centre === undefined
          ? null
          : { predicted: centre.top1, confidence: centre.top1Prob, truth, ...top5Of(centre), ...further },
      );
      const seen = truth === null ? [] : seenCrops(ofPhoto, truth);
      crops.add(seen);
      if (truth === null ? centre === undefined : seen.length < CROPS_PER_MEMBER) lacking.push(photo);
    }
  }
  return { predictions, crops, lacking };
}

function top5Of({ logits }: CropRow): Pick<Prediction, 'top5'> {
  return logits === null ? {} : { top5: largest(floatsOf(logits), 5) };
}

function seenCrops(rows: readonly CropRow[], truth: number): SeenCrop[] {
  return rows.flatMap(({ crop, top1, top1Prob, trueClasses, trueProbs }) => {
    const trueProb = top1 === truth ? top1Prob : trueProbs[trueClasses.indexOf(truth)];
    return trueProb === undefined ? [] : [{ crop, trueProb, isCorrect: top1 === truth }];
  });
}
