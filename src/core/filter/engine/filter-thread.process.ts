import { parentPort, workerData } from 'node:worker_threads';
import { EvaluatedPhoto, type EnsembleBackbone, type EvaluationTask } from './evaluated-photo.ts';
import { WorkTally } from './engine-tally.ts';
import {
  CropStream,
  type CropOutputs,
  type CropStreamDeps,
  type StreamedPhoto,
} from '../../models/evidence/crop-stream.process.ts';
import type { ModelInput } from '../../models/evidence/member.ts';
import type { ModelPlace } from '../../kernel/execution-provider.ts';
import { toSent } from '../../kernel/sent-error.ts';
import { DECODING } from '../../platform/child/suspicion.ts';
import { openBlobs } from '../../platform/blobs/open-blobs.ts';
import { tell } from '../../platform/child/serve-parent.ts';
import { shareDecodeLimit } from '../../platform/image/decode-limit.ts';
import { useDecoded } from '../../platform/image/inspect.ts';
import { backbonesOf, openBackbone, type OpenBackbone } from '../../models/engine/backbone.process.ts';
import type {
  EngineSpec,
  FromThread,
  OutputsSpec,
  OutputsTask,
  ThreadSpec,
  ToThread,
  OutputsResult,
} from './messages.ts';
import { occludedCopies } from '../../models/engine/occlusion.ts';
import { ReadAhead } from './read-ahead.ts';

interface End {
  readonly settle: (result: unknown) => void;
  readonly fail: (error: unknown) => void;
}

interface Work {
  /** The pool sends tasks of one kind only: the kind that this work takes. */
  push(task: never, end: End): void;
  idle(): Promise<void>;
  readonly backbones: readonly OpenBackbone[];
}

type StreamDeps = Omit<CropStreamDeps, 'backbones'>;

/**
 * Decodes, resizes and evaluates photos with sessions of its own. Answers `run` with `result` or `failed`, in any order. On
 * `close` it finishes the photos in flight, releases the sessions and ends. It is never terminated during a run.
 */
async function main({ work: asked, stopFlag, decodeLimit }: ThreadSpec): Promise<void> {
  shareDecodeLimit(decodeLimit);
  const blobs = await openBlobs(asked.spec.blobs);
  const tally = new WorkTally();
  const bytes = new ReadAhead(blobs);
  const stop = new Int32Array(stopFlag);
  const deps: StreamDeps = {
    cropsPerPass: asked.spec.cropsPerPass,
    work: tally,
    readAhead: (sha256) => bytes.readAhead(sha256),
    decode: async (sha256, use) => useDecoded(await bytes.take(sha256), use),
    shouldStop: () => Atomics.load(stop, 0) === 1,
  };
  const work = asked.kind === 'filter' ? await filter(asked.spec, deps, bytes) : await outputs(asked.spec, deps, bytes);
  const close = async (): Promise<void> => {
    // Releasing a session during a forward pass would abort the process.
    await work.idle();
    for (const backbone of work.backbones) await backbone.close();
    await blobs.close();
    parentPort?.close();
  };
  parentPort?.on('message', (message: ToThread<never>) => {
    if (message.kind === 'close') {
      void close();
      return;
    }
    const { id, task } = message;
    work.push(task, {
      settle: (result) => post({ kind: 'result', id, result, work: tally.take() }),
      fail: (error) => post({ kind: 'failed', id, error: toSent(error, 'evaluation') }),
    });
  });
  post({ kind: 'ready' });
}

function placeOf({ provider, devices }: Pick<EngineSpec, 'provider' | 'devices'>): ModelPlace {
  return { provider, device: devices?.[0] };
}

async function filter(spec: EngineSpec, deps: StreamDeps, bytes: ReadAhead): Promise<Work> {
  const { members, policies, evaluate } = spec;
  const shared = backbonesOf(members);
  const opened: OpenBackbone[] = [];
  const backbones: EnsembleBackbone[] = [];
  for (const { spec: backbone, members: positions } of shared) {
    const own = positions.flatMap((position) => members[position] ?? []);
    const heads = own.map(({ head }) => head);
    const masks = own.map(({ mask }) => Int32Array.from(mask));
    const open = await openBackbone(backbone, heads, placeOf(spec));
    opened.push(open);
    backbones.push({
      input: backbone.input,
      members: positions,
      run: async (tensor, crops) => (await open.run(tensor, crops)).map((rows) => masked(rows, masks)),
    });
  }
  const names = members.map(({ name }) => name);
  const sigmoid = members.flatMap(({ head }, i) => (head.isSigmoid === true ? [i] : []));
  const rules = { members: names, sigmoid, backbones, policies, evaluate };
  const steps = spec.tellsSteps === true ? stepReports({ names, backbones, bytes }) : {};
  const stream = new CropStream({ ...deps, ...steps, backbones });
  return {
    push: (task: EvaluationTask, end) => {
      if (task.bytes !== undefined) bytes.give(task.sha256, task.bytes);
      stream.push(new EvaluatedPhoto(task, rules, end));
    },
    idle: () => stream.idle(),
    backbones: opened,
  };
}

async function outputs(spec: OutputsSpec, deps: StreamDeps, bytes: ReadAhead): Promise<Work> {
  const { backbone, heads, occlusionGrid } = spec;
  const open = await openBackbone(backbone, heads, placeOf(spec));
  const run: OpenBackbone['run'] =
    occlusionGrid === undefined
      ? (tensor, crops) => open.run(tensor, crops)
      : (tensor, crops) => runOccluded(open, { tensor, crops, input: backbone.input, grid: occlusionGrid });
  const stream = new CropStream({ ...deps, backbones: [{ input: backbone.input, run }] });
  return {
    push: (task: OutputsTask, end) => {
      if (task.bytes !== undefined) bytes.give(task.sha256, task.bytes);
      stream.push(photoOfOutputs(task, end));
    },
    idle: () => stream.idle(),
    backbones: [open],
  };
}

/** Runs each crop and its copies in which a part is hidden. A pass has a row of the grid, because the copies of a large input fill memory. */
async function runOccluded(
  open: OpenBackbone,
  { tensor, crops, input, grid }: { tensor: Float32Array; crops: number; input: ModelInput; grid: number },
): Promise<CropOutputs[]> {
  const floats = tensor.length / crops;
  const all: CropOutputs[] = [];
  for (let crop = 0; crop < crops; crop += 1) {
    const picture = tensor.subarray(crop * floats, (crop + 1) * floats);
    const copies = occludedCopies(picture, input, grid);
    const rows = await open.run(picture, 1);
    for (let row = 0; row < grid; row += 1)
      rows.push(...(await open.run(copies.subarray(row * grid * floats, (row + 1) * grid * floats), grid)));
    all.push(rows.flat());
  }
  return all;
}

/** The same dependencies, but each step is reported to the parent process before it begins. */
function stepReports({
  names,
  backbones,
  bytes,
}: {
  readonly names: readonly string[];
  readonly backbones: readonly EnsembleBackbone[];
  readonly bytes: ReadAhead;
}): Pick<StreamDeps, 'decode' | 'onPass'> {
  return {
    async decode(sha256, use) {
      const photo = await bytes.take(sha256);
      tell(DECODING);
      return useDecoded(photo, use);
    },
    onPass(position, crops) {
      const models = backbones[position]?.members.map((member) => names[member]).join(' and ') ?? 'a model';
      tell(`running ${models} on crop ${crops.join(', ')}`);
    },
  };
}

function masked(rows: CropOutputs, masks: readonly Int32Array[]): Float32Array[] {
  return masks.map((mask, i) => {
    const logits = rows[i];
    const out = new Float32Array(mask.length);
    for (let at = 0; at < mask.length; at += 1) out[at] = logits?.[mask[at] ?? -1] ?? Number.NaN;
    return out;
  });
}

function post(message: FromThread<unknown>): void {
  parentPort?.postMessage(message);
}

try {
  // Only thread-pool.process.ts starts this thread, and its data is a ThreadSpec.
  const spec: ThreadSpec = workerData;
  await main(spec);
} catch (error) {
  post({ kind: 'failed', id: null, error: toSent(error, 'thread-start') });
}

function photoOfOutputs({ sha256, crops }: OutputsTask, { settle, fail }: End): StreamedPhoto {
  const rows: CropOutputs[] = [];
  return {
    sha256,
    next() {
      const crop = crops[rows.length];
      return crop === undefined ? null : { backbone: 0, crop };
    },
    take: (ofCrop) => rows.push(ofCrop),
    settle: (problem) => settle({ rows, problem } satisfies OutputsResult),
    fail,
  };
}
