import type { WithInterval } from '../charts/estimate.ts';

/**
 * A model's results on a set of photos. All shares are fractions, 0..1; null if there is nothing to compute them from.
 * - The intervals of `accuracy` and `top5Accuracy` are Wilson's, those of `aurra` and `softF1` are of a bootstrap; all 95 %.
 * - `aurra` is also null if no answer is right. Then `accuracyHigh` says how many may be.
 * - `top5Accuracy`: the photo's class is among the five with the largest logits. Null with ten classes or fewer to choose among,
 *   or if a photo's logits are not stored; absent in reports of an older winnow.
 * - `accuracyMultiLabel` counts every class as right that the photo clearly shows. Only for sets with photos that show several.
 */
export interface Evaluation
  extends
    WithInterval<'accuracy' | 'aurra' | 'softF1', number | null>,
    Partial<WithInterval<'top5Accuracy', number | null>>,
    Partial<WithInterval<'accuracyMultiLabel'>> {
  readonly model: string;
  readonly photos: number;
  /** Mean of the accuracies of the classes, each with equal weight. As every accuracy, null in mode O. */
  readonly macroAccuracy: number | null;
  /** RMS calibration error over all bins of 100 photos (`corrected`). */
  readonly rmsCalibrationError: number | null;
  /** The same as upstream's released code computes it: the last bin is left out (`upstream-compatible`). */
  readonly rmsCalibrationErrorUpstream: number | null;
  /** The RMS error (`corrected`) that 95 of 100 calibrated models with these confidences stay below. */
  readonly rmsCalibrationErrorIfCalibrated: number | null;
  /** Mean confidence minus accuracy, -1..1; null from 200 photos on. */
  readonly signedGap: number | null;
  readonly perClass: readonly ClassAccuracy[];
  /** Null without photos that are in the distribution, and if the model lacks one of the classes. */
  readonly ood: OodMeasures | null;
}

/** The share of right answers with the ends of its Wilson 95 % interval. */
export type Accuracy = WithInterval<'accuracy'>;

export interface ClassAccuracy extends Accuracy {
  readonly wnid: string;
  readonly photos: number;
}

/** The classes that the confidence is over: those of the set's collection. Its filter's rule may range over more. */
export interface OodLists {
  /** A list's name, as `imagenet-o`; otherwise the name of the collection or of the user's file. */
  readonly among: string;
  readonly amongClasses: number;
  /** The same of the classes that the filter's rule is over; null if the set is no export. */
  readonly ruleAmong: string | null;
  readonly ruleAmongClasses: number | null;
}

/**
 * Measures of how well a model's confidence tells photos of the set (positive) from photos in the distribution, 0..1, with
 * bootstrap intervals:
 * - `aupr`: step-wise average precision
 * - `fpr95Nearest`: false positive rate at the threshold whose recall is nearest to 0.95, as in upstream's code
 * - `fpr95First`: the same at the first threshold whose recall is at least 0.95, as in OpenOOD
 */
export interface OodMeasures extends OodLists, WithInterval<'auroc' | 'aupr' | 'fpr95Nearest' | 'fpr95First'> {
  readonly positives: number;
  readonly negatives: number;
  readonly chance: { readonly auroc: number; readonly aupr: number; readonly fpr95: number };
  readonly polarity: string;
}

export interface ReliabilityBin {
  readonly photos: number;
  readonly confidence: number;
  readonly accuracy: number;
}

export interface CurvePoint {
  readonly x: number;
  readonly y: number;
}

export interface EvaluationCurves {
  readonly reliability: readonly ReliabilityBin[];
  /** x: share of photos that are answered, most confident first; y: accuracy on them. At most 201 points. */
  readonly responseRate: readonly CurvePoint[];
  /** Mode O: x recall, y precision. At most 201 points. */
  readonly precisionRecall: readonly CurvePoint[] | null;
  /** Mode O: x false positive rate, y true positive rate. At most 201 points. */
  readonly roc: readonly CurvePoint[] | null;
}
