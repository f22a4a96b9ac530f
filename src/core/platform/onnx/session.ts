import { readFile } from 'node:fs/promises';
import * as ort from 'onnxruntime-node';
import { refuseTelemetry } from '../../config/env.ts';
import { messageOf, StopTheRun } from '../../kernel/errors.ts';
import type { ModelPlace } from '../../kernel/execution-provider.ts';
import type { Sha256 } from '../../kernel/ids.ts';
import { sha256Of } from '../../tools/sha256.ts';
import { requireExternalFiles, type ExternalFile } from './external-data.ts';
import { describeSession, fixedBatchOf, inputProblems, outputProblems, tensorText, type GraphValue } from './graph.ts';
import { withTensors } from './inner-tensor.ts';
import { toInput, valuesOf, type InputFormat } from './model-format.ts';

export interface OutputOptions {
  /** The name of a tensor of the graph, or one of the other names that `withTensors` knows. */
  readonly name: string;
  /** Number of values for each picture. Not checked if absent. */
  readonly classes?: number | undefined;
}

export interface SessionOptions extends ModelPlace {
  readonly file: string;
  /** Required hash of the file's bytes. Evidence is keyed by it. */
  readonly sha256: Sha256;
  readonly inputName: string;
  readonly outputs: readonly OutputOptions[];
  /** Side of the square input, pixels. */
  readonly size: number;
  readonly externalData?: readonly ExternalFile[] | undefined;
  /** The input format, if it is not float32 NCHW. */
  readonly format?: InputFormat | undefined;
}

export interface OnnxSession {
  /**
   * Runs one forward pass on `crops * 3 * size * size` float32, NCHW, which are converted to the model's layout and
   * type. Gives each crop one row of values for each output, each a copy.
   */
  run(tensor: Float32Array, crops: number): Promise<Float32Array[][]>;
  readonly outputs: readonly GraphValue[];
  /** Frees the session. Call it only when no `run` is in flight: ending a thread during a run aborts the process. */
  close(): Promise<void>;
}

/**
 * Opens a model for use by one thread: several sessions in their own threads are faster than one with several threads,
 * and results never depend on the number of cores. The bytes that the runtime gets are hashed.
 *
 * @throws StopTheRun `model-unreadable`, `model-sha256`, `model-external-data`, `model-invalid`, `model-names`,
 * `model-format`
 */
export async function openSession(options: SessionOptions): Promise<OnnxSession> {
  const file = await verifyModelFile(options.file, options.sha256);
  const wanted = options.outputs.map(({ name }) => name);
  const { bytes, names } = withTensors(file, wanted, options.file);
  const externalData = await readExternalFiles(options.externalData ?? []);
  const session = await createSession(bytes, { ...options, externalData });
  let graph: Graph;
  try {
    graph = checkedGraph(session, options, names);
  } catch (error) {
    await session.release();
    throw error;
  }
  return {
    outputs: graph.outputs,
    run: (tensor, crops) => runInPortions(graph, options, { tensor, crops }),
    close: () => session.release(),
  };
}

interface Graph {
  readonly session: ort.InferenceSession;
  readonly outputs: readonly GraphValue[];
  /** Number of crops that one pass must have; null for any number. */
  readonly fixedBatch: number | null;
}

/** Creates a session from a model's bytes. @throws StopTheRun `model-external-data`, `model-invalid` */
export async function createSession(
  bytes: Buffer,
  {
    file,
    externalData = [],
    threads = 1,
    ...place
  }: ModelPlace & {
    readonly file: string;
    readonly externalData?: readonly LoadedFile[];
    /** Threads of one pass: more than 1 for a session that has no others beside it. */
    readonly threads?: number;
  },
): Promise<ort.InferenceSession> {
  const listed = externalData.map(({ path }) => path);
  requireExternalFiles(bytes, file, listed);
  refuseTelemetry();
  try {
    return await ort.InferenceSession.create(bytes, {
      // Only one provider: from a list, ONNX Runtime silently skips those that are missing. Operators that this provider
      // does not support run on the cpu anyway.
      executionProviders: [providerOption(place)],
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      executionMode: 'sequential',
      graphOptimizationLevel: 'all',
      enableCpuMemArena: true,
      externalData,
      logSeverityLevel: 3,
    });
  } catch (error) {
    throw new StopTheRun(
      `Expected an ONNX model that this version of ONNX Runtime can run in '${file}' but received: ${messageOf(error)}`,
      { code: 'model-invalid', cause: error },
    );
  }
}

/** The entry of ONNX Runtime's option `executionProviders`. */
export function providerOption({ provider = 'cpu', device }: ModelPlace): ort.InferenceSession.ExecutionProviderConfig {
  return device === undefined ? provider : { name: provider, deviceId: device };
}

/** The bytes of a file with weights, in the form of ONNX Runtime: `path` is the name that the model has for it. */
export interface LoadedFile {
  readonly path: string;
  readonly data: Buffer;
}

/** @throws StopTheRun as `verifyModelFile` */
async function readExternalFiles(files: readonly ExternalFile[]): Promise<LoadedFile[]> {
  return Promise.all(
    files.map(async ({ name, file, sha256 }) => ({ path: name, data: await verifyModelFile(file, sha256) })),
  );
}

/** Reads a model file and checks its hash. @throws StopTheRun `model-unreadable`, `model-sha256` */
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
  const actual = sha256Of(bytes);
  if (actual === sha256) return bytes;
  throw new StopTheRun(
    `Expected sha256 ${sha256} for the model '${file}' but its ${bytes.length} bytes have ${actual}: the file is damaged or another model; restore it from its source`,
    { code: 'model-sha256' },
  );
}

function checkedGraph(session: ort.InferenceSession, options: SessionOptions, names: readonly string[]): Graph {
  const { file, inputName, size, format = {} } = options;
  const described = describeSession(session);
  const input = described.inputs.find(({ name }) => name === inputName);
  const outputs = names.map((wanted) => described.outputs.find(({ name }) => name === wanted));
  const missing = options.outputs.filter((_, i) => outputs[i] === undefined);
  if (input === undefined || missing.length > 0) {
    const wanted = missing.length > 0 ? missing : options.outputs;
    throw new StopTheRun(
      `Expected input '${inputName}' and output ${wanted.map(({ name }) => `'${name}'`).join(', ')} in the model '${file}' but it has inputs ${session.inputNames.join(', ')} and outputs ${session.outputNames.join(', ')}`,
      { code: 'model-names' },
    );
  }
  const known = outputs.filter((output) => output !== undefined);
  const problems = [
    ...inputProblems(input, { size, format }),
    ...known.flatMap((output, i) => outputProblems(output, options.outputs[i]?.classes)),
  ];
  if (problems.length > 0)
    throw new StopTheRun(`The model '${file}' is not what its card says: ${problems.join('; ')}`, {
      code: 'model-format',
    });
  return { session, outputs: known, fixedBatch: fixedBatchOf(input) };
}

/** Gives pictures one by one to a graph that is made for one picture. */
async function runInPortions(
  graph: Graph,
  options: SessionOptions,
  { tensor, crops }: { tensor: Float32Array; crops: number },
): Promise<Float32Array[][]> {
  const values = 3 * options.size * options.size;
  const atOnce = graph.fixedBatch ?? crops;
  const rows: Float32Array[][] = [];
  for (let i = 0; i < crops; i += atOnce) {
    const some = tensor.subarray(i * values, (i + atOnce) * values);
    rows.push(...(await runSession(graph, options, { tensor: some, crops: atOnce })));
  }
  return rows;
}

async function runSession(
  { session, outputs }: Graph,
  { inputName, size, format = {}, outputs: wanted }: SessionOptions,
  { tensor, crops }: { tensor: Float32Array; crops: number },
): Promise<Float32Array[][]> {
  const input = toInput(tensor, size, format);
  // Several heads may use one output, which is requested once.
  const given = await session.run({ [inputName]: input }, [...new Set(outputs.map(({ name }) => name))]);
  const rows = outputs.map(({ name }, i) => rowsOf(given[name], { name, crops, classes: wanted[i]?.classes }));
  return Array.from({ length: crops }, (_, crop) => rows.map((row) => row[crop] ?? new Float32Array()));
}

/** One row for each crop. Each is a copy, because the next pass overwrites the output. */
function rowsOf(
  output: ort.Tensor | undefined,
  { name, crops, classes }: { readonly name: string; readonly crops: number; readonly classes: number | undefined },
): Float32Array[] {
  const data = output === undefined ? null : valuesOf(output);
  if (output === undefined || data === null) {
    throw new StopTheRun(
      `Expected float32 or float16 from the output '${name}' but received ${output?.type ?? 'nothing'}`,
      {
        code: 'model-output',
      },
    );
  }
  const width = data.length / crops;
  if (!Number.isInteger(width) || (classes !== undefined && width !== classes)) {
    throw new StopTheRun(
      `Expected ${classes ?? 'as many'} values a picture from the output '${name}' but ${crops} pictures gave ${tensorText({ type: output.type, shape: output.dims })}`,
      { code: 'model-output' },
    );
  }
  return Array.from({ length: crops }, (_, i) => data.slice(i * width, (i + 1) * width));
}
