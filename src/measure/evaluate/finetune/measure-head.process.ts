import { setImmediate } from 'node:timers/promises';
import { throwIfInterrupted } from '../../../core/kernel/errors.ts';
import { lossOf, type LabelledFeatures } from '../../heads/softmax-regression.ts';
import { applyLinear } from '../../../core/platform/onnx/head.ts';
import type { LinearLayer } from '../../../core/platform/onnx/safetensors.ts';
import { evaluationOf } from '../evaluate.ts';
import type { Accuracy } from '../evaluation.ts';
import { answerOf, type Answered } from '../logits/answer.ts';

export interface HeadMeasures extends Accuracy {
  readonly photos: number;
  /** The mean of -log p(true class), in nats. */
  readonly logLoss: number;
  /** Corrected, as `winnow evaluate` gives it. */
  readonly rmsCalibrationError: number;
}

/** Photos between two looks at the signal: a tenth of a second with 2,048 features and 200 classes. */
const PHOTOS_AT_ONCE = 256;

/** With its float32 weights and logits, as the filter uses them. Null without photos. */
export async function measureHead(
  layer: LinearLayer,
  { values, columns, labels }: Omit<LabelledFeatures, 'classes'>,
  signal: AbortSignal,
): Promise<HeadMeasures | null> {
  if (labels.length === 0) return null;
  let loss = 0;
  const predictions: (Answered & { readonly truth: number })[] = [];
  for (const [photo, truth] of labels.entries()) {
    const logits = applyLinear(layer, values.subarray(photo * columns, (photo + 1) * columns));
    loss += lossOf(logits, truth);
    predictions.push({ ...answerOf(logits), truth });
    if (photo % PHOTOS_AT_ONCE !== 0) continue;
    await setImmediate();
    throwIfInterrupted(signal);
  }
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
