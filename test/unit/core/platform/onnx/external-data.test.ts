import { describe, expect, it } from 'vitest';
import { externalDataOf, requireExternalFiles } from '../../../../../src/core/platform/onnx/external-data.ts';

type Bytes = readonly number[];

function varint(value: number): Bytes {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...varint(Math.floor(value / 0x80))];
}

function field(number: number, content: Bytes | string): Bytes {
  const bytes = typeof content === 'string' ? [...Buffer.from(content)] : content;
  return [...varint(number * 8 + 2), ...varint(bytes.length), ...bytes];
}

/** A tensor in another file: `external_data` and `data_location`. */
function elsewhere(file: string, location: Bytes = [1]): Bytes {
  return [...field(13, [...field(1, 'location'), ...field(2, file)]), ...varint(14 * 8), ...location];
}

const inGraph = (content: Bytes): Uint8Array => Uint8Array.from(field(7, content));

describe('externalDataOf', () => {
  it('finds no external data in a model without any, for any weights', () => {
    const weights = field(9, elsewhere('not-a-field.bin'));
    expect(externalDataOf(inGraph(field(5, weights)))).toEqual({ tensors: 0, files: [] });
    expect(externalDataOf(inGraph(field(5, [...weights, ...varint(14 * 8), 0])))).toEqual({ tensors: 0, files: [] });
  });

  it('counts the tensors and names each file once', () => {
    const model = inGraph([...field(5, elsewhere('a')), ...field(5, elsewhere('b')), ...field(5, elsewhere('a'))]);
    const { tensors, files } = externalDataOf(model);
    expect([tensors, files.toSorted((a, b) => a.localeCompare(b))]).toEqual([3, ['a', 'b']]);
  });

  it('finds a tensor in graphs that are nested far deeper than a call stack should go', () => {
    let graph = field(5, elsewhere('deep.bin'));
    for (let i = 0; i < 1_000; i += 1) graph = field(1, field(5, field(6, graph)));
    expect(externalDataOf(inGraph(graph))).toEqual({ tensors: 1, files: ['deep.bin'] });
  });

  it('reads a data_location as protobuf does: its lowest 32 bits, however many bytes it takes', () => {
    const long = [0x81, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01];
    expect(externalDataOf(inGraph(field(5, elsewhere('w', long)))).tensors).toBe(1);
  });

  it('finds a tensor after fields of every wire type, also inside a group', () => {
    const [four, eight] = [Array<number>(4).fill(1), Array<number>(8).fill(1)];
    const others = [0x08, 0xff, 0x01, ...varint(100 * 8 + 1), ...eight, ...varint(101 * 8 + 5), ...four];
    const group = [...varint(102 * 8 + 3), 0x08, 0x01, ...varint(102 * 8 + 4)];
    expect(externalDataOf(Uint8Array.from([...others, ...group, ...inGraph(field(5, elsewhere('w')))])).tensors).toBe(
      1,
    );
  });

  it.each([
    ['nothing', []],
    ['text', [...Buffer.from('<html>not found</html>')]],
    ['a length beyond the end', [0x3a, 0xff, 0xff, 0xff, 0xff, 0x07, 0x2a]],
    ['a number that does not end', [0x08, 0xff, 0xff, 0xff]],
    ['a wire type that does not exist', [0x0e, 0x00]],
  ])('stops at bytes that are not a model: %s', (_name, bytes) => {
    expect(externalDataOf(Uint8Array.from(bytes))).toEqual({ tensors: 0, files: [] });
  });
});

describe('requireExternalFiles', () => {
  it('names the other files that a model needs, and says how to make one file of them', () => {
    const graph = ['a', 'b', 'c', 'd\u001b[2J'].flatMap((file) => field(5, elsewhere(file)));
    expect(() => requireExternalFiles(inGraph(graph), 'net.onnx')).toThrow(
      expect.objectContaining({
        code: 'model-external-data',
        message: expect.stringMatching(
          /^Expected a model with all its weights inside 'net\.onnx' but it keeps weights in other files \(ONNX external data; tensors: 4, files: "[ -~]*", \.\.\.\).*save_as_external_data=False\)$/,
        ),
      }),
    );
  });

  it('reports a tensor that names no file', () => {
    expect(() => requireExternalFiles(inGraph(field(5, [...varint(14 * 8), 1])), 'net.onnx')).toThrow(
      /files: none named/,
    );
  });

  it('accepts files that are listed, each of them and no others', () => {
    const graph = inGraph(['a', 'b'].flatMap((file) => field(5, elsewhere(file))));
    requireExternalFiles(graph, 'net.onnx', ['a', 'b']);
    expect(() => requireExternalFiles(graph, 'net.onnx', ['a'])).toThrow(/keeps weights in other files/);
    expect(() => requireExternalFiles(graph, 'net.onnx', ['a', 'b', 'c'])).toThrow(/it names '[ab]', '[ab]', not 'c'/);
  });
});
