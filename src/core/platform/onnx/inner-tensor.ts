/** Most published classifiers have one output, the logits. Their features are a tensor inside the graph. */
import { PbfWriter } from 'pbf';
import { StopTheRun } from '../../kernel/errors.ts';
import { fieldsOf } from './protobuf.ts';

/** An output name that stands for the graph's only output, under any name. */
const ONLY_OUTPUT = '*';
const INPUT_OF = 'input of ';

/** The name, in a card, of what the last linear layer before an output takes. */
export function layerInputName(output: string): string {
  return `${INPUT_OF}${output}`;
}

/** Field numbers of `onnx.proto3`. */
const MODEL = { graph: 7 } as const;
const GRAPH = { node: 1, output: 12 } as const;
const NODE = { input: 1, output: 2, opType: 4 } as const;
const VALUE_INFO = { name: 1 } as const;

interface Node {
  readonly inputs: readonly string[];
  readonly op: string;
}

interface Graph {
  readonly outputs: readonly string[];
  /** The node that computes a tensor, by the tensor's name. */
  readonly nodeOf: ReadonlyMap<string, Node>;
}

export interface WithTensors {
  readonly bytes: Buffer;
  /** The names of the tensors, in the order of the request. Names that the graph does not have are unchanged. */
  readonly names: readonly string[];
}

/**
 * Adds tensors inside a graph to its outputs. What it computes stays the same. `wanted` has names of tensors, `*` for
 * the only output, or `input of NAME` for what the last linear layer before the output NAME takes.
 *
 * @throws StopTheRun `model-names` if there is no such layer
 */
export function withTensors(bytes: Buffer, wanted: readonly string[], file: string): WithTensors {
  const graph = graphOf(bytes);
  const names = wanted.map((name) =>
    name.startsWith(INPUT_OF)
      ? layerInput(graph, { output: realName(graph, name.slice(INPUT_OF.length)), file })
      : realName(graph, name),
  );
  const added = [...new Set(names)].filter((name) => !graph.outputs.includes(name) && graph.nodeOf.has(name));
  if (added.length === 0) return { bytes, names };
  // Protobuf merges a field that occurs twice: these bytes add outputs to the graph that is there.
  const outputs = added.map((name) => field(GRAPH.output, field(VALUE_INFO.name, Buffer.from(name))));
  return { bytes: Buffer.concat([bytes, field(MODEL.graph, Buffer.concat(outputs))]), names };
}

/** True if the last layer before an output is linear, so that the graph of an ONNX file has features. */
export function hasLayerBefore(bytes: Buffer, output: string): boolean {
  const graph = graphOf(bytes);
  return walkToLayer(graph, realName(graph, output)).layer !== null;
}

function realName({ outputs }: Graph, name: string): string {
  return name === ONLY_OUTPUT && outputs.length === 1 ? (outputs[0] ?? name) : name;
}

function layerInput(graph: Graph, { output, file }: { readonly output: string; readonly file: string }): string {
  const { layer, last } = walkToLayer(graph, output);
  const [features] = layer?.inputs ?? [];
  if (features !== undefined) return features;
  throw new StopTheRun(
    `Expected a linear layer (Gemm or MatMul) before the output '${output}' in the model '${file}' but there is ${last === null ? 'no such output' : `the operator ${last.op}`}; name a tensor of the graph for 'features' in its card`,
    { code: 'model-names' },
  );
}

/** Operators that compute a layer's values. Their first input is what the layer takes. */
const LINEAR: ReadonlySet<string> = new Set(['Gemm', 'MatMul']);
/** Operators that change a layer's values one by one, or only their shape. */
const AFTER_LAYER: ReadonlySet<string> = new Set([
  'Identity',
  'Softmax',
  'LogSoftmax',
  'Sigmoid',
  'Add',
  'Cast',
  'Reshape',
  'Flatten',
  'Squeeze',
]);

/** Goes from an output back to the last linear layer. `last`: the node at which the walk ended, null if nothing computes the output. */
function walkToLayer({ nodeOf }: Graph, output: string): { readonly layer: Node | null; readonly last: Node | null } {
  let node = nodeOf.get(output) ?? null;
  const seen = new Set<Node>();
  while (node !== null && AFTER_LAYER.has(node.op) && !seen.has(node)) {
    seen.add(node);
    // Add and Reshape have two inputs: one is computed, the other is a constant (the bias or the shape).
    const before = node.inputs
      .map((name) => nodeOf.get(name))
      .filter((each) => each !== undefined && each.op !== 'Constant');
    const [only] = before;
    if (only === undefined || (node.op === 'Add' && before.length > 1)) break;
    node = only;
  }
  return { layer: node !== null && LINEAR.has(node.op) ? node : null, last: node };
}

function graphOf(bytes: Uint8Array): Graph {
  const outputs: string[] = [];
  const nodeOf = new Map<string, Node>();
  for (const graph of messages(bytes, MODEL.graph))
    for (const [number, value] of fieldsOf(graph)) {
      if (typeof value === 'number') continue;
      if (number === GRAPH.output) outputs.push(...texts(value, VALUE_INFO.name));
      if (number !== GRAPH.node) continue;
      const node = { inputs: texts(value, NODE.input), op: texts(value, NODE.opType)[0] ?? '' };
      for (const name of texts(value, NODE.output)) nodeOf.set(name, node);
    }
  return { outputs, nodeOf };
}

function* messages(message: Uint8Array, wanted: number): Generator<Uint8Array> {
  for (const [number, value] of fieldsOf(message)) if (number === wanted && typeof value !== 'number') yield value;
}

function texts(message: Uint8Array, wanted: number): string[] {
  return [...messages(message, wanted)].map((text) => Buffer.from(text).toString('utf8'));
}

function field(number: number, bytes: Buffer): Buffer {
  const writer = new PbfWriter();
  writer.writeBytesField(number, bytes);
  return Buffer.from(writer.finish());
}
