import { accuracyOf, NO_ACCURACY } from '../evaluate/evaluate.ts';
import { creatorInterval, type Creators } from '../evaluate/metrics/by-creator.ts';
import type { Answers, RankAgreement, Rankings } from '../evaluate/metrics/kendall.ts';
import { groupBy } from '../../core/kernel/group-by.ts';
import type { FairAccuracy, Fairness, LeftOutMember } from './report.ts';
import type { ReportedPhoto } from './reported-photo.repository.ts';

/** The answers of one model. */
export interface Answering {
  readonly model: string;
  readonly isMember: boolean;
  readonly sharesBackbone: boolean;
  readonly onSet: Answers;
}

export interface LeftOut {
  readonly counts: LeftOutMember;
  /** The member's answers on the photos that the others keep. */
  readonly answers: Answers;
}

export interface FairnessFacts {
  readonly models: readonly Answering[];
  readonly leftOut: readonly LeftOut[];
  readonly photos: readonly Pick<ReportedPhoto, 'rights'>[];
  /** True if the missing crops were run, so that photos without evidence cannot get any. */
  readonly isFilled: boolean;
}

/** The models that both rankings have. If the accuracy of a member is unknown, there are none. */
export function rankingOf(facts: FairnessFacts): Rankings & { readonly ranked: readonly string[] } {
  const fair = fairOf(facts);
  const isWhole = fair.every(({ isMember, accuracy, photos }) => !isMember || accuracy !== null || photos === 0);
  const known = new Set(isWhole ? fair.flatMap(({ model, accuracy }) => (accuracy === null ? [] : [model])) : []);
  const models = facts.leftOut.length === 0 ? [] : facts.models.filter(({ model }) => known.has(model));
  return {
    onSet: models.map(({ onSet }) => onSet),
    own: models.map(({ model }) => withoutIt(facts, model)?.answers ?? null),
    ranked: models.map(({ model }) => model),
  };
}

interface KnownCreators {
  readonly clusters: Creators;
  readonly creators: number;
  readonly unnamed: number;
}

/** The creator of each photo; null if no photo names its creator, or all name one. */
export function creatorsOf(photos: FairnessFacts['photos']): KnownCreators | null {
  const byCreator = groupBy(
    photos.map(({ rights: { source, creator } }, i) => ({ i, creator: creator?.trim(), source })),
    ({ i, creator, source }) => (creator ? `${source} ${creator}` : i),
  );
  const groups = [...byCreator.values()];
  const named = groups.filter(([first]) => first?.creator);
  if (named.length === 0 || groups.length < 2) return null;
  const clusterOf = new Map(groups.flatMap((group, cluster) => group.map(({ i }) => [i, cluster])));
  const clusters = photos.map((_, i) => clusterOf.get(i) ?? 0);
  return { clusters, creators: named.length, unnamed: groups.length - named.length };
}

export function fairnessFrom(facts: FairnessFacts, agreement: RankAgreement): Fairness {
  const creators = creatorsOf(facts.photos);
  return {
    isFilled: facts.isFilled,
    leftOut: facts.leftOut.map(({ counts }) => counts),
    models: fairOf(facts),
    ...agreement,
    ranked: rankingOf(facts).ranked,
    byCreator: creators && {
      creators: creators.creators,
      unnamed: creators.unnamed,
      models: facts.models.map((one) => {
        const { low = null, high = null } = creatorInterval(one.onSet, creators.clusters) ?? {};
        return { ...measured(one, one.onSet), accuracyLow: low, accuracyHigh: high };
      }),
    },
  };
}

const withoutIt = ({ leftOut }: FairnessFacts, model: string): LeftOut | undefined =>
  leftOut.find(({ counts: { member } }) => member === model);

/**
 * The accuracy of a member on the photos that the others keep, and of another model on the set. A model over the backbone of
 * a member has none, because its backbone helped to choose.
 */
function fairOf(facts: FairnessFacts): FairAccuracy[] {
  return facts.models.flatMap((one) => {
    if (!one.isMember) return one.sharesBackbone ? [] : [measured(one, one.onSet)];
    const without = withoutIt(facts, one.model);
    if (without === undefined) return [];
    const { counts, answers } = without;
    const unread = counts.undecided + answers.filter((answer) => answer === null).length;
    const isKnown = unread === 0 || facts.isFilled;
    return [{ ...measured(one, answers), ...(isKnown ? {} : NO_ACCURACY), unread }];
  });
}

function measured({ model, isMember }: Answering, answers: Answers): FairAccuracy {
  const known = answers.filter((answer) => answer !== null);
  return { model, isMember, photos: known.length, ...(accuracyOf(known) ?? NO_ACCURACY) };
}
