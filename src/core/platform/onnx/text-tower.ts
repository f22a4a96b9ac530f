import * as ort from 'onnxruntime-node';
import { StopTheRun } from '../../kernel/errors.ts';
import type { Sha256 } from '../../kernel/ids.ts';
import { describeSession, fixedBatchOf, isFloat, tensorText, type GraphValue } from './graph.ts';
import { valuesOf } from './model-format.ts';
import { createSession, verifyModelFile } from './session.ts';

export interface TextTowerOptions {
  readonly file: string;
  readonly sha256: Sha256;
  readonly output: string;
  readonly threads: number;
}

/** The tokens of a text, filled up to the context length. `length`: those before the padding. */
export interface TextInput {
  readonly ids: readonly number[];
  readonly length: number;
}

export interface TextTower {
  /** The embedding of each text, in their order. All texts must have the same number of ids. */
  run(texts: readonly TextInput[]): Promise<Float32Array[]>;
  close(): Promise<void>;
}

/**
 * Opens a text tower: inputs `input_ids` and, if the graph has it, `attention_mask`, both int64 or int32 [batch, tokens]; an output
 * [batch, width] of float32 or float16.
 *
 * @throws StopTheRun `model-unreadable`, `model-sha256`, `model-external-data`, `model-invalid`, `text-tower`
 */
export async function openTextTower({ file, sha256, output, threads }: TextTowerOptions): Promise<TextTower> {
  const session = await createSession(await verifyModelFile(file, sha256), { file, threads });
  const graph = describeSession(session);
  const wanted = graph.outputs.find(({ name }) => name === output);
  if (!isTextTower(graph.inputs) || wanted === undefined || !isFloat(wanted) || wanted.shape.length !== 2) {
    await session.release();
    throw new StopTheRun(
      `Expected a text tower with the input 'input_ids', maybe 'attention_mask' (int64 or int32 [batch, tokens]), and the output '${output}' (float32 [batch, width]) in '${file}' but it has the inputs ${listed(graph.inputs)} and the outputs ${listed(graph.outputs)}; text.output of the card names the output`,
      { code: 'text-tower' },
    );
  }
  const isFixed = graph.inputs.some((input) => fixedBatchOf(input) !== null);
  const pass = async (texts: readonly TextInput[]): Promise<Float32Array[]> => {
    const feeds = Object.fromEntries(graph.inputs.map((input) => [input.name, tensorOf(input, texts)]));
    const given = (await session.run(feeds, [output]))[output];
    const values = given === undefined ? null : valuesOf(given);
    const width = (values?.length ?? 0) / texts.length;
    return texts.map((_, i) => values?.slice(i * width, (i + 1) * width) ?? new Float32Array());
  };
  return {
    run: async (texts) => {
      if (!isFixed) return pass(texts);
      const all: Float32Array[] = [];
      for (const text of texts) all.push(...(await pass([text])));
      return all;
    },
    close: () => session.release(),
  };
}

const listed = (values: readonly GraphValue[]): string =>
  values.map((value) => `'${value.name}' ${tensorText(value)}`).join(', ');

function isTextTower(inputs: readonly GraphValue[]): boolean {
  const names = inputs.map(({ name }) => name);
  return (
    names.includes('input_ids') &&
    names.every((name) => name === 'input_ids' || name === 'attention_mask') &&
    inputs.every(({ type, shape }) => (type === 'int64' || type === 'int32') && shape.length === 2)
  );
}

function tensorOf({ name, type }: GraphValue, texts: readonly TextInput[]): ort.Tensor {
  const values = texts.flatMap(({ ids, length }) =>
    name === 'input_ids' ? ids : ids.map((_, i) => Number(i < length)),
  );
  const dims = [texts.length, values.length / texts.length];
  return type === 'int64'
    ? new ort.Tensor(type, BigInt64Array.from(values, BigInt), dims)
    : new ort.Tensor('int32', Int32Array.from(values), dims);
}
