import { describe, expect, it } from 'vitest';
import {
  cardFileText,
  logitsCandidates,
  unstatedFacts,
  pictureInputOf,
} from '../../../../../src/core/models/library/draft.process.ts';
import { parseNormalisation } from '../../../../../src/core/models/library/normalisation.ts';
import { sniffText } from '../../../../../src/core/models/library/sniff.ts';
import { parseModelCard } from '../../../../../src/core/collection/cards/model-card.ts';
import type { GraphDescription, GraphValue } from '../../../../../src/core/platform/onnx/graph.ts';

const image = (shape: GraphValue['shape'], type = 'float32'): GraphValue => ({ name: 'image', type, shape });
const row = (name: string, width: number | string): GraphValue => ({ name, type: 'float32', shape: ['N', width] });
const graph = (input: GraphValue, ...outputs: GraphValue[]): GraphDescription => ({ inputs: [input], outputs });

describe('pictureInputOf', () => {
  it.each([
    [['N', 3, 224, 224], 'nchw', 224],
    [[1, 3, 224, 224], 'nchw', 224],
    [['N', 224, 224, 3], 'nhwc', 224],
    [['', 3, 'h', 'w'], 'nchw', null],
    [['N', 'c', 224, 224], 'nchw', 224],
    [['N', 'a', 'b', 'c'], null, null],
    [['N', 3, 3, 3], null, null],
  ])('reads %j', (shape, layout, size) => {
    expect(pictureInputOf(graph(image(shape)))).toMatchObject({ layout, size });
  });

  it.each([
    [image(['N', 1, 224, 224]), /three channels.*\[N, 1, 224, 224\]/],
    [image(['N', 3, 224, 256]), /a square picture/],
    [image(['N', 3, 224]), /four dimensions/],
    [image([8, 3, 224, 224]), /one picture at a time or any number but .* always 8/],
    [image(['N', 3, 224, 224], 'float64'), /float32, float16 or uint8 but 'image' is float64/],
  ])('refuses %j', (input, message) => {
    expect(() => pictureInputOf(graph(input))).toThrow(message);
  });

  it('refuses a graph without exactly one input, and lists its inputs', () => {
    const two = { inputs: [image(['N', 3, 32, 32]), row('mask', 4)], outputs: [] };
    expect(() => pictureInputOf(two)).toThrow(
      /one input, a picture, but the graph has 2 \('image' .*, 'mask' float32 \[N, 4\]\)/,
    );
    expect(() => pictureInputOf({ inputs: [], outputs: [] })).toThrow(/the graph has 0/);
  });
});

describe('logitsCandidates', () => {
  const outputs = graph(image([]), row('scores', 1000), row('features', 2048), {
    name: 'map',
    type: 'float32',
    shape: ['N', 9, 7, 7],
  });

  it('keeps outputs with as many values as there are classes', () => {
    expect(logitsCandidates(outputs, { width: 1000 }).map(({ name }) => name)).toEqual(['scores']);
    expect(logitsCandidates(outputs, { width: null }).map(({ name }) => name)).toEqual(['scores', 'features']);
  });

  it('refuses a class list of another length, and a name that no row has', () => {
    expect(() => logitsCandidates(outputs, { width: 5 })).toThrow(
      /each of the 5 classes .*'scores' float32 \[N, 1000\]/,
    );
    expect(() => logitsCandidates(outputs, { width: 1000, logits: 'map' })).toThrow(/called 'map' for --logits/);
  });
});

describe('openQuestions', () => {
  it('asks only for what the file does not say, with the usual answer', () => {
    const read = graph(image(['N', 3, 240, 240]), row('logits', 1000));
    const context = { input: pictureInputOf(read), width: null, fileStem: 'net' };
    const asked = (given: object) =>
      unstatedFacts(read, given, context).map(({ fact, suggestion }) => [fact, suggestion]);
    expect(asked({})).toEqual([
      ['classes', 'imagenet-1k'],
      ['normalise', null],
      ['resize', '274'],
      ['name', 'net'],
    ]);
    expect(asked({ classes: 'imagenet-1k', normalise: 'imagenet', resize: 256, name: 'net' })).toEqual([]);
  });

  it('asks for no normalisation if the graph contains it, and asks for what is missing', () => {
    const read = graph(image(['N', 'a', 'b', 'c'], 'uint8'), row('logits', 5));
    const context = { input: pictureInputOf(read), width: 5, fileStem: 'net' };
    expect(unstatedFacts(read, {}, context).map(({ fact }) => fact)).toEqual([
      'layout',
      'size',
      'classes',
      'resize',
      'name',
    ]);
  });
});

it('cardText can be read as a card', () => {
  const card = parseModelCard(
    cardFileText({
      name: 'net',
      file: 'config/local/models/net.onnx',
      sha256: 'ab'.repeat(32),
      bytes: 9,
      licence: 'MIT',
      source: 'me: "x"',
      documentation: 'https://models.example/net#preprocessing',
      input: { name: 'image', size: 32, layout: 'nhwc', type: 'uint8' },
      resize: { shorterSide: 36, interpolation: 'bilinear-antialias' },
      normalise: undefined,
      outputs: { logits: 'out', values: 'probabilities' },
      classes: 'net.classes.txt',
      trained: true,
    }),
    'net.yaml',
    '/p',
  );
  expect(card).toMatchObject({
    input: { type: 'uint8', layout: 'nhwc' },
    outputs: { values: 'probabilities' },
    source: 'me: "x"',
    documentation: 'https://models.example/net#preprocessing',
  });
  expect(card.normalise).toEqual({ mean: [0, 0, 0], std: [1, 1, 1] });
});

describe('parseNormalisation', () => {
  it('accepts names and numbers', () => {
    expect(parseNormalisation('imagenet').mean).toEqual([123.675, 116.28, 103.53]);
    expect(parseNormalisation('127,127,127/128,128,128')).toEqual({ mean: [127, 127, 127], std: [128, 128, 128] });
  });

  it.each(['', 'torch', '1,2,3', '1,2/1,2', '1,2,3/0,1,1', '1,2,3/1,1,1/1,1,1', 'constructor'])(
    'refuses %j',
    (text) => {
      expect(() => parseNormalisation(text)).toThrow(/for --normalise but received/);
    },
  );
});

it.each([
  ['', /is empty/],
  ['just text\n', /a text file/],
  [' <!DOCTYPE html><p>Sign in', /a web page/],
  ['version https://git-lfs.github.com/spec/v1\noid', /Git LFS pointer/],
  ['PK\u0003\u0004...', /ZIP/],
  ['\u0008\u0007\u0012\u0005', /cut off or damaged/],
])('sniffText reports what %j seems to be', (text, message) => {
  expect(sniffText(Buffer.from(text, 'latin1'))).toMatch(message);
});
