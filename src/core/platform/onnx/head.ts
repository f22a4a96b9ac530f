import { stat } from 'node:fs/promises';
import path from 'node:path';
import * as ort from 'onnxruntime-node';
import { messageOf, StopTheRun } from '../../kernel/errors.ts';
import type { Sha256 } from '../../kernel/ids.ts';
import { describeSession, outputWidth, tensorText, type GraphValue } from './graph.ts';
import { FLOAT_DTYPES, floatsOf, parseSafetensors, type LinearLayer, type StoredTensor } from './safetensors.ts';
import { createSession, verifyModelFile } from './session.ts';

export interface HeadOptions {
  /** A `.safetensors` file with one linear layer, or an `.onnx` file. */
  readonly file: string;
  readonly sha256: Sha256;
  /** Number of input values: those of the backbone's output; null if the backbone's file does not say. */
  readonly features: number | null;
  /** Number of output values. Not checked if absent. */
  readonly classes?: number | undefined;
  /** Features are divided by their L2 norm first. */
  readonly isUnit?: boolean | undefined;
}

export interface Head {
  run(features: Float32Array): Promise<Float32Array>;
  close(): Promise<void>;
}

/** Far more than a layer from 4,096 features to 21,841 classes needs. */
const MAX_BYTES = 2 ** 29;

/**
 * Opens a head on the cpu. It takes pictures one by one, so that logits do not depend on the other pictures of a pass.
 * @throws StopTheRun `model-unreadable`, `model-sha256`, `model-external-data`, `model-invalid`, `head-invalid`
 */
export async function openHead(options: HeadOptions): Promise<Head> {
  const { size } = await stat(options.file).catch(() => ({ size: 0 }));
  if (size > MAX_BYTES) throw invalid(options, `it has ${size} bytes, more than ${MAX_BYTES}`);
  const bytes = await verifyModelFile(options.file, options.sha256);
  const head =
    path.extname(options.file) === '.safetensors' ? linearHead(bytes, options) : await onnxHead(bytes, options);
  if (options.isUnit !== true) return head;
  return { run: (features) => head.run(unitOf(features)), close: () => head.close() };
}

/** The vector divided by its L2 norm, which is summed in double precision. A vector of zeros gives NaN, as in open_clip. */
export function unitOf(features: Float32Array): Float32Array {
  const norm = Math.sqrt(features.reduce((sum, value) => sum + value * value, 0));
  return features.map((value) => value / norm);
}

/**
 * Computes `weight . features + bias`. It adds in double precision from the first feature to the last and then rounds to
 * float32. The result has the same bits on every run, thread and machine, and is within float32 rounding of ONNX Runtime's
 * Gemm.
 */
export function applyLinear({ weight, bias }: LinearLayer, features: Float32Array): Float32Array {
  const width = features.length;
  return bias.map((offset, row) => {
    let sum = 0;
    for (let i = 0, at = row * width; i < width; i += 1, at += 1) sum += (weight[at] ?? 0) * (features[i] ?? 0);
    return sum + offset;
  });
}

/**
 * The layer of a safetensors file as PyTorch saves an `nn.Linear`: `weight` [classes, features] and `bias` [classes],
 * both finite F32, F16 or BF16, and nothing else.
 *
 * @throws StopTheRun `head-invalid`
 */
export function linearLayerOf(bytes: Buffer, options: HeadOptions): LinearLayer {
  let tensors: ReadonlyMap<string, StoredTensor>;
  try {
    tensors = parseSafetensors(bytes);
  } catch (error) {
    throw invalid(options, messageOf(error));
  }
  const names = [...tensors.keys()].toSorted();
  if (names.join(' ') !== 'bias weight')
    throw invalid(options, `it holds the tensors ${names.join(', ') || 'none'}, not weight and bias`);
  const { weight, bias } = Object.fromEntries(tensors);
  const [classes = 0, features = 0, ...rest] = weight?.shape ?? [];
  if (rest.length > 0 || classes < 1 || features < 1)
    throw invalid(options, `weight is ${shapeText(weight)}, not ${FLOAT_TYPES} [classes, features]`);
  requireWidths(options, { features, classes });
  return {
    weight: valuesOf('weight', weight, { shape: [classes, features], options }),
    bias: valuesOf('bias', bias, { shape: [classes], options }),
  };
}

/**
 * The weights and the bias of one class in the layer of a safetensors file. Reads no other row, because all rows take a
 * third of a second. Null if the file has no such row, or is not a layer.
 */
export function linearRowOf(
  bytes: Buffer,
  row: number,
): { readonly weight: Float32Array; readonly bias: number } | null {
  let tensors: ReadonlyMap<string, StoredTensor>;
  try {
    tensors = parseSafetensors(bytes);
  } catch {
    return null;
  }
  const [weight, bias] = [tensors.get('weight'), tensors.get('bias')];
  const [classes = 0, features = 0] = weight?.shape ?? [];
  if (weight === undefined || bias === undefined || row >= classes) return null;
  const weights = floatsOf(rowOf(weight, row, classes), features);
  const offset = floatsOf(rowOf(bias, row, classes), 1)?.[0];
  return weights === null || offset === undefined ? null : { weight: weights, bias: offset };
}

function rowOf({ dtype, data, shape }: StoredTensor, row: number, rows: number): StoredTensor {
  const bytes = data.length / rows;
  return { dtype, shape: shape.slice(1), data: data.subarray(row * bytes, (row + 1) * bytes) };
}

function linearHead(bytes: Buffer, options: HeadOptions): Head {
  const layer = linearLayerOf(bytes, options);
  const width = layer.weight.length / layer.bias.length;
  return {
    run(features) {
      if (features.length !== width) return Promise.reject(wrongFeatures(options, width, features.length));
      return Promise.resolve(applyLinear(layer, features));
    },
    close: () => Promise.resolve(),
  };
}

async function onnxHead(bytes: Buffer, options: HeadOptions): Promise<Head> {
  const session = await createSession(bytes, options);
  try {
    const { inputs, outputs } = describeSession(session);
    const [input, ...otherInputs] = inputs;
    const [output, ...otherOutputs] = outputs;
    const isOne = otherInputs.length === 0 && otherOutputs.length === 0;
    if (input === undefined || output === undefined || !isOne || !isRow(input) || !isRow(output))
      throw invalid(
        options,
        `it has inputs ${inputs.map(tensorText).join(', ')} and outputs ${outputs.map(tensorText).join(', ')}, not one of float32 [batch, features] and one of float32 [batch, classes]`,
      );
    requireWidths(options, { features: outputWidth(input), classes: outputWidth(output) });
    return {
      run: async (features) => {
        const tensor = new ort.Tensor('float32', features, [1, features.length]);
        const given = (await session.run({ [input.name]: tensor }))[output.name];
        if (!(given?.data instanceof Float32Array))
          throw invalid(options, `it gave ${given?.type ?? 'nothing'}, not float32`);
        requireWidths(options, { features: null, classes: given.data.length });
        return given.data.slice();
      },
      close: () => session.release(),
    };
  } catch (error) {
    await session.release();
    throw error;
  }
}

/** True if a value is float32 with one row for each picture. */
function isRow({ type, shape }: GraphValue): boolean {
  return type === 'float32' && shape.length === 2 && (shape[0] === 1 || typeof shape[0] === 'string');
}

function requireWidths(
  options: HeadOptions,
  { features, classes }: { readonly features: number | null; readonly classes: number | null },
): void {
  if (features !== null && options.features !== null && features !== options.features)
    throw wrongFeatures(options, features, options.features);
  if (classes !== null && options.classes !== undefined && classes !== options.classes)
    throw invalid(options, `it gives ${classes} values, but its class list has ${options.classes}`);
}

const FLOAT_TYPES = FLOAT_DTYPES.join(' or ');

function valuesOf(
  name: string,
  tensor: StoredTensor | undefined,
  { shape, options }: { readonly shape: readonly number[]; readonly options: HeadOptions },
): Float32Array {
  const count = shape.reduce((product, side) => product * side, 1);
  const values = tensor?.shape.join() === shape.join() ? floatsOf(tensor, count) : null;
  if (values === null)
    throw invalid(
      options,
      `${name} is ${shapeText(tensor)} in ${tensor?.data.length ?? 0} bytes, not ${FLOAT_TYPES} [${shape.join(', ')}]`,
    );
  const wrong = values.findIndex((value) => !Number.isFinite(value));
  if (wrong !== -1) throw invalid(options, `${name} has ${values[wrong]} at value ${wrong} of ${count}`);
  return values;
}

function shapeText(tensor: StoredTensor | undefined): string {
  return tensor === undefined ? 'absent' : `${tensor.dtype} [${tensor.shape.join(', ')}]`;
}

function wrongFeatures(options: HeadOptions, takes: number, given: number): StopTheRun {
  return invalid(options, `it takes ${takes} features, but its backbone gives ${given}`);
}

function invalid({ file }: HeadOptions, what: string): StopTheRun {
  return new StopTheRun(
    `Expected a head in '${file}' (a linear layer in safetensors, or an ONNX file over features) but ${what}`,
    { code: 'head-invalid' },
  );
}
