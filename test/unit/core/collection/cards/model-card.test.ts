import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseModelCard } from '../../../../../src/core/collection/cards/model-card.ts';

const CARD = `name: tiny
file: assets/models/tiny.onnx
sha256: ${'0123456789abcdef'.repeat(4)}
bytes: 5
licence: CC0-1.0
source: made for the test
input: { name: image, size: 32 }
resize: { shorterSide: 40, interpolation: bilinear-antialias }
normalise: { mean: [123.675, 116.28, 103.53], std: [58.395, 57.12, 57.375] }
outputs: { logits: logits }
classes: imagenet-1k
trained: false
`;
const parse = (text: string) => parseModelCard(text, 'tiny.yaml', '/pkg');

describe('parseModelCard', () => {
  it('reads a card and finds its file from the base folder', () => {
    const card = parse(CARD);
    expect(card.path).toBe(resolve('/pkg/assets/models/tiny.onnx'));
    expect(card.normalise.mean).toEqual([123.675, 116.28, 103.53]);
    expect(card.outputs).toEqual({ logits: 'logits' });
    expect(card.costs).toBeUndefined();
  });

  it('takes other layouts, types, values, class lists and addresses', () => {
    const resize = { shorterSide: 40, square: true, interpolation: 'lanczos' };
    const text = CARD.replace('size: 32', 'size: 32, layout: nhwc, type: uint8')
      .replace('interpolation: bilinear-antialias', 'square: true, interpolation: lanczos')
      .replace(/normalise: .*\n/, '')
      .replace('logits: logits', "logits: '*', values: probabilities")
      .replace('classes: imagenet-1k', 'classes: tiny.classes.txt\ndownload: [https://models.example/tiny.onnx]');
    const card = parse(text);
    expect(card.input).toEqual({ name: 'image', size: 32, layout: 'nhwc', type: 'uint8' });
    expect(card.normalise).toEqual({ mean: [0, 0, 0], std: [1, 1, 1] });
    const download = ['https://models.example/tiny.onnx'];
    expect(card).toMatchObject({ resize, classes: 'tiny.classes.txt', download });
  });

  it('takes the photos that a model was trained on, of one kind or of several', () => {
    const trained = (line: string) => parse(`${CARD}trainingData: ${line}\n`).trainingData;
    const web = { name: 'WebLI', until: '2022-05', classes: ['web'] };
    expect(trained("{ name: WebLI, until: '2022-05', classes: web }")).toEqual(web);
    expect(trained('{ name: unknown, until: unknown, classes: [web, imagenet-21k] }')?.classes).toEqual([
      'web',
      'imagenet-21k',
    ]);
    expect(() => trained("{ name: WebLI, until: 'May 2022', classes: web }")).toThrow(
      "Expected a date in quotes, such as '2021', '2021-01' or '2021-01-05', or unknown for 'trainingData.until' in tiny.yaml:13 but received 'May 2022'",
    );
    expect(() => trained("{ name: WebLI, until: '2022', classes: imagenet }")).toThrow(
      /Expected one or a list of imagenet-1k, .*'imagenet'/,
    );
  });

  it.each([
    ['sha256', CARD.replace('0123', '012X'), "Expected 64 lower-case hex digits for 'sha256' in tiny.yaml:3"],
    [
      'std',
      CARD.replace('58.395', '0'),
      "Expected three numbers above 0 for R, G and B, in units of 0..255 for 'normalise.std.0' in tiny.yaml:9",
    ],
    [
      'crop',
      CARD.replace('shorterSide: 40', 'shorterSide: 31'),
      "Expected at least the input size 32 for 'resize.shorterSide' in tiny.yaml:8",
    ],
    [
      'interpolation',
      CARD.replace('bilinear-antialias', 'bicubic'),
      "Expected one of bilinear-antialias, bicubic-antialias, lanczos for 'resize.interpolation' in tiny.yaml:8 but received 'bicubic'",
    ],
    ['unknown key', CARD.replace('licence', 'license'), "received 'license'. Did you mean 'licence'?"],
    [
      'pair of uint8 and normalise',
      CARD.replace('size: 32', 'size: 32, type: uint8'),
      "no 'normalise' for an input of uint8, which the graph normalises itself, but it is in tiny.yaml:9",
    ],
    ['lack of normalise', CARD.replace(/normalise: .*\n/, ''), "for 'normalise' in tiny.yaml:1 but it is missing"],
  ])('refuses a wrong %s with its line', (_, text, message) => {
    expect(() => parse(text)).toThrow(message);
  });
});
