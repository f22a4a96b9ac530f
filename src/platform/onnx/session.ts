import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import * as ort from 'onnxruntime-node';
import { messageOf, StopTheRun } from '../../kernel/errors.ts';
import type { ExecutionProvider } from '../../kernel/execution-provider.ts';
import type { Sha256 } from '../../kernel/ids.ts';
import { requireOneFile } from './external-data.ts';
import { describeSession, fixedBatchOf, formatProblems, tensorText } from './graph.ts';
import { inputDims, toInput, toLogits, type ModelFormat } from './model-format.ts';

/** For `logitsName`: whatever the graph's only output is called. */
const ONLY_OUTPUT = '*';

export interface SessionOptions {
  /** Path of the ONNX file. */
  readonly file: string;
  /** The file's bytes must hash to this: evidence is keyed by it. */
  readonly sha256: Sha256;
  readonly inputName: string;
  /** Name of the output, or `ONLY_OUTPUT`. */
  readonly logitsName: string;
  /** Side of the square input, pixels. */
  readonly size: number;
  /** Where it is not float32 NCHW and logits. */
  readonly format?: ModelFormat | undefined;
  /** The processor by default. Must be available: see `availableProvider`. */
  readonly provider?: ExecutionProvider | undefined;
}

export interface OnnxSession {
  /**
   * @param tensor `crops * 3 * size * size` float32, NCHW; brought into the model's own layout and type here
   * @returns one row of logits a crop, over all classes of the model
   */
  run(tensor: Float32Array, crops: number): Promise<Float32Array[]>;
  /** Frees the session. Only once no `run` is under way: ending a thread during one aborts the process. */
  close(): Promise<void>;
}

/**
 * Opens a model for use by one thread. Its bytes are hashed as they are handed to the runtime, so a file that was
 * cut off or replaced is never run. One thread a session: several sessions in threads of their own beat one session
 * with several threads, and the arithmetic then never depends on the machine's number of cores.
 *
 * @throws StopTheRun `model-unreadable`, `model-sha256`, `model-external-data`, `model-invalid`, `model-names`, `model-format`
 */
export async function openSession(options: SessionOptions): Promise<OnnxSession> {
  const bytes = await verifyModelFile(options.file, options.sha256);
  const session = await createSession(bytes, options);
  let graph: Graph;
  try {
    graph = checkedGraph(session, options);
  } catch (error) {
    await session.release();
    throw error;
  }
  return {
    run: (tensor, crops) => runInPortions(graph, options, { tensor, crops }),
    close: () => session.release(),
  };
}

interface Graph {
  readonly session: ort.InferenceSession;
  readonly outputName: string;
  /** Crops that one pass must have; null for any number. */
  readonly fixedBatch: number | null;
}

/**
 * Hands a model's bytes to ONNX Runtime, unless some of its weights are outside them.
 *
 * @param file the model, as messages show it
 * @throws StopTheRun `model-external-data`, `model-invalid`
 */
export async function createSession(
  bytes: Buffer,
  { file, provider = 'cpu' }: { readonly file: string; readonly provider?: ExecutionProvider | undefined },
): Promise<ort.InferenceSession> {
  requireOneFile(bytes, file);
  try {
    return await ort.InferenceSession.create(bytes, {
      // Alone: of several, those that are not there are left out without a word. What it cannot do runs on the cpu anyway.
      executionProviders: [provider],
      intraOpNumThreads: 1,
      interOpNumThreads: 1,
      executionMode: 'sequential',
      graphOptimizationLevel: 'all',
      enableCpuMemArena: true,
      logSeverityLevel: 3,
    });
  } catch (error) {
    throw new StopTheRun(
      `Expected an ONNX model that this version of ONNX Runtime can run in '${file}' but received: ${messageOf(error)}`,
      { code: 'model-invalid', cause: error },
    );
  }
}

/**
 * Reads a model file and checks its hash.
 *
 * @throws StopTheRun `model-unreadable`, `model-sha256`
 */
export async function verifyModelFile(file: string, sha256: Sha256): Promise<Buffer> {
  let bytes: Buffer;
  try {
    bytes = await readFile(file);
  } catch (error) {
    throw new StopTheRun(`Expected a model at '${file}' but it cannot be read: ${messageOf(error)}`, {
      code: 'model-unreadable',
      cause: error,
    });
  }
  const actual = createHash('sha256').update(bytes).digest('hex');
  if (actual === sha256) return bytes;
  throw new StopTheRun(
    `Expected sha256 ${sha256} for the model '${file}' but its ${bytes.length} bytes have ${actual}: the file is damaged or another model; restore it from its source`,
    { code: 'model-sha256' },
  );
}

function checkedGraph(session: ort.InferenceSession, options: SessionOptions): Graph {
  const { file, inputName, logitsName, size, format = {} } = options;
  const [only = ''] = session.outputNames;
  const outputName = logitsName === ONLY_OUTPUT && session.outputNames.length === 1 ? only : logitsName;
  if (!session.inputNames.includes(inputName) || !session.outputNames.includes(outputName)) {
    throw new StopTheRun(
      `Expected input '${inputName}' and output '${outputName}' in the model '${file}' but it has inputs ${session.inputNames.join(', ')} and outputs ${session.outputNames.join(', ')}`,
      { code: 'model-names' },
    );
  }
  const { inputs, outputs } = describeSession(session);
  const input = inputs.find(({ name }) => name === inputName);
  const output = outputs.find(({ name }) => name === outputName);
  if (input === undefined || output === undefined) return { session, outputName, fixedBatch: null };
  const problems = formatProblems({ input, output }, { size, format });
  if (problems.length > 0)
    throw new StopTheRun(`The model '${file}' is not what its card says: ${problems.join('; ')}`, {
      code: 'model-format',
    });
  return { session, outputName, fixedBatch: fixedBatchOf(input) };
}

/** A graph made for one picture at a time gets its pictures one by one. */
async function runInPortions(
  graph: Graph,
  options: SessionOptions,
  { tensor, crops }: { tensor: Float32Array; crops: number },
): Promise<Float32Array[]> {
  const values = 3 * options.size * options.size;
  if (graph.fixedBatch === null)
    return runSession(graph, options, { tensor: tensor.subarray(0, crops * values), crops });
  const rows: Float32Array[] = [];
  for (let i = 0; i < crops; i += 1) {
    const one = tensor.subarray(i * values, (i + 1) * values);
    rows.push(...(await runSession(graph, options, { tensor: one, crops: 1 })));
  }
  return rows;
}

async function runSession(
  { session, outputName }: Graph,
  { inputName, size, format = {} }: SessionOptions,
  { tensor, crops }: { tensor: Float32Array; crops: number },
): Promise<Float32Array[]> {
  const data = toInput(tensor, size, format);
  const dims = inputDims(crops, size, format);
  const input =
    data instanceof Uint8Array ? new ort.Tensor('uint8', data, dims) : new ort.Tensor('float32', data, dims);
  const output = (await session.run({ [inputName]: input }, [outputName]))[outputName];
  if (output === undefined || !(output.data instanceof Float32Array)) {
    throw new StopTheRun(`Expected float32 from the output '${outputName}' but received ${output?.type ?? 'nothing'}`, {
      code: 'model-output',
    });
  }
  const width = output.data.length / crops;
  if (!Number.isInteger(width) || (format.classes !== undefined && width !== format.classes)) {
    throw new StopTheRun(
      `Expected ${format.classes ?? 'as many'} values a picture from the output '${outputName}' but ${crops} pictures gave ${tensorText({ type: output.type, shape: output.dims })}`,
      { code: 'model-output' },
    );
  }
  return toLogits(output.data, crops, format);
}
