import type { ModelInput } from '../evidence/member.ts';
import type { Sha256 } from '../../kernel/ids.ts';
import type { OutputValues } from '../../platform/onnx/model-format.ts';
import type { SessionOptions } from '../../platform/onnx/session.ts';

export interface BackboneSpec extends Pick<
  SessionOptions,
  'file' | 'sha256' | 'inputName' | 'externalData' | 'format'
> {
  readonly input: ModelInput;
}

/** Turns an output of a backbone into logits: unchanged, or through a layer in a separate file. */
export interface HeadSpec {
  readonly output: string;
  readonly values?: OutputValues | undefined;
  /** The number of logits. Not checked if absent. */
  readonly classes?: number | undefined;
  /** A layer over the output, which is first divided by its L2 norm if `isUnit`. If absent, the output itself is used. */
  readonly layer?:
    | { readonly file: string; readonly sha256: Sha256; readonly isUnit?: boolean | undefined }
    | undefined;
  /** p of a class is its own sigmoid instead of a softmax over all. */
  readonly isSigmoid?: boolean | undefined;
}

export interface MemberSpec {
  readonly name: string;
  readonly backbone: BackboneSpec;
  readonly head: HeadSpec;
  /** Positions of the collection's classes among the model's own: the mask (§3.1). */
  readonly mask: readonly number[];
}
