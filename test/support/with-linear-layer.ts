import { PbfWriter } from 'pbf';
import { parseSafetensors, type StoredTensor } from '../../src/platform/onnx/safetensors.ts';

/** Values of enums of `onnx.proto3`. Other numbers below are field numbers. */
const FLOAT = 1;
const INT = 2;

/** The output that `withLinearLayer` adds. */
export const FITTED = 'fitted';

/**
 * An ONNX model with one more output, `fitted`: Gemm of its tensor `features` and the weight and bias of a safetensors file, which
 * become part of the model.
 */
export function withLinearLayer(model: Buffer, layer: Buffer): Buffer {
  const addition = new PbfWriter();
  // Protobuf merges a field that occurs twice: these nodes and weights come after those of the graph.
  addition.writeMessage(7, writeLayer, parseSafetensors(layer));
  return Buffer.concat([model, addition.finish()]);
}

function writeLayer(tensors: ReadonlyMap<string, StoredTensor>, graph: PbfWriter): void {
  graph.writeMessage(1, writeGemm, ['features', 'fitted-weight', 'fitted-bias']);
  for (const [name, tensor] of tensors) graph.writeMessage(5, writeWeights, { name: `fitted-${name}`, ...tensor });
  graph.writeMessage(12, writeOutput, tensors.get('bias')?.shape[0] ?? 0);
}

function writeGemm(inputs: readonly string[], node: PbfWriter): void {
  for (const name of inputs) node.writeStringField(1, name);
  node.writeStringField(2, FITTED);
  node.writeStringField(4, 'Gemm');
  node.writeMessage(5, writeFlag, 'transB');
}

function writeFlag(name: string, attribute: PbfWriter): void {
  attribute.writeStringField(1, name);
  attribute.writeVarintField(3, 1);
  attribute.writeVarintField(20, INT);
}

function writeWeights({ name, shape, data }: StoredTensor & { readonly name: string }, tensor: PbfWriter): void {
  for (const side of shape) tensor.writeVarintField(1, side);
  tensor.writeVarintField(2, FLOAT);
  tensor.writeStringField(8, name);
  tensor.writeBytesField(9, data);
}

/** float32 [batch, classes] */
function writeOutput(classes: number, value: PbfWriter): void {
  value.writeStringField(1, FITTED);
  value.writeMessage(2, (_, type) => type.writeMessage(1, writeRows, classes), null);
}

function writeRows(classes: number, type: PbfWriter): void {
  type.writeVarintField(1, FLOAT);
  type.writeMessage(
    2,
    (_, shape) => {
      shape.writeMessage(1, (name, dim) => dim.writeStringField(2, name), 'batch');
      shape.writeMessage(1, (count, dim) => dim.writeVarintField(1, count), classes);
    },
    null,
  );
}
