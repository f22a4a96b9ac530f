import { groupBy } from '../../core/kernel/group-by.ts';
import type { WithInterval } from '../charts/estimate.ts';
import type { Accuracy, ClassAccuracy, Evaluation, EvaluationCurves, OodLists } from './evaluation.ts';
import { rankingOf, type ModelAnswer } from './metrics/answer.ts';
import { reliabilityBins, rmsCalibrationError, rmsErrorIfCalibrated, signedGap } from './metrics/calibration.ts';
import { confidenceIntervals } from './metrics/intervals.ts';
import { oodCurves, oodMeasures } from './metrics/ood.ts';
import { aurra, responseRateCurve } from './metrics/response-rate.ts';
import { softF1 } from './metrics/soft-f1.ts';
import { wilsonInterval } from '../../core/kernel/wilson.ts';
import { isCorrect, type Prediction } from './prediction.ts';

export interface Evaluated {
  readonly model: string;
  /** The classes, by wnid, that the model chooses among: what positions in predictions refer to. */
  readonly among: readonly string[];
  readonly inDistribution: InDistribution | null;
}

/** The model's confidences on photos that show one of the classes. */
export interface InDistribution {
  readonly confidences: readonly number[];
  readonly lists: OodLists;
}

/**
 * Evaluates a model. Without photos, and in mode O, what needs correct answers is null.
 * @throws RangeError if a confidence is not in 0..1, a position not in `among`, or only some photos show a class
 */
export function evaluationOf(predictions: readonly Prediction[], about: Evaluated): Evaluation {
  checkPositions(predictions, about.among);
  const answers = answersOf(predictions);
  const ranking = rankingOf(answers);
  const perClass = accuracyByClass(predictions, about.among);
  const ood = withConfidences(predictions, about, oodMeasures);
  return {
    model: about.model,
    photos: predictions.length,
    ...(accuracyOf(answers.map((answer) => answer.isCorrect)) ?? NO_ACCURACY),
    ...top5Of(predictions, about.among),
    ...multiLabelOf(predictions),
    macroAccuracy:
      perClass.length === 0 ? null : perClass.reduce((sum, { accuracy }) => sum + accuracy, 0) / perClass.length,
    rmsCalibrationError: rmsCalibrationError(ranking, 'corrected'),
    rmsCalibrationErrorUpstream: rmsCalibrationError(ranking, 'upstream-compatible'),
    rmsCalibrationErrorIfCalibrated: rmsErrorIfCalibrated(ranking),
    signedGap: signedGap(ranking),
    aurra: aurra(ranking),
    softF1: softF1(ranking),
    ...confidenceIntervals(ranking),
    perClass,
    ood: ood && about.inDistribution && { ...about.inDistribution.lists, ...ood },
  };
}

export function curvesOf(
  predictions: readonly Prediction[],
  about: Pick<Evaluated, 'inDistribution'>,
): EvaluationCurves {
  const ranking = rankingOf(answersOf(predictions));
  const curves = withConfidences(predictions, about, oodCurves);
  return {
    reliability: reliabilityBins(ranking),
    responseRate: responseRateCurve(ranking),
    precisionRecall: curves?.precisionRecall ?? null,
    roc: curves?.roc ?? null,
  };
}

function answersOf(predictions: readonly Prediction[]): ModelAnswer[] {
  const known = predictions.filter(({ truth }) => truth !== null);
  if (known.length > 0 && known.length < predictions.length) {
    throw new RangeError(
      `Expected the class of all photos or of none but received that of ${known.length} of ${predictions.length}.`,
    );
  }
  return known.map((one) => ({ confidence: one.confidence, isCorrect: isCorrect(one) }));
}

/** With fewer classes, chance alone puts the right one among five of them often. */
const LEAST_FOR_TOP5 = 11;

function top5Of(predictions: readonly Prediction[], among: readonly string[]): Partial<Evaluation> {
  const known = predictions.filter(({ truth }) => truth !== null);
  const isMeasured = among.length >= LEAST_FOR_TOP5 && known.every(({ top5 }) => top5 !== undefined);
  const found = isMeasured ? accuracyOf(known.map(({ top5 = [], truth }) => top5.includes(truth ?? -1))) : null;
  const { accuracy, accuracyLow, accuracyHigh } = found ?? NO_ACCURACY;
  return { top5Accuracy: accuracy, top5AccuracyLow: accuracyLow, top5AccuracyHigh: accuracyHigh };
}

/** Counts every class as right that a photo clearly shows: a further class that a model names becomes the photo's own. */
export function withFurtherClasses(predictions: readonly Prediction[]): Prediction[] {
  return predictions.map(({ also = [], top5, ...one }) => {
    const own = (position: number): number => (also.includes(position) ? (one.truth ?? position) : position);
    return { ...one, predicted: own(one.predicted), ...(top5 && { top5: top5.map(own) }) };
  });
}

function multiLabelOf(predictions: readonly Prediction[]): object {
  if (!predictions.some(({ also = [] }) => also.length > 0)) return {};
  const known = withFurtherClasses(predictions).filter(({ truth }) => truth !== null);
  const found = accuracyOf(known.map(isCorrect));
  if (found === null) return {};
  const { accuracy: accuracyMultiLabel, accuracyLow, accuracyHigh } = found;
  return { accuracyMultiLabel, accuracyMultiLabelLow: accuracyLow, accuracyMultiLabelHigh: accuracyHigh };
}

function checkPositions(predictions: readonly Prediction[], among: readonly string[]): void {
  for (const { predicted, truth } of predictions) {
    const wrong = [predicted, truth ?? predicted].find((position) => among[position] === undefined);
    if (wrong === undefined) continue;
    throw new RangeError(`Expected positions among ${among.length} classes but received ${wrong}.`);
  }
}

/** For a member whose accuracy is 0 by the rule of the filter: it has no interval, because chance has no part in it. */
export const ZERO_BY_RULE = { accuracyLow: null, accuracyHigh: null, accuracyByRule: true } as const;

export const NO_ACCURACY: WithInterval<'accuracy', number | null> = {
  accuracy: null,
  accuracyLow: null,
  accuracyHigh: null,
};

/** The share of right answers with its Wilson 95 % interval; null without answers. */
export function accuracyOf(answers: readonly boolean[]): Accuracy | null {
  const correct = answers.filter(Boolean).length;
  const interval = wilsonInterval(correct, answers.length);
  return interval && { accuracy: correct / answers.length, accuracyLow: interval.low, accuracyHigh: interval.high };
}

/** The accuracy on each class with photos, sorted by wnid. Photos that show no class are left out. */
export function accuracyByClass(predictions: readonly Prediction[], among: readonly string[]): ClassAccuracy[] {
  const classes = groupBy(predictions, ({ truth }) => truth);
  return [...classes]
    .flatMap(([truth, photos]) => {
      const accuracy = accuracyOf(photos.map(isCorrect));
      if (truth === null || accuracy === null) return [];
      return [{ wnid: among[truth] ?? '', photos: photos.length, ...accuracy }];
    })
    .toSorted((a, b) => (a.wnid < b.wnid ? -1 : 1));
}

/** Null unless there are photos of the set and photos in the distribution. */
function withConfidences<Result>(
  predictions: readonly Prediction[],
  { inDistribution }: Pick<Evaluated, 'inDistribution'>,
  compute: (confidences: { readonly set: readonly number[]; readonly inDistribution: readonly number[] }) => Result,
): Result | null {
  const confidences = inDistribution?.confidences ?? [];
  if (predictions.length === 0 || confidences.length === 0) return null;
  return compute({ set: predictions.map(({ confidence }) => confidence), inDistribution: confidences });
}
