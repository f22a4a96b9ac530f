import type { EvaluationWork } from './engine-tally.ts';
import type { SentError } from '../../kernel/sent-error.ts';
import type { CropRequest } from '../rule/crops-to-evaluate.ts';
import type { CropOutputs, UnreadablePhoto } from '../../models/evidence/crop-stream.process.ts';
import type { BackboneSpec, HeadSpec, MemberSpec } from '../../models/engine/spec.ts';
import type { ExecutionProvider } from '../../kernel/execution-provider.ts';
import type { Sha256 } from '../../kernel/ids.ts';
import type { BlobPlace } from '../../platform/blobs/blob-place.ts';

interface Shared {
  readonly cropsPerPass: number;
  readonly blobs: BlobPlace;
  /** Where the models run; `cpu` by default. The caller has checked that it is available. */
  readonly provider?: ExecutionProvider | undefined;
  /** Numbers of GPUs. Each has an engine process of its own if there are several (`startEngines`). */
  readonly devices?: readonly number[] | undefined;
}

export interface EngineSpec extends Shared, CropRequest {
  readonly members: readonly MemberSpec[];
  /** Report each step to the parent process (`tell`). For a process that works on one photo at a time. */
  readonly tellsSteps?: boolean;
}

export interface OutputsSpec extends Shared {
  readonly backbone: BackboneSpec;
  readonly heads: readonly HeadSpec[];
  /** Fields per side. The outputs of each crop are followed by those of its copies with one field hidden (`occludedCopies`). */
  readonly occlusionGrid?: number | undefined;
}

export type ThreadWork =
  | { readonly kind: 'filter'; readonly spec: EngineSpec }
  | { readonly kind: 'outputs'; readonly spec: OutputsSpec };

export interface ThreadSpec {
  readonly work: ThreadWork;
  /** One Int32. The value 1 asks every thread to end its photos early. */
  readonly stopFlag: SharedArrayBuffer;
  /** The memory of the process's `DecodeLimit`, which limits the pixels that all threads decode at once. */
  readonly decodeLimit: SharedArrayBuffer;
}

export interface OutputsTask {
  readonly sha256: Sha256;
  readonly bytes?: Uint8Array | undefined;
  /** 0..9 in TenCrop order. */
  readonly crops: readonly number[];
}

export interface OutputsResult {
  /** For each crop, in the order of the task, a row for each head, then those of its copies. Some are missing after a stop. */
  readonly rows: readonly CropOutputs[];
  readonly problem: UnreadablePhoto | null;
}

export type ToThread<Task> =
  | { readonly kind: 'run'; readonly id: number; readonly task: Task }
  | { readonly kind: 'close' };

export type FromThread<Result> =
  | { readonly kind: 'ready' }
  | {
      readonly kind: 'result';
      readonly id: number;
      readonly result: Result;
      /** The work of this thread since its last result. */
      readonly work: EvaluationWork;
    }
  /** The thread cannot start (`id` is null), or a task failed. */
  | { readonly kind: 'failed'; readonly id: number | null; readonly error: SentError };
