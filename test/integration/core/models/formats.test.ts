import path from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openBackbone } from '../../../../src/core/models/engine/backbone.process.ts';
import type { BackboneSpec, HeadSpec } from '../../../../src/core/models/engine/spec.ts';
import { availableProvider } from '../../../../src/core/platform/onnx/providers.ts';
import { providerOption } from '../../../../src/core/platform/onnx/session.ts';
import { sha256Of } from '../../../support/sha256.ts';
import { FIXTURES, fixture } from './support.ts';

const SIZE = 32;
const VALUES = 3 * SIZE * SIZE;
/** Three pictures with whole values 0..255, as uint8 graphs receive them. */
const PIXELS = Float32Array.from({ length: 3 * VALUES }, (_, i) => {
  const channel = Math.floor(i / (SIZE * SIZE)) % 3;
  return (i % 97) + 40 * channel + 17 * Math.floor(i / VALUES);
});
/** The same pictures as other graphs receive them. */
const NORMALISED = PIXELS.map((value) => (value - 127) / 128);

interface Changes {
  readonly format?: BackboneSpec['format'];
  readonly head?: Partial<HeadSpec>;
  readonly size?: number;
}

async function logitsOf(file: string, tensor: Float32Array, { format, head, size = SIZE }: Changes = {}) {
  const backbone = {
    file: path.join(FIXTURES, file),
    sha256: sha256Of(await fixture(file)),
    inputName: 'image',
    input: {
      size,
      shorterSide: size,
      isSquare: false,
      interpolation: 'bilinear-antialias',
      mean: [127, 127, 127],
      std: [128, 128, 128],
    },
    format,
  } as const;
  const open = await openBackbone(backbone, [{ output: '*', ...head }]);
  onTestFinished(() => open.close());
  return (await open.run(tensor, 3)).flat().map((row) => [...row]);
}

describe('models with inputs of other kinds', () => {
  it('give the same logits for the same pictures, whatever the layout, type and batch', async () => {
    const expected = await logitsOf('five-nchw.onnx', NORMALISED, { head: { classes: 5 } });
    expect(expected.map((row) => row.length)).toEqual([5, 5, 5]);
    expect(expected[0]).not.toEqual(expected[1]);
    expect(await logitsOf('five-nhwc.onnx', NORMALISED, { format: { layout: 'nhwc' } })).toEqual(expected);
    expect(await logitsOf('five-batch-1.onnx', NORMALISED)).toEqual(expected);
    expect(await logitsOf('five-uint8-nchw.onnx', PIXELS, { format: { type: 'uint8' } })).toEqual(expected);
    expect(await logitsOf('five-uint8.onnx', PIXELS, { format: { type: 'uint8', layout: 'nhwc' } })).toEqual(expected);
  });

  it('give the logits of float16 for a float16 input, also if all of the graph is float16', async () => {
    const exact = (await logitsOf('five-nchw.onnx', NORMALISED)).flat();
    for (const file of ['five-float16.onnx', 'five-half.onnx']) {
      const rows = await logitsOf(file, NORMALISED, { format: { type: 'float16' } });
      for (const [i, logit] of rows.flat().entries())
        expect(Math.abs(logit - (exact[i] ?? Number.NaN))).toBeLessThan(0.01);
    }
    await expect(logitsOf('five-half.onnx', NORMALISED)).rejects.toThrow(/is float16 .*, not float32/);
  });

  it('give logarithms of probabilities that differ from the logits by one number for each picture', async () => {
    const logits = await logitsOf('five-nchw.onnx', NORMALISED);
    const logs = await logitsOf('five-probabilities.onnx', NORMALISED, { head: { values: 'probabilities' } });
    for (const [i, row] of logs.entries()) {
      const offsets = row.map((log, k) => log - (logits[i]?.[k] ?? Number.NaN));
      for (const offset of offsets) expect(offset).toBeCloseTo(offsets[0] ?? Number.NaN, 4);
    }
  });

  it('may have 21,841 outputs', async () => {
    const rows = await logitsOf('wide-21k.onnx', NORMALISED, { head: { classes: 21_841 } });
    expect(rows.map((row) => row.length)).toEqual([21_841, 21_841, 21_841]);
  });

  it.each([
    ['five-nhwc.onnx', {}, /its input 'image' is float32 \[batch, 32, 32, 3\], not float32 \[batch, 3, 32, 32\]/],
    ['five-uint8.onnx', { format: { layout: 'nhwc' } }, /is uint8 .*, not float32/],
    ['five-batch-4.onnx', {}, /takes exactly 4 pictures at a time/],
    [
      'five-nchw.onnx',
      { head: { classes: 1000 } },
      /its output 'logits' is float32 \[batch, 5\], but its class list has 1000/,
    ],
    ['five-nchw.onnx', { size: 64 }, /not float32 \[batch, 3, 64, 64\]/],
  ] as const)('are refused if %s is not what the card says: %j', async (file, changes, message) => {
    await expect(logitsOf(file, NORMALISED, changes)).rejects.toMatchObject({
      code: 'model-format',
      message: expect.stringMatching(message),
    });
  });
});

describe('availableProvider', () => {
  it('passes the number of a device to ONNX Runtime, names one that cannot be used, and refuses numbers for the cpu', async () => {
    expect([
      providerOption({}),
      providerOption({ provider: 'cuda' }),
      providerOption({ provider: 'cuda', device: 1 }),
    ]).toEqual(['cpu', 'cuda', { name: 'cuda', deviceId: 1 }]);
    const { problem } = await availableProvider('dml', [3]);
    expect(problem).toMatch(/^The execution provider 'dml' .* cannot be used here on device 3 \(filter\.devices\): /);
    await expect(availableProvider('cpu', [0, 1])).rejects.toMatchObject({
      code: 'no-devices',
      message: expect.stringMatching(/^filter\.devices is \[0, 1\], but filter\.executionProvider is 'cpu'/),
    });
  });

  it('returns the cpu unchanged, and falls back to it with the reason if a provider is missing', async () => {
    expect(await availableProvider('cpu')).toEqual({ provider: 'cpu', problem: null });
    // Each of them needs another operating system, so at least one is missing.
    const choices = [await availableProvider('coreml'), await availableProvider('dml')];
    const fallbacks = choices.filter(({ problem }) => problem !== null);
    expect(fallbacks.length).toBeGreaterThan(0);
    for (const { provider, problem } of fallbacks) {
      expect(provider).toBe('cpu');
      expect(problem).toMatch(
        /^The execution provider '(coreml|dml)' \(filter\.executionProvider\) cannot be used here: .*\. It needs /,
      );
    }
  });
});
