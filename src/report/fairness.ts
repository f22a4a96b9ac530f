import { accuracyOf } from '../evaluate/evaluate.ts';
import type { Answers, RankAgreement, Rankings, Sample } from '../evaluate/metrics/kendall.ts';
import type { Interval } from '../kernel/wilson.ts';
import { RESAMPLES, SEED } from '../evaluate/metrics/draws.ts';
import { groupBy } from '../kernel/group-by.ts';
import type { FairAccuracy, Fairness, LeftOutMember } from './report.ts';
import type { ReportedPhoto } from './reported-photo.repository.ts';

/** The answers of one model. */
export interface Answering {
  readonly model: string;
  readonly isMember: boolean;
  readonly sharesBackbone: boolean;
  readonly onSet: Answers;
  /** Null without clean photos. */
  readonly onClean: Answers | null;
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
}

const NO_TAU: RankAgreement = { kendallTau: null, kendallTauLow: null, kendallTauHigh: null };

/** The results of the computation `resamples`, which may take seconds. */
export interface Resamples {
  readonly agreements: readonly RankAgreement[];
  readonly intervals: readonly (Interval | null)[];
}

/** Both rankings, and the models that each ranks; a model over the backbone of a member counts in neither. */
export function rankingsOf(facts: FairnessFacts): (Rankings & { readonly ranked: readonly string[] })[] {
  const { models, leftOut } = facts;
  const independent = models.filter(({ sharesBackbone }) => !sharesBackbone);
  const onSet = independent.map((model) => model.onSet);
  const fair = fairOf(facts);
  const isWhole = fair.every(({ isMember, accuracy, photos }) => !isMember || accuracy !== null || photos === 0);
  const members = new Map(leftOut.map(({ counts: { member } }, i) => [member, i]));
  const own = independent.flatMap(({ model }, list) => {
    const member = members.get(model);
    const isRanked = isWhole && fair.some((one) => one.model === model && one.accuracy !== null);
    const a = [0, list] as const;
    return isRanked ? [{ model, a, b: member === undefined ? a : ([member + 1, 0] as const) }] : [];
  });
  // Without a member the two rankings are one.
  const isCompared = own.some(({ b: [sample] }) => sample > 0);
  const cleaned = independent.flatMap(({ model, isMember, onClean }, list) =>
    isMember || onClean === null ? [] : [{ model, onClean, a: [0, list] as const }],
  );
  const clean = cleaned.map(({ model, a }, list) => ({ model, a, b: [1, list] as const }));
  return [
    { samples: [onSet, ...leftOut.map(({ answers }) => [answers])], models: isCompared ? own : [] },
    { samples: [onSet, cleaned.map(({ onClean }) => onClean)], models: clean },
  ].map(({ samples, models: those }) => ({ samples, models: those, ranked: those.map(({ model }) => model) }));
}

/** The answers on the set, and for each photo the number of its creator; null if fewer than two are known. */
export function creatorsOf({ models, photos }: FairnessFacts) {
  const byCreator = groupBy(
    photos.map(({ rights: { source, creator } }, i) => ({ i, creator: creator?.trim(), source })),
    ({ i, creator, source }) => (creator ? `${source} ${creator}` : i),
  );
  const groups = [...byCreator.values()];
  const named = groups.filter(([first]) => first?.creator);
  if (named.length === 0 || groups.length < 2) return null;
  const clusterOf = new Map(groups.flatMap((group, cluster) => group.map(({ i }) => [i, cluster])));
  const clusters = photos.map((_, i) => clusterOf.get(i) ?? 0);
  const sample: Sample = models.map(({ onSet }) => onSet);
  return { sample, clusters, creators: named.length, unnamed: groups.length - named.length };
}

export function fairnessFrom(facts: FairnessFacts, { agreements, intervals }: Resamples): Fairness {
  const [own, clean] = rankingsOf(facts);
  const [ofOwn = NO_TAU, ofClean = NO_TAU] = agreements;
  const creators = creatorsOf(facts);
  return {
    leftOut: facts.leftOut.map(({ counts }) => counts),
    models: fairOf(facts),
    ...ofOwn,
    ranked: own?.ranked ?? [],
    clean: clean === undefined || clean.ranked.length < 2 ? null : { ...ofClean, ranked: clean.ranked },
    byCreator: creators && {
      creators: creators.creators,
      unnamed: creators.unnamed,
      models: facts.models.map((one, i) => {
        const { low = null, high = null } = intervals[i] ?? {};
        return { ...measured(one, one.onSet), accuracyLow: low, accuracyHigh: high };
      }),
    },
    resamples: RESAMPLES,
    seed: SEED,
  };
}

/** The accuracy of a member on the photos that the others keep, and of another model on the set. */
function fairOf({ models, leftOut }: FairnessFacts): FairAccuracy[] {
  return models.flatMap((one) => {
    if (!one.isMember) return [measured(one, one.onSet)];
    const without = leftOut.find(({ counts: { member } }) => member === one.model);
    if (without === undefined) return [];
    const isWhole = without.counts.undecided === 0 && !without.answers.includes(null);
    const { photos, ...accuracy } = measured(one, without.answers);
    return [{ photos, ...accuracy, ...(isWhole ? {} : UNKNOWN) }];
  });
}

const UNKNOWN = { accuracy: null, accuracyLow: null, accuracyHigh: null };

function measured({ model, isMember }: Answering, answers: Answers): FairAccuracy {
  const known = answers.filter((answer) => answer !== null);
  return {
    model,
    isMember,
    photos: known.length,
    ...(accuracyOf(known.map((isCorrect) => ({ isCorrect }))) ?? UNKNOWN),
  };
}
