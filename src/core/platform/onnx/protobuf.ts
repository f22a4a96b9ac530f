import { PbfReader } from 'pbf';

/** The fields of a message that are numbers (the lowest 32 bits) or have a length. Stops early if it is not a message. */
export function* fieldsOf(message: Uint8Array): Generator<[field: number, value: number | Uint8Array]> {
  const reader = new FieldReader(message);
  try {
    for (let field = reader.nextField(); field !== 0; field = reader.nextField()) {
      if (reader.type === WIRE.number) yield [field, reader.readVarint() >>> 0];
      if (reader.type === WIRE.bytes) yield [field, reader.readBytes()];
    }
  } catch {
    // ONNX Runtime says what is wrong.
  }
}

const WIRE = { number: 0, bytes: 2, groupStart: 3, groupEnd: 4 } as const;

class FieldReader extends PbfReader {
  /** A group has no length. Its fields are read as if they were the message's own. */
  override skip(type: number): void {
    if (type !== WIRE.groupStart && type !== WIRE.groupEnd) super.skip(type);
  }
}
