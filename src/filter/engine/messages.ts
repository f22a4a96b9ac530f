import type { EvaluationWork } from './evaluation-work.ts';
import type { SentError } from '../../kernel/sent-error.ts';
import type { FilterPolicy } from '../rule/policy.ts';
import type { CropOutputs, UnreadablePhoto } from '../../models/evidence/crop-stream.process.ts';
import type { ModelInput } from '../../models/evidence/member.ts';
import type { ExecutionProvider } from '../../kernel/execution-provider.ts';
import type { Sha256 } from '../../kernel/ids.ts';
import type { BlobPlace } from '../../platform/blobs/blob-place.ts';
import type { InputFormat, OutputValues } from '../../platform/onnx/model-format.ts';

/** A network, and the input that it takes. */
export interface BackboneSpec {
  readonly file: string;
  readonly sha256: Sha256;
  readonly inputName: string;
  readonly input: ModelInput;
  /** The input format, if it is not float32 NCHW. */
  readonly format?: InputFormat | undefined;
}

/** Turns an output of a backbone into logits: unchanged, or through a layer in a separate file. */
export interface HeadSpec {
  /** The output of the backbone's graph. */
  readonly output: string;
  readonly values?: OutputValues | undefined;
  /** The number of logits. Not checked if absent. */
  readonly classes?: number | undefined;
  /** A layer over the output. If absent, the output itself is used. */
  readonly layer?: { readonly file: string; readonly sha256: Sha256 } | undefined;
}

/** One member of the ensemble, ready to be opened by a thread. */
export interface MemberSpec {
  readonly name: string;
  readonly backbone: BackboneSpec;
  readonly head: HeadSpec;
  /** Positions of the collection's classes among the model's own: the mask (§3.1). */
  readonly mask: readonly number[];
  /** Cost of a crop in multiply-adds, to compare members. */
  readonly cost: number;
}

interface Shared {
  readonly cropsPerPass: number;
  readonly blobs: BlobPlace;
  /** Where the models run; `cpu` by default. The caller has checked that it is available. */
  readonly provider?: ExecutionProvider | undefined;
}

/** The settings of a filter. */
export interface EngineSpec extends Shared {
  readonly members: readonly MemberSpec[];
  readonly policy: FilterPolicy;
  /** Other policies that photos must be decided under as well. */
  readonly alsoUnder?: readonly FilterPolicy[] | undefined;
  readonly evaluate: 'needed' | 'all';
  /** Report each step to the parent process (`tell`). For a process that works on one photo at a time. */
  readonly tellsSteps?: boolean;
}

/** The settings of a run of one backbone. */
export interface OutputsSpec extends Shared {
  readonly backbone: BackboneSpec;
  readonly heads: readonly HeadSpec[];
  /**
   * Fields per side of the occlusion grid. The outputs of each crop are followed by those of its copies with one field hidden
   * (`occludedCopies`). If absent, there are no copies.
   */
  readonly occlusionGrid?: number | undefined;
}

/** The kind of work of a thread. */
export type ThreadWork =
  | { readonly kind: 'filter'; readonly spec: EngineSpec }
  | { readonly kind: 'outputs'; readonly spec: OutputsSpec };

/** The start data of a thread. */
export interface ThreadSpec {
  readonly work: ThreadWork;
  /** One Int32. The value 1 asks every thread to end its photos early. */
  readonly stopFlag: SharedArrayBuffer;
  /** The memory of the process's `DecodeLimit`, which limits the pixels that all threads decode at once. */
  readonly decodeLimit: SharedArrayBuffer;
}

export interface OutputsTask {
  readonly sha256: Sha256;
  /** Its bytes, if the caller has them: a photo that is not in the store. */
  readonly bytes?: Uint8Array | undefined;
  /** 0..9 in TenCrop order. */
  readonly crops: readonly number[];
}

export interface OutputsResult {
  /**
   * For each crop a row for each head, and then those of the crop's copies. The crops are in the order of the task. Crops are
   * missing if the run was stopped.
   */
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
