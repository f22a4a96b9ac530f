import { groupBy } from '../../core/kernel/group-by.ts';
import type { Estimate } from '../charts/estimate.ts';
import { accuracyByClass, accuracyOf, curvesOf, NO_ACCURACY, ZERO_BY_RULE } from '../evaluate/evaluate.ts';
import type { ClassAccuracy, OodLists } from '../evaluate/evaluation.ts';
import type { FittedPhotos } from '../../core/kernel/texts.ts';
import { pairedDifference, pairFacts, type AnswerPair, type Creators } from '../evaluate/metrics/by-creator.ts';
import { differenceInterval } from '../evaluate/metrics/intervals.ts';
import { holm } from '../evaluate/metrics/mcnemar.ts';
import { impliedFor } from './method.ts';
import { powerOf } from '../evaluate/metrics/power.ts';
import { isCorrect, type Prediction } from '../evaluate/prediction.ts';
import type { Comparison, MemberGap, ModelReport, Report, ReportedConfusion, ReportedPower } from './report.ts';
import type { ReportedPhoto } from './reported-photo.repository.ts';
import { computeAside } from '../evaluate/aside/compute-aside.process.ts';
import type { Workspace } from '../../core/models/workspace/workspace.process.ts';
import type { ReportedModel } from './models.process.ts';
import type { ModelView } from './views.process.ts';
import { isZeroByRule, MODES } from '../../core/collection/modes.ts';

export interface SeenByModel {
  readonly model: ReportedModel;
  readonly photos: ModelView;
  /** One for each picture, in order; null if the model is a head that was fitted on it. Null without such a folder. */
  readonly clean: readonly (Prediction | null)[] | null;
  readonly inDistribution: readonly (Prediction | null)[] | null;
  readonly fitted: FittedPhotos | null;
  /** One for each accepted control. */
  readonly control: readonly (Prediction | null)[];
  /** One for each valid photo of the crawl; null also if the model is a member. */
  readonly crawl: readonly (Prediction | null)[];
}

interface Reporting {
  readonly photos: readonly ReportedPhoto[];
  /** Null in mode A. */
  readonly lists: OodLists | null;
  readonly signal: AbortSignal;
}

export async function modelReport(
  { collection, scope }: Workspace,
  { model, photos: view, fitted, ...folders }: SeenByModel,
  { photos, lists, signal }: Reporting,
): Promise<ModelReport> {
  const predictions = madeOf(view.predictions);
  const clean = madeOf(folders.clean ?? []);
  const about = {
    model: model.card.name,
    among: scope.wnids,
    inDistribution: folders.inDistribution &&
      lists && { confidences: madeOf(folders.inDistribution).map(({ confidence }) => confidence), lists },
  };
  // The resamples of many photos take seconds.
  const evaluation = await computeAside('evaluationOf', [predictions, about], signal);
  const onClean = accuracyOf(answersOf(clean)) ?? NO_ACCURACY;
  const cleanByClass = accuracyByClass(clean, scope.wnids);
  const cleanOf = new Map(cleanByClass.map((row) => [row.wnid, row]));
  const isAtZero = collection.mode === 'A' && isZeroByRule(collection.policy);
  const byRule = model.isMember && isAtZero && evaluation.accuracy === 0;
  const drop = differenceOf(clean, predictions, byRule);
  return {
    ...evaluation,
    ...(byRule ? ZERO_BY_RULE : {}),
    ...factsOf(model),
    uploadedLater: uploadedLater(model, photos),
    fitted,
    clean: onClean.accuracy,
    cleanLow: onClean.accuracyLow,
    cleanHigh: onClean.accuracyHigh,
    cleanPhotos: clean.length,
    drop: drop.value,
    dropLow: drop.low,
    dropHigh: drop.high,
    perClass: evaluation.perClass.map((row) => {
      const ofClass = cleanOf.get(row.wnid) ?? null;
      return { ...row, clean: ofClass?.accuracy ?? null, drop: dropOf(ofClass, row) };
    }),
    perConfusion: MODES[collection.mode].showsClass
      ? byConfusion(view.predictions, photos).map((row) => ({
          ...row,
          drop: dropOf(cleanOf.get(row.wnid) ?? null, row),
        }))
      : [],
    implied: model.isMember ? impliedFor(collection) : null,
    curves: curvesOf(predictions, about),
  };
}

function factsOf({ isMember, sharesBackbone, card }: ReportedModel) {
  return { isMember, sharesBackbone, family: card.family ?? null, trainingData: card.trainingData ?? null };
}

function uploadedLater({ card }: ReportedModel, photos: readonly ReportedPhoto[]) {
  const { until = 'unknown' } = card.trainingData ?? {};
  const days = photos.flatMap(({ uploadedAt }) => uploadedAt ?? []);
  if (until === 'unknown' || days.length === 0) return null;
  return { photos: days.filter((day) => day.slice(0, until.length) > until).length, dated: days.length };
}

/** @param reviewed the controls that were accepted or rejected; @param reports one for each model, in order */
export function controlPart(
  models: readonly SeenByModel[],
  reviewed: readonly ReportedPhoto[],
  reports: readonly Pick<ModelReport, 'accuracyByRule'>[],
): Required<Pick<Report, 'control' | 'controlVerdicts'>> {
  const accepted = reviewed.filter(({ verdict }) => verdict === 'accepted').length;
  const accuracies = models.map(({ model, control, photos }, i) => {
    const made = madeOf(control);
    const answers = answersOf(made);
    const { accuracy, accuracyLow: low, accuracyHigh: high } = accuracyOf(answers) ?? NO_ACCURACY;
    const byRule = reports[i]?.accuracyByRule === true;
    const drop = differenceOf(made, madeOf(photos.predictions), byRule);
    const difference = { difference: drop.value, differenceLow: drop.low, differenceHigh: drop.high };
    return { model: model.card.name, photos: answers.length, accuracy, low, high, ...difference };
  });
  return { control: accuracies, controlVerdicts: { accepted, rejected: reviewed.length - accepted } };
}

function madeOf(predictions: readonly (Prediction | null)[]): Prediction[] {
  return predictions.filter((prediction) => prediction !== null);
}

/** With fewer photos on one side, a drop is chance. */
const LEAST_OF_DROP = 5;

type Measured = Pick<ClassAccuracy, 'photos' | 'accuracy'>;

function dropOf(clean: Measured | null, set: Measured): number | null {
  return clean === null || Math.min(clean.photos, set.photos) < LEAST_OF_DROP ? null : clean.accuracy - set.accuracy;
}

function answersOf(predictions: readonly Prediction[]): boolean[] {
  return predictions.filter(({ truth }) => truth !== null).map(isCorrect);
}

/** An accuracy that is 0 by the rule: the interval of a difference is then that of the other one. */
const ZERO = { accuracy: 0, accuracyLow: 0, accuracyHigh: 0 } as const;

/** The accuracy on clean photos or controls minus that on the set. */
function differenceOf(clean: readonly Prediction[], set: readonly Prediction[], byRule: boolean): Estimate {
  const [ofClean, ofSet] = [accuracyOf(answersOf(clean)), byRule ? ZERO : accuracyOf(answersOf(set))];
  if (ofClean === null || ofSet === null || Math.min(clean.length, set.length) < LEAST_OF_DROP)
    return { value: null, low: null, high: null };
  return { value: ofClean.accuracy - ofSet.accuracy, ...differenceInterval(ofClean, ofSet) };
}

function byConfusion(
  predictions: readonly (Prediction | null)[],
  photos: readonly ReportedPhoto[],
): Omit<ReportedConfusion, 'drop'>[] {
  const seen = photos.flatMap(({ wnid, confusionWnid }, i) => {
    const prediction = predictions[i];
    return prediction == null ? [] : [{ wnid, predictedWnid: confusionWnid, isCorrect: isCorrect(prediction) }];
  });
  return [...groupBy(seen, ({ wnid, predictedWnid }) => `${wnid} ${predictedWnid}`).values()].flatMap((same) => {
    const [first] = same;
    const accuracy = accuracyOf(same.map((one) => one.isCorrect));
    if (first === undefined || accuracy === null) return [];
    const { wnid, predictedWnid } = first;
    return [{ wnid, predictedWnid, photos: same.length, ...accuracy }];
  });
}

/** @param creators of the photos of the set; null if they are unknown */
export function pairsPart(
  models: readonly SeenByModel[],
  creators: Creators | null,
): Pick<Report, 'comparisons' | 'power'> {
  return { comparisons: comparisonsOf(models, creators), power: powerPart(models, creators) };
}

function powerPart(models: readonly SeenByModel[], creators: Creators | null): ReportedPower {
  const outside = models.filter(({ model }) => !model.isMember && !model.sharesBackbone);
  const set = onSet(creators);
  const measured = outside.flatMap((a, i) => outside.slice(i + 1).map((b) => pairsOf(a, b, set)));
  const largest = Math.max(0, ...measured.map(({ pairs }) => pairs.length));
  if (largest === 0)
    return {
      reason: 'That needs at least two measured models that did not filter, on photos that show their classes.',
    };
  const facts = measured.flatMap(({ pairs, by }) => (pairs.length === 0 ? [] : [pairFacts(pairs, by)]));
  const shares = facts.map(({ discordant }) => discordant);
  const effects = facts.map(({ designEffect }) => designEffect).filter(Number.isFinite);
  const meanEffect = effects.reduce((sum, one) => sum + one / effects.length, 0);
  const design = {
    discordantLow: Math.min(...shares),
    discordantHigh: Math.max(...shares),
    designEffect: creators === null ? 1 : Math.max(1, meanEffect),
    photosPerCreator: creators && Math.max(...facts.map(({ photosPerCreator }) => photosPerCreator)),
  };
  return powerOf(design, largest);
}

function comparisonsOf(models: readonly SeenByModel[], creators: Creators | null): Comparison[] {
  const outside = models.filter(({ model }) => !model.isMember);
  const comparing: readonly Comparing[] = [
    onSet(creators),
    { on: 'clean', creators: null, predictionsOf: ({ clean }) => clean ?? [] },
  ];
  return comparing.flatMap((one) => {
    const pairs = outside.flatMap((a, i) => outside.slice(i + 1).flatMap((b) => compared(a, b, one)));
    const corrected = holm(pairs.map(({ p }) => p));
    return pairs.map((pair, i) => ({ ...pair, pHolm: corrected[i] ?? 1 }));
  });
}

interface Comparing {
  readonly on: Comparison['on'];
  readonly creators: Creators | null;
  readonly predictionsOf: (seen: SeenByModel) => readonly (Prediction | null)[];
}

function onSet(creators: Creators | null): Comparing {
  return { on: 'set', creators, predictionsOf: ({ photos }) => photos.predictions };
}

/** The answers of two models to the photos that both saw, with the creators of these photos. */
function pairsOf(a: SeenByModel, b: SeenByModel, { creators, predictionsOf }: Comparing) {
  const others = predictionsOf(b);
  const [pairs, by]: [AnswerPair[], number[]] = [[], []];
  for (const [i, one] of predictionsOf(a).entries()) {
    const other = others[i];
    if (one == null || other == null || one.truth === null) continue;
    pairs.push([isCorrect(one), isCorrect(other)]);
    by.push(creators?.[i] ?? i);
  }
  return { pairs, by };
}

function compared(a: SeenByModel, b: SeenByModel, comparing: Comparing): Omit<Comparison, 'pHolm'>[] {
  const { pairs, by } = pairsOf(a, b, comparing);
  if (pairs.length === 0) return [];
  const difference = pairedDifference(pairs, comparing.creators && by);
  return [{ a: a.model.card.name, b: b.model.card.name, on: comparing.on, photos: pairs.length, ...difference }];
}

/** The paper's two members had similar accuracies on clean photos, so a larger difference is worth a warning. */
const LARGEST_GAP = 0.02;

export function memberGapOf(models: readonly ModelReport[]): MemberGap | null {
  const members = models.flatMap(({ isMember, clean, model }) =>
    isMember && clean !== null ? [{ model, clean }] : [],
  );
  const sorted = members.toSorted((a, b) => b.clean - a.clean);
  const [higher, lower] = [sorted[0], sorted.at(-1)];
  if (higher === undefined || lower === undefined || sorted.length < 2) return null;
  const difference = higher.clean - lower.clean;
  return { higher: higher.model, lower: lower.model, difference, isLarge: difference > LARGEST_GAP };
}
