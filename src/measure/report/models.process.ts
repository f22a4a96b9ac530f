import { loadClassTable } from '../../core/collection/class-table.process.ts';
import {
  cardFor,
  classesOfCard,
  FEATURES_ONLY,
  listCards,
  TO_PULL,
} from '../../core/collection/cards/model-card.process.ts';
import { didYouMean } from '../../core/tools/nearest.ts';
import { messageOf, UsageError } from '../../core/kernel/errors.ts';
import { requireModelFiles, specOf } from '../../core/models/engine/ensemble.process.ts';
import type { Workspace } from '../../core/models/workspace/workspace.process.ts';
import { openOutsideModel, type OutsideModel } from '../../core/shortlist/outside-models.process.ts';

export interface ReportedModel extends OutsideModel {
  readonly isMember: boolean;
  /** True if it is not a member but runs the same model file as one. */
  readonly sharesBackbone: boolean;
}

/**
 * Every other model that is installed, trained and knows all classes, by name, then the members in ensemble order.
 * `wanted`: models that must be in it besides the members; null: all that can be.
 * @throws UsageError `unknown-model`, `report-model` if a wanted model cannot be used
 */
export async function reportedModels(workspace: Workspace, wanted: readonly string[] | null) {
  const known = (await listCards()).map(({ name }) => name);
  const unknown = wanted?.find((name) => !known.includes(name));
  if (unknown !== undefined)
    throw new UsageError(`No such model: '${unknown}'.${didYouMean(unknown, known)} winnow models list names all.`, {
      code: 'unknown-model',
    });
  const { ensemble } = workspace.collection;
  const models: ReportedModel[] = [];
  const leftOut: { model: string; reason: string }[] = [];
  for (const name of (wanted ?? known).filter((each) => !ensemble.includes(each)).toSorted()) {
    const model = await outsideModel(workspace, name);
    if (model === null) continue;
    if (!('reason' in model)) models.push(model);
    else if (wanted === null) leftOut.push({ model: name, reason: model.reason });
    else throw new UsageError(`The model '${name}' cannot be in the report: ${model.reason}`, { code: 'report-model' });
  }
  return { models: [...models, ...membersOf(workspace)], leftOut };
}

async function outsideModel(
  workspace: Workspace,
  name: string,
): Promise<ReportedModel | { readonly reason: string } | null> {
  try {
    const card = await cardFor(name);
    if (!card.trained) return { reason: 'its weights are not trained' };
    await requireModelFiles([specOf(card, await classesOfCard(card, await loadClassTable()))]);
    const model = await openOutsideModel(workspace, name);
    if (model === 'member') return null;
    if (!('unknown' in model)) {
      const sharesBackbone = workspace.ensemble.identities.some(({ modelSha256 }) => modelSha256 === card.sha256);
      return { ...model, isMember: false, sharesBackbone };
    }
    const { length } = model.unknown;
    return { reason: `it does not know ${length} of the classes, such as ${model.unknown[0]}` };
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    if (error.code === FEATURES_ONLY) return { reason: 'it gives features and knows no classes' };
    const isAbsent = error.code === 'model-missing' || error.code === TO_PULL;
    return { reason: isAbsent ? `its file is not here (winnow models pull ${name})` : messageOf(error) };
  }
}

function membersOf({ ensemble }: Workspace): ReportedModel[] {
  return ensemble.members.flatMap((member, i) => {
    const [known, memberId] = [ensemble.cards[i], ensemble.memberIds[i]];
    return known === undefined || memberId === undefined
      ? []
      : [{ ...known, member, memberId, isMember: true, sharesBackbone: false }];
  });
}
