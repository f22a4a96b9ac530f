import { lookAt } from '../shortlist/outside-model.ts';
import { CENTRE_CROP, CROPS_PER_MEMBER } from '../../evidence/evidence.ts';
import { groupBy } from '../../kernel/group-by.ts';
import type { ReportedPhoto } from '../../report/reported-photo.repository.ts';
import type { ListedSubject } from '../../shortlist/outside-evidence.repository.ts';
import type { Workspace } from '../open/workspace.ts';
import type { ReportedModel } from './models.ts';
import { readView, type ModelView } from './views.ts';

export interface LookOptions {
  readonly signal: AbortSignal;
  readonly onProgress: (progress: { readonly done: number; readonly total: number }) => void;
}

const ALL_CROPS = Array.from({ length: CROPS_PER_MEMBER }, (_, crop) => crop);

/**
 * What a model says of the photos of a report. A model that was no member looks at the photos that it has not seen; what it says
 * stays in the catalogue. Members have seen every kept photo.
 *
 * @throws UsageError and StopTheRun if the model cannot be used; Interrupted, and then the evidence so far is stored
 */
export async function viewPhotos(
  workspace: Workspace,
  model: ReportedModel,
  { photos, signal, onProgress }: LookOptions & { readonly photos: readonly ReportedPhoto[] },
): Promise<ModelView> {
  const view = await readView(workspace, model.memberId, photos);
  if (model.isMember || view.lacking.length === 0) return view;
  const subjects = [...groupBy(view.lacking, ({ photoId }) => photoId).values()].flatMap(subjectOf);
  const crops = workspace.collection.mode === 'A' ? ALL_CROPS : [CENTRE_CROP];
  const onDone = (done: number): void => onProgress({ done, total: subjects.length });
  await lookAt(workspace, model, { photos: subjects, crops, signal, onDone });
  return readView(workspace, model.memberId, photos);
}

/** One photo, and the classes that it is for. */
function subjectOf(same: readonly ReportedPhoto[]): ListedSubject[] {
  return same.slice(0, 1).map(({ photoId, sha256 }) => ({ photoId, sha256, wnids: same.map(({ wnid }) => wnid) }));
}
