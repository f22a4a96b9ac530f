import type * as ort from 'onnxruntime-node';
import type { InputFormat } from './model-format.ts';

export interface GraphValue {
  readonly name: string;
  /** `float32`, `uint8`, ...; `not a tensor` for sequences and maps. */
  readonly type: string;
  /** A number for a fixed dimension, its name for any other; empty for a scalar. */
  readonly shape: readonly (number | string)[];
}

export interface GraphDescription {
  readonly inputs: readonly GraphValue[];
  readonly outputs: readonly GraphValue[];
}

export function describeSession(session: ort.InferenceSession): GraphDescription {
  return { inputs: session.inputMetadata.map(valueOf), outputs: session.outputMetadata.map(valueOf) };
}

function valueOf(metadata: ort.InferenceSession.ValueMetadata): GraphValue {
  if (!metadata.isTensor) return { name: metadata.name, type: 'not a tensor', shape: [] };
  // A dimension without a name comes as an empty text or as -1.
  const shape = metadata.shape.map((dim) =>
    typeof dim === 'number' && dim >= 0 ? dim : String(dim === -1 ? '' : dim),
  );
  return { name: metadata.name, type: metadata.type, shape };
}

/** `float32 [batch, 3, 224, 224]` */
export function tensorText({ type, shape }: Pick<GraphValue, 'type' | 'shape'>): string {
  return type === 'not a tensor' ? type : `${type} [${shape.map((dim) => (dim === '' ? '?' : dim)).join(', ')}]`;
}

/** Number of pictures that one pass must have, or null for any number. */
export function fixedBatchOf({ shape }: GraphValue): number | null {
  const [batch] = shape;
  return typeof batch === 'number' ? batch : null;
}

/** How an input differs from its card, as parts of a sentence. */
export function inputProblems(
  input: GraphValue,
  { size, format }: { readonly size: number; readonly format: InputFormat },
): string[] {
  const { layout = 'nchw', type = 'float32' } = format;
  const sides = layout === 'nchw' ? [3, size, size] : [size, size, 3];
  const fits =
    input.shape.length === 4 &&
    sides.every((side, i) => typeof input.shape[i + 1] !== 'number' || input.shape[i + 1] === side);
  const wanted = tensorText({ type, shape: ['batch', ...sides] });
  const batch = fixedBatchOf(input);
  return [
    ...(input.type === type && fits ? [] : [`its input '${input.name}' is ${tensorText(input)}, not ${wanted}`]),
    ...(batch === null || batch === 1 ? [] : [`it takes exactly ${batch} pictures at a time, not any number or 1`]),
  ];
}

/** How an output differs from its card, as parts of a sentence, also in the number of `classes` if given. */
export function outputProblems(output: GraphValue, classes: number | undefined): string[] {
  const width = outputWidth(output);
  if (!isFloat(output)) return [`its output '${output.name}' is ${tensorText(output)}, not float32 or float16`];
  if (classes === undefined || width === null || width === classes) return [];
  return [`its output '${output.name}' is ${tensorText(output)}, but its class list has ${classes}`];
}

/** True if winnow can read its values. */
export const isFloat = ({ type }: GraphValue): boolean => type === 'float32' || type === 'float16';

/** Number of values for each picture in `[batch, n]` or `[batch, n, 1, 1]`; null if the file does not say. */
export function outputWidth({ shape }: GraphValue): number | null {
  const [, width, ...rest] = shape;
  return typeof width === 'number' && rest.every((dim) => dim === 1) ? width : null;
}
