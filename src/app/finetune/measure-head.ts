import { lossOf, type LabelledFeatures } from '../../evidence/head/softmax-regression.ts';
import { applyLinear, type LinearLayer } from '../../platform/onnx/head.ts';
import { evaluationOf } from '../../report/evaluate.ts';
import { answerOf } from '../../report/logits/answer.ts';

/** What a head says of labelled photos. Fractions, not percent. */
export interface HeadMeasures {
  readonly photos: number;
  readonly accuracy: number;
  /** Ends of Wilson's 95 % interval. */
  readonly accuracyLow: number;
  readonly accuracyHigh: number;
  /** The mean of -log p(true class), in nats. */
  readonly logLoss: number;
  /** Corrected, as `winnow evaluate` gives it. */
  readonly rmsCalibrationError: number;
}

/**
 * Measures a head with its float32 weights and logits, as the filter uses them.
 *
 * @returns null without photos
 */
export function measureHead(
  layer: LinearLayer,
  { values, columns, labels }: Omit<LabelledFeatures, 'classes'>,
): HeadMeasures | null {
  if (labels.length === 0) return null;
  let loss = 0;
  const predictions = [...labels].map((truth, photo) => {
    const logits = applyLinear(layer, values.subarray(photo * columns, (photo + 1) * columns));
    loss += lossOf(logits, truth);
    return { ...answerOf(logits), truth };
  });
  const among = [...layer.bias].map((_, c) => `${c}`);
  const evaluation = evaluationOf(predictions, { model: '', among, inDistribution: null });
  return {
    photos: labels.length,
    accuracy: evaluation.accuracy ?? 0,
    accuracyLow: evaluation.accuracyLow ?? 0,
    accuracyHigh: evaluation.accuracyHigh ?? 1,
    logLoss: loss / labels.length,
    rmsCalibrationError: evaluation.rmsCalibrationError ?? 0,
  };
}
