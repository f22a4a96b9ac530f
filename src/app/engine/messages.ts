import type { EvaluationResult, EvaluationTask } from '../../decision/evaluate.process.ts';
import type { EvaluationWork } from '../../decision/evaluation-work.ts';
import type { FilterPolicy } from '../../decision/policy.ts';
import type { ModelInput } from '../../evidence/member.ts';
import type { ExecutionProvider } from '../../kernel/execution-provider.ts';
import type { Sha256 } from '../../kernel/ids.ts';
import type { BlobPlace } from '../../platform/blobs/blob-place.ts';
import type { ModelFormat } from '../../platform/onnx/model-format.ts';

/** One member of the ensemble, ready to be opened by a thread. */
export interface MemberSpec {
  readonly name: string;
  readonly file: string;
  readonly sha256: Sha256;
  readonly inputName: string;
  readonly logitsName: string;
  readonly input: ModelInput;
  /** Where the graph is not float32 NCHW and logits. */
  readonly format?: ModelFormat | undefined;
  /** Positions of the collection's classes among the model's own: the mask (§3.1). */
  readonly mask: readonly number[];
  /** What a crop costs beside the other members' crops: multiply-adds. */
  readonly cost: number;
}

/** What a filter thread is started with. */
export interface ThreadSpec {
  readonly members: readonly MemberSpec[];
  readonly policy: FilterPolicy;
  /** Other policies that photos must be decided under, too. */
  readonly alsoUnder?: readonly FilterPolicy[] | undefined;
  readonly evaluate: 'needed' | 'all';
  readonly cropsPerPass: number;
  readonly blobs: BlobPlace;
  /** Where the models run; the processor by default. It has been found to be available. */
  readonly provider?: ExecutionProvider | undefined;
  /** Whether it says on stderr what it does next (`tell`): for a process that has one photo at a time. */
  readonly tellsSteps?: boolean;
  /** One Int32: 1 asks every thread to end its batch early. */
  readonly stopFlag: SharedArrayBuffer;
  /** Memory of the process's `DecodeLimit`: the pixels that all its threads decode at once. */
  readonly decodeLimit: SharedArrayBuffer;
}

/** What an engine is started with: the rest it shares with its own threads. */
export type EngineSpec = Omit<ThreadSpec, 'stopFlag' | 'decodeLimit'>;

export type ToThread =
  | { readonly kind: 'evaluate'; readonly id: number; readonly task: EvaluationTask }
  | { readonly kind: 'close' };

export type FromThread =
  | { readonly kind: 'ready' }
  | {
      readonly kind: 'result';
      readonly id: number;
      readonly result: EvaluationResult;
      /** Of this thread, since its start. */
      readonly work: EvaluationWork;
    }
  | {
      readonly kind: 'failed';
      readonly id: number | null;
      readonly message: string;
      readonly code: string;
      readonly mayPass: boolean;
    };
