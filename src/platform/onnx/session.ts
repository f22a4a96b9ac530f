import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import * as ort from 'onnxruntime-node';
import { messageOf, StopTheRun } from '../../kernel/errors.ts';
import type { Sha256 } from '../../kernel/ids.ts';

export interface SessionOptions {
  /** Path of the ONNX file. */
  readonly file: string;
  /** The file's bytes must hash to this: evidence is keyed by it. */
  readonly sha256: Sha256;
  readonly inputName: string;
  readonly logitsName: string;
  /** Side of the square input, pixels. */
  readonly size: number;
}

export interface OnnxSession {
  /**
   * @param tensor `crops * 3 * size * size` float32, NCHW
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
 * @throws StopTheRun `model-unreadable`, `model-sha256`, `model-invalid`, `model-names`
 */
export async function openSession(options: SessionOptions): Promise<OnnxSession> {
  const bytes = await verifyModelFile(options.file, options.sha256);
  const session = await createSession(bytes, options.file);
  try {
    checkNames(session, options);
  } catch (error) {
    await session.release();
    throw error;
  }
  return {
    run: (tensor, crops) => runSession(session, options, { tensor, crops }),
    close: () => session.release(),
  };
}

async function createSession(bytes: Buffer, file: string): Promise<ort.InferenceSession> {
  try {
    return await ort.InferenceSession.create(bytes, {
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

function checkNames(session: ort.InferenceSession, { file, inputName, logitsName }: SessionOptions): void {
  if (session.inputNames.includes(inputName) && session.outputNames.includes(logitsName)) return;
  throw new StopTheRun(
    `Expected input '${inputName}' and output '${logitsName}' in the model '${file}' but it has inputs ${session.inputNames.join(', ')} and outputs ${session.outputNames.join(', ')}`,
    { code: 'model-names' },
  );
}

async function runSession(
  session: ort.InferenceSession,
  { inputName, logitsName, size }: SessionOptions,
  { tensor, crops }: { tensor: Float32Array; crops: number },
): Promise<Float32Array[]> {
  const feeds = { [inputName]: new ort.Tensor('float32', tensor, [crops, 3, size, size]) };
  const output = (await session.run(feeds, [logitsName]))[logitsName];
  if (output === undefined || !(output.data instanceof Float32Array)) {
    throw new StopTheRun(`Expected float32 logits from '${logitsName}' but received ${output?.type ?? 'nothing'}`, {
      code: 'model-output',
    });
  }
  const { data } = output;
  const width = data.length / crops;
  return Array.from({ length: crops }, (_, i) => data.slice(i * width, (i + 1) * width));
}
