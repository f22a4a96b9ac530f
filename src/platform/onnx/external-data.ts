/**
 * Finds tensors that an ONNX file keeps in other files ("external data"). winnow identifies a model by the SHA-256 of its one
 * file, so values in another file could change without a sign.
 *
 * The file is a protobuf message (`onnx.proto3`). This walk enters only messages that may lead to a tensor and skips all
 * other fields by their length, weights included, so it takes milliseconds for a file of 100 MB.
 */
import { StopTheRun } from '../../kernel/errors.ts';
import { fieldsOf } from './protobuf.ts';

/** The fields of each message that lead to a tensor: field number -> the message there. Names and numbers as in `onnx.proto3`. */
const FIELDS = {
  model: { 7: 'graph', 20: 'training', 25: 'function' },
  training: { 1: 'graph', 2: 'graph' },
  function: { 7: 'node', 11: 'attribute' },
  graph: { 1: 'node', 5: 'tensor', 15: 'sparseTensor' },
  node: { 5: 'attribute' },
  attribute: { 5: 'tensor', 6: 'graph', 10: 'tensor', 11: 'graph', 22: 'sparseTensor', 23: 'sparseTensor' },
  sparseTensor: { 1: 'tensor', 2: 'tensor' },
  tensor: { 13: 'externalData' },
} as const satisfies Record<string, Readonly<Record<number, string>>>;

type Message = keyof typeof FIELDS | 'externalData';

/** `TensorProto.data_location`, and its value for a tensor in another file. */
const DATA_LOCATION = { field: 14, external: 1 } as const;
/** `StringStringEntryProto`: if the key is `location`, the value is the path of the other file. */
const ENTRY = { key: 1, value: 2 } as const;

interface Part {
  readonly message: Message;
  readonly bytes: Uint8Array;
}

export interface ExternalData {
  readonly tensors: number;
  /** Paths of the other files as the model names them, each once. */
  readonly files: readonly string[];
}

/** Bytes that are not a protobuf message are read as far as possible: ONNX Runtime rejects them. */
export function externalDataOf(bytes: Uint8Array): ExternalData {
  const files = new Set<string>();
  let tensors = 0;
  // A list instead of recursion, because graphs may be nested to any depth.
  const open: Part[] = [{ message: 'model', bytes }];
  for (let part = open.pop(); part !== undefined; part = open.pop()) {
    const { message } = part;
    if (message === 'externalData') {
      const file = locationOf(part.bytes);
      if (file !== null) files.add(file);
      continue;
    }
    const next: Readonly<Record<number, Message>> = FIELDS[message];
    for (const [field, value] of fieldsOf(part.bytes)) {
      const inner = next[field];
      if (typeof value !== 'number' && inner !== undefined) open.push({ message: inner, bytes: value });
      if (message === 'tensor' && field === DATA_LOCATION.field && value === DATA_LOCATION.external) tensors += 1;
    }
  }
  return { tensors, files: [...files] };
}

/** The path that an entry of `external_data` gives; null for an entry with another key. */
function locationOf(entry: Uint8Array): string | null {
  const texts = new Map<number, string>();
  for (const [field, value] of fieldsOf(entry))
    if (typeof value !== 'number') texts.set(field, Buffer.from(value).toString('utf8'));
  return texts.get(ENTRY.key) === 'location' ? (texts.get(ENTRY.value) ?? '') : null;
}

const SHOWN_FILES = 3;
const SHOWN_LETTERS = 120;

/** @throws StopTheRun `model-external-data` if a model has tensors in other files */
export function requireOneFile(bytes: Uint8Array, file: string): void {
  const { tensors, files } = externalDataOf(bytes);
  if (tensors === 0) return;
  const shown = files.slice(0, SHOWN_FILES).map((each) => JSON.stringify(each.slice(0, SHOWN_LETTERS)));
  const names = files.length > SHOWN_FILES ? [...shown, '...'] : shown;
  throw new StopTheRun(
    `Expected a model with all its weights inside '${file}' but it keeps weights in other files (ONNX external data; tensors: ${tensors}, files: ${names.join(', ') || 'none named'}). winnow identifies a model by the SHA-256 of one file, so those weights could change unnoticed. Make one file of it in Python: onnx.save_model(onnx.load('model.onnx'), 'one-file.onnx', save_as_external_data=False)`,
    { code: 'model-external-data' },
  );
}
