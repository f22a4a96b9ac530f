/**
 * Finds tensors that an ONNX file keeps in other files ("external data"). winnow identifies a model by the SHA-256 of its one
 * file, so values in another file could change without a sign.
 *
 * The file is a protobuf message (`onnx.proto3`). This walk enters only messages that may lead to a tensor and skips all
 * other fields by their length, weights included, so it takes milliseconds for a file of 100 MB.
 */
import { StopTheRun } from '../../kernel/errors.ts';

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

/** A message within the file: `bytes[start..end)`. */
interface Part {
  readonly message: Message;
  readonly start: number;
  readonly end: number;
}

export interface ExternalData {
  /** Number of tensors in other files. */
  readonly tensors: number;
  /** Paths of the other files as the model names them, each once. */
  readonly files: readonly string[];
}

/**
 * Finds what an ONNX file stores in other files. Bytes that are not a protobuf message are read as far as possible: ONNX
 * Runtime rejects them.
 */
export function externalDataOf(bytes: Uint8Array): ExternalData {
  const reader = new FieldReader(bytes);
  const files = new Set<string>();
  let tensors = 0;
  // A list instead of recursion, because graphs may be nested to any depth.
  const open: Part[] = [{ message: 'model', start: 0, end: bytes.length }];
  for (let part = open.pop(); part !== undefined; part = open.pop()) {
    const { message } = part;
    if (message === 'externalData') {
      const file = locationOf(reader, part);
      if (file !== null) files.add(file);
      continue;
    }
    const next: Readonly<Record<number, Message>> = FIELDS[message];
    for (const { field, start, end, value } of reader.fieldsOf(part)) {
      const inner = next[field];
      if (start !== null && inner !== undefined) open.push({ message: inner, start, end });
      if (message === 'tensor' && field === DATA_LOCATION.field && value === DATA_LOCATION.external) tensors += 1;
    }
  }
  return { tensors, files: [...files] };
}

/** The path that an entry of `external_data` gives; null for an entry with another key. */
function locationOf(reader: FieldReader, part: Part): string | null {
  const texts = new Map<number, string>();
  for (const { field, start, end } of reader.fieldsOf(part))
    if (start !== null) texts.set(field, reader.text(start, end));
  return texts.get(ENTRY.key) === 'location' ? (texts.get(ENTRY.value) ?? '') : null;
}

const SHOWN_FILES = 3;
const SHOWN_LETTERS = 120;

/**
 * Refuses a model that has tensors in other files.
 *
 * @param file the model, as messages show it
 * @throws StopTheRun `model-external-data`
 */
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

/** One field of a message: a number, or the byte range of a field with a length. */
interface Field {
  readonly field: number;
  /** Null for a field that is a number. */
  readonly start: number | null;
  readonly end: number;
  /** Null for a field that has a length, and for numbers that are not varints. */
  readonly value: number | null;
}

/** The wire format of protobuf: a tag (field number and wire type), then a varint, 8 bytes, a length and bytes, or 4 bytes. */
class FieldReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Stops early if the bytes are not in the wire format. */
  *fieldsOf({ start, end }: Part): Generator<Field> {
    let next = start;
    while (next < end) {
      this.#at = next;
      const tag = this.#varint();
      const field = Math.floor(tag / 8);
      const read = this.#content(tag % 8);
      if (field === 0 || read === null || this.#at > end) return;
      next = this.#at;
      yield { field, ...read };
    }
  }

  text(start: number, end: number): string {
    return Buffer.from(this.#bytes.subarray(start, end)).toString('utf8');
  }

  /** Null for a wire type that does not exist. */
  #content(wireType: number): Omit<Field, 'field'> | null {
    if (wireType === 0) return { start: null, value: this.#varint(), end: this.#at };
    if (wireType === 2) {
      const length = this.#varint();
      const start = this.#at;
      this.#at += length;
      return { start, value: null, end: this.#at };
    }
    // A group has no length; its fields are read as if they were the message's own.
    const width = { 1: 8, 3: 0, 4: 0, 5: 4 }[wireType];
    if (width === undefined) return null;
    this.#at += width;
    return { start: null, value: null, end: this.#at };
  }

  /**
   * Reads seven bits of each byte, lowest first, from up to 10 bytes. Returns the lowest 32 bits, unsigned. A
   * `data_location` needs no more, and a tag or a length has no more.
   */
  #varint(): number {
    let value = 0;
    for (let i = 0; i < 10; i += 1) {
      const byte = this.#bytes[this.#at] ?? 0;
      this.#at += 1;
      if (i < 5) value += (byte & 0x7f) * 2 ** (7 * i);
      if (byte < 0x80) break;
    }
    return value % 2 ** 32;
  }
}
