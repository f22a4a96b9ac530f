import { computeAside } from '../evaluate/aside/compute-aside.process.ts';
import type { Answers } from '../evaluate/metrics/kendall.ts';
import { isCorrect, type Prediction } from '../evaluate/prediction.ts';
import { fillEvidence, noFill } from '../../core/filter/run/fill-evidence.process.ts';
import { filterPolicy } from '../../core/filter/rule/policy.ts';
import { readWithout, type PhotoOfSubject, type WithoutMember } from '../../core/filter/what-if/left-out.process.ts';
import { Interrupted } from '../../core/kernel/errors.ts';
import { CENTRE_CROP } from '../../core/models/evidence/evidence.ts';
import type { Workspace } from '../../core/models/workspace/workspace.process.ts';
import { lookAt } from '../../core/shortlist/outside-models.process.ts';
import { fairnessFrom, rankingOf, type LeftOut } from './fairness.ts';
import type { SeenByModel } from './model-reports.process.ts';
import type { ReportedModel } from './models.process.ts';
import type { Fairness } from './report.ts';
import type { ReportedPhoto } from './reported-photo.repository.ts';
import { readView } from './views.process.ts';

interface Options {
  readonly fill?: boolean | undefined;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: { readonly what: string; readonly done: number; readonly total: number }) => void;
}

interface Reported {
  readonly seen: readonly SeenByModel[];
  readonly photos: readonly ReportedPhoto[];
  readonly kept: readonly ReportedPhoto[];
  readonly options: Options;
}

export async function readFairness(workspace: Workspace, reported: Reported): Promise<Fairness> {
  const { seen, photos, options } = reported;
  const facts = {
    models: seen.map(({ model, photos: { predictions } }) => ({
      model: model.card.name,
      isMember: model.isMember,
      sharesBackbone: model.sharesBackbone,
      onSet: answersOf(predictions),
    })),
    leftOut: await readLeftOut(workspace, reported),
    photos,
    isFilled: options.fill === true,
  };
  return fairnessFrom(facts, await computeAside('rankAgreement', rankingOf(facts), options.signal));
}

/** In mode O photos show none of the classes, so no answer is right or wrong. */
function answersOf(predictions: readonly (Prediction | null)[]): Answers {
  return predictions.map((one) => (one === null || one.truth === null ? null : isCorrect(one)));
}

async function readLeftOut(workspace: Workspace, { seen, photos, kept, options }: Reported): Promise<LeftOut[]> {
  const members = workspace.ensemble.memberIds;
  if (members.length < 2) return [];
  const left: LeftOut[] = [];
  for (const [i, without] of (await withoutEach(workspace, options)).entries()) {
    const model = seen.find(({ model: { isMember, memberId } }) => isMember && memberId === members[i])?.model;
    if (model === undefined) continue;
    const { gained, lost, undecidedIds } = without;
    const stays = ({ photoId, wnid }: ReportedPhoto): boolean => !lost.has(`${photoId} ${wnid}`);
    const staying = photos.filter(stays).length;
    left.push({
      counts: {
        member: model.card.name,
        kept: staying,
        removed: photos.length - staying,
        gained: gained.length,
        undecided: undecidedIds.length,
      },
      answers: await memberAnswers(workspace, model, { photos: [...kept.filter(stays), ...gained], options }),
    });
  }
  return left;
}

async function withoutEach(workspace: Workspace, { fill, signal, onProgress }: Options): Promise<WithoutMember[]> {
  const { app, scope, collection, ensemble } = workspace;
  const policy = filterPolicy(collection);
  if (policy.mode === 'O') return [];
  const policies = ensemble.memberIds.map((_, without) => ({ ...policy, without }));
  const read = () => readWithout({ db: app.db, scope, memberIds: ensemble.memberIds }, { policies, signal });
  const stored = await read();
  const photoIds = [...new Set(stored.flatMap(({ undecidedIds }) => undecidedIds))].toSorted((a, b) => a - b);
  if (fill !== true || photoIds.length === 0) return stored;
  const counts = noFill();
  const onDone = (): void => onProgress({ what: 'the set without each member', ...counts });
  await fillEvidence(workspace, { policies, photoIds, signal, counts, onDone });
  if (signal.aborted) throw new Interrupted();
  return read();
}

/** A member that dropped a photo at another crop has not seen its centre crop, from which accuracies come. */
async function memberAnswers(
  workspace: Workspace,
  model: ReportedModel,
  { photos, options }: { readonly photos: readonly PhotoOfSubject[]; readonly options: Options },
): Promise<Answers> {
  const { fill, signal, onProgress } = options;
  const { predictions } = await readView(workspace, model.memberId, photos);
  const unseen = photos.filter((_, i) => predictions[i] === null);
  if (fill !== true || unseen.length === 0) return answersOf(predictions);
  const what = `${model.card.name} on photos that the others keep`;
  await lookAt(workspace, model, {
    photos: unseen.map(({ photoId, sha256, wnid }) => ({ photoId, sha256, wnids: [wnid] })),
    crops: [CENTRE_CROP],
    signal,
    onDone: (done) => onProgress({ what, done, total: unseen.length }),
  });
  return answersOf((await readView(workspace, model.memberId, photos)).predictions);
}
