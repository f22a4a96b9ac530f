/**
 * Finds tensors that an ONNX file keeps in other files ("external data"). The SHA-256 of the ONNX file does not cover them, so
 * they must be listed with hashes of their own.
 *
 * The file is a protobuf message (`onnx.proto3`). This walk enters only messages that may lead to a tensor and skips all
 * other fields by their length, weights included, so it takes milliseconds for a file of 100 MB.
 */
import { quote } from '../../tools/quote.ts';
import { StopTheRun } from '../../kernel/errors.ts';
import type { Sha256 } from '../../kernel/ids.ts';
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

/** A file with weights beside an ONNX file, by the name that the model has for it. */
export interface ExternalFile {
  readonly name: string;
  readonly file: string;
  readonly sha256: Sha256;
}

/** @throws StopTheRun `model-external-data` unless these are the other files that a model keeps tensors in */
export function requireExternalFiles(bytes: Uint8Array, file: string, listed: readonly string[] = []): void {
  const { tensors, files } = externalDataOf(bytes);
  const unused = listed.find((name) => !files.includes(name));
  if (unused !== undefined)
    throw new StopTheRun(
      `Expected files that '${file}' keeps weights in but it names ${files.map((name) => quote(name)).join(', ') || 'none'}, not ${quote(unused)}`,
      { code: 'model-external-data' },
    );
  if (files.every((name) => listed.includes(name)) && (tensors === 0 || files.length > 0)) return;
  const shown = files.slice(0, SHOWN_FILES).map((each) => JSON.stringify(each.slice(0, SHOWN_LETTERS)));
  const names = files.length > SHOWN_FILES ? [...shown, '...'] : shown;
  throw new StopTheRun(
    `Expected a model with all its weights inside '${file}' but it keeps weights in other files (ONNX external data; tensors: ${tensors}, files: ${names.join(', ') || 'none named'}). The SHA-256 of the model does not cover them, so those weights could change unnoticed. Give them to \`winnow models add --external-data FILE...\`, which lists each with its hash, or make one file of it in Python: onnx.save_model(onnx.load('model.onnx'), 'one-file.onnx', save_as_external_data=False)`,
    { code: 'model-external-data' },
  );
}
