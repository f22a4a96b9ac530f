import { preprocessingVersion } from '../evidence/member.ts';
import type { CropOutputs } from '../evidence/crop-stream.process.ts';
import type { ModelPlace } from '../../kernel/execution-provider.ts';
import { openHead, type Head } from '../../platform/onnx/head.ts';
import { outputWidth } from '../../platform/onnx/graph.ts';
import { toLogits } from '../../platform/onnx/model-format.ts';
import { openSession, type OnnxSession } from '../../platform/onnx/session.ts';
import type { BackboneSpec, HeadSpec, MemberSpec } from './spec.ts';

export interface OpenBackbone {
  /** Runs one forward pass for all heads; gives each crop a row for each head, in their order. */
  run(tensor: Float32Array, crops: number): Promise<CropOutputs[]>;
  /** Frees the session and the heads. Call it only after the last `run` has ended. */
  close(): Promise<void>;
}

/** @throws StopTheRun like `openSession` and `openHead` */
export async function openBackbone(
  spec: BackboneSpec,
  heads: readonly HeadSpec[],
  place: ModelPlace = {},
): Promise<OpenBackbone> {
  const { inputName, input, format, ...files } = spec;
  const outputs = heads.map(({ output, layer, classes }) => ({
    name: output,
    classes: layer === undefined ? classes : undefined,
  }));
  const session = await openSession({ ...files, inputName, outputs, size: input.size, format, ...place });
  const layers: (Head | null)[] = [];
  const close = async (): Promise<void> => {
    for (const layer of layers) await layer?.close();
    await session.close();
  };
  try {
    for (const [i, head] of heads.entries()) layers.push(await openLayer(head, session.outputs[i]));
  } catch (error) {
    await close();
    throw error;
  }
  const logitsOf = async (row: readonly Float32Array[]): Promise<CropOutputs> => {
    const logits: Float32Array[] = [];
    for (const [i, values] of row.entries())
      logits.push((await layers[i]?.run(values)) ?? toLogits(values, heads[i]?.values));
    return logits;
  };
  const run = async (tensor: Float32Array, crops: number): Promise<CropOutputs[]> => {
    const all: CropOutputs[] = [];
    for (const row of await session.run(tensor, crops)) all.push(await logitsOf(row));
    return all;
  };
  return { run, close };
}

async function openLayer(
  { layer, classes }: HeadSpec,
  output: OnnxSession['outputs'][number] | undefined,
): Promise<Head | null> {
  if (layer === undefined) return null;
  const features = output === undefined ? null : outputWidth(output);
  return openHead({ ...layer, features, classes });
}

/** One backbone and the members that use it: those whose model files have the same bytes and take the same input. */
export interface SharedBackbone {
  readonly spec: BackboneSpec;
  readonly members: readonly number[];
}

/** The backbones of an ensemble, in the order of their first members. */
export function backbonesOf(members: readonly MemberSpec[]): SharedBackbone[] {
  const byKey = new Map<string, { spec: BackboneSpec; members: number[] }>();
  for (const [i, { backbone }] of members.entries()) {
    const { sha256, externalData, inputName, input, format } = backbone;
    const files = [sha256, ...(externalData ?? []).map((one) => one.sha256)];
    const key = JSON.stringify([files, inputName, preprocessingVersion(input), format?.layout, format?.type]);
    const shared = byKey.get(key) ?? { spec: backbone, members: [] };
    shared.members.push(i);
    byKey.set(key, shared);
  }
  return [...byKey.values()];
}
