import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import * as z from 'zod';
import { loadClassTable } from '../../../../src/core/collection/class-table.process.ts';
import { cardFor, classesOfCard } from '../../../../src/core/collection/cards/model-card.process.ts';
import { packageRoot } from '../../../../src/core/config/root.ts';
import { EngineTally } from '../../../../src/core/filter/engine/engine-tally.ts';
import { startEngine } from '../../../../src/core/filter/engine/thread-pool.process.ts';
import { makeTextHead, type TextHeadRequest } from '../../../../src/measure/evaluate/text/text-head.process.ts';
import { openBackbone } from '../../../../src/core/models/engine/backbone.process.ts';
import { preprocessingOf, specOf } from '../../../../src/core/models/engine/ensemble.process.ts';
import type { MemberSpec } from '../../../../src/core/models/engine/spec.ts';
import { CENTRE_CROP, noEvidence } from '../../../../src/core/models/evidence/evidence.ts';
import { PreparedPicture } from '../../../../src/core/models/evidence/prepared-picture.ts';
import { tokenizerOf } from '../../../../src/core/models/text/tokens.process.ts';
import { openBlobFolder } from '../../../../src/core/platform/blobs/blob-folder.ts';
import { decodeRgb } from '../../../../src/core/platform/image/inspect.ts';
import { engineSpec, putBytes } from '../../core/filter/engine/spec.ts';
import { startPhotoServer } from '../../../support/photo-server.ts';
import { sha256Of } from '../../../support/sha256.ts';
import { testFolder } from '../../../support/test-app.ts';
import { winnow } from '../../../support/winnow.ts';

/** Made by make.py beside it. */
const FIXTURES = fileURLToPath(new URL('../../../fixtures/two-tower/', import.meta.url));
const NEVER = new AbortController().signal;

const numbers = z.array(z.number());
const photoSchema = z.object({ file: z.string(), features: numbers, logits: numbers, p: numbers });
const ofKind = z.object({
  padding: z.number(),
  scale: z.number(),
  bias: z.number(),
  image: z.string(),
  text: z.string(),
  tokens: z.array(numbers),
  manyTokensSha256: z.string(),
  photos: z.array(photoSchema),
});
const expectedSchema = z.object({
  classes: z.array(z.string()),
  templates: z.array(z.string()),
  texts: z.array(z.string()),
  contextLength: z.number(),
  clipTokensSha256: z.string(),
  clip: ofKind,
  siglip: ofKind,
});
const EXPECTED = expectedSchema.parse(JSON.parse(await readFile(path.join(FIXTURES, 'expected.json'), 'utf8')));
type Kind = 'clip' | 'siglip';

async function project(kind: Kind, changes: Readonly<Record<string, unknown>> = {}): Promise<string> {
  const folder = await testFolder();
  await writeFile(path.join(folder, 'classes.txt'), EXPECTED.classes.join('\n'));
  await writeFile(path.join(folder, 'templates.txt'), `# ours\n${EXPECTED.templates.join('\n')}\n`);
  const { padding, scale, bias, image, text: output } = EXPECTED[kind];
  const isSigmoid = kind === 'siglip';
  const [model, text, tokenizer] = await Promise.all(
    ['image.onnx', 'text.onnx', 'tokenizer.json'].map((name) => fixtureFile(`${kind}-${name}`)),
  );
  const card = {
    name: kind,
    ...model,
    licence: 'MIT',
    source: 'make.py',
    input: { name: 'pixel_values', size: 32 },
    resize: { shorterSide: isSigmoid ? 32 : 40, square: isSigmoid, interpolation: 'bicubic-antialias' },
    normalise: { mean: [127.5, 127.5, 127.5], std: [127.5, 127.5, 127.5] },
    outputs: { features: image },
    trained: true,
    text: {
      ...text,
      tokenizer,
      contextLength: EXPECTED.contextLength,
      padding,
      output,
      scale,
      bias,
      sigmoid: isSigmoid,
      ...changes,
    },
  };
  await mkdir(path.join(folder, 'config/models'), { recursive: true });
  await writeFile(path.join(folder, `config/models/${kind}.yaml`), JSON.stringify(card));
  return folder;
}

async function fixtureFile(name: string) {
  const file = path.join(FIXTURES, name);
  const bytes = await readFile(file);
  return { file, sha256: sha256Of(bytes), bytes: bytes.length };
}

/** The answers of the filter's engine for the centre crops. */
async function filteredBy(member: MemberSpec, photos: readonly Buffer[]) {
  const blobs = await testFolder();
  const hashes = await Promise.all(photos.map(async (bytes) => putBytes(openBlobFolder(blobs), bytes)));
  const spec = await engineSpec(blobs, { members: [member], evaluate: 'all' });
  const engine = await startEngine(spec, 1, new EngineTally(1));
  try {
    const tasks = hashes.map((sha256) => ({ sha256, truths: [0, 1, 2, 3, 4], evidence: noEvidence(1) }));
    return (await engine.evaluate(tasks)).map(({ fresh }) => fresh[0]?.[CENTRE_CROP]);
  } finally {
    await engine.close();
  }
}

function headFrom(folder: string, changes: Partial<TextHeadRequest> = {}) {
  const request = {
    card: 'clip',
    classes: path.join(folder, 'classes.txt'),
    name: 'mine',
    templates: path.join(folder, 'templates.txt'),
    scale: null,
    bias: null,
    workingDir: folder,
  };
  return makeTextHead({ ...request, ...changes }, { threads: 1, signal: NEVER, onProgress: () => undefined });
}

describe.each(['clip', 'siglip'] as const)('a model of the kind of %s', (kind) => {
  it('has the features, logits and p of the zero-shot recipe of open_clip in PyTorch', async () => {
    const folder = await project(kind);
    const made = await headFrom(folder, { card: kind });
    expect(made).toMatchObject({ classes: 5, templates: 3, prompts: 15, isSigmoid: kind === 'siglip' });
    expect(made.examples[0]).toBe('a photo of a red kite.');
    const card = await cardFor('mine', folder);
    const classes = await classesOfCard(card, await loadClassTable());
    expect(classes.positionOf({ wnid: 'T-shirt', name: 'T-shirt' })).toBe(3);
    expect(preprocessingOf(card, classes).includes(' sigmoid ')).toBe(kind === 'siglip');
    const { backbone, head } = specOf(card, classes);
    const photos = await Promise.all(
      EXPECTED[kind].photos.map(({ file }) => readFile(path.join(packageRoot, 'assets/demo/photos', file))),
    );
    const filtered = await filteredBy({ name: 'mine', backbone, head, mask: [0, 1, 2, 3, 4] }, photos);
    const open = await openBackbone(backbone, [{ output: card.outputs.features ?? '' }]);
    for (const [i, wanted] of EXPECTED[kind].photos.entries()) {
      const tensor = new Float32Array(3 * 32 * 32);
      const picture = new PreparedPicture(await decodeRgb(photos[i] ?? Buffer.alloc(0)), [backbone.input]);
      picture.fill({ tensor, offset: 0 }, backbone.input, CENTRE_CROP);
      const [[features = tensor] = []] = await open.run(tensor, 1);
      const { logits, trueProbs } = filtered[i] ?? { logits: null, trueProbs: new Map<number, number>() };
      expect(largestDifference([...features], wanted.features)).toBeLessThan(1e-5);
      // Logits are up to 100 times a cosine.
      expect(
        largestDifference([...(logits ?? [])], wanted.logits) / Math.max(...wanted.logits.map(Math.abs)),
      ).toBeLessThan(1e-5);
      expect(largestDifference([...trueProbs.values()], wanted.p)).toBeLessThan(1e-5);
    }
    await open.close();
  });

  it('has the tokens of the Rust tokenizers for all names of classes and 2,000 odd strings', async () => {
    const file = path.join(FIXTURES, `${kind}-tokenizer.json`);
    const { padding, tokens } = EXPECTED[kind];
    const { contextLength } = EXPECTED;
    const tokenise = tokenizerOf(await readFile(file, 'utf8'), { contextLength, padding, file });
    expect(EXPECTED.texts.map((text) => tokenise(text).ids)).toEqual(tokens);
    expect(await manyTokensSha256(tokenise)).toBe(EXPECTED[kind].manyTokensSha256);
  });
});

it('CLIP has the tokens of transformers for all names of classes and 2,000 odd strings', async (context) => {
  const file = process.env['WINNOW_TEST_CLIP_TOKENIZER'];
  if (file === undefined) {
    context.skip('WINNOW_TEST_CLIP_TOKENIZER names no tokenizer.json (test/fixtures/two-tower/make.py writes it)');
    return;
  }
  const tokenise = tokenizerOf(await readFile(file, 'utf8'), { contextLength: 77, padding: 49407, file });
  expect(await manyTokensSha256(tokenise)).toBe(EXPECTED.clipTokensSha256);
});

const ODD = 'abc XYZ 0129\'-.,!?\t\u00a0\u2003\u200b\u200déèüñŒß́日本語の。кир🙂👩‍👧🏽🇩🇪ﬁ½²Ⅳक्षि한ไท&{}_/\\"<|endoftext|>';

/** As `many_texts` and `token_hash` of make.py. */
async function manyTokensSha256(tokenise: ReturnType<typeof tokenizerOf>): Promise<string> {
  const { rows } = await loadClassTable();
  const letters = Array.from(ODD);
  let state = 1;
  const odd = Array.from({ length: 2_000 }, (_, i) =>
    Array.from({ length: i % 40 }, () => {
      state = (state * 48_271) % 2_147_483_647;
      return letters[state % letters.length];
    }).join(''),
  );
  const texts = [...rows.flatMap(({ synonyms }) => synonyms), ...odd];
  return sha256Of(texts.map((text) => tokenise(text).ids.join()).join('\n'));
}

function largestDifference(given: readonly number[], wanted: readonly number[]): number {
  if (given.length !== wanted.length) return Number.POSITIVE_INFINITY;
  return Math.max(...given.map((value, i) => Math.abs(value - (wanted[i] ?? Number.NaN))));
}

describe('a head from text', () => {
  it('is refused with the reason', async () => {
    const folder = await project('clip', { scale: undefined });
    const bad = path.join(folder, 'bad.txt');
    await writeFile(bad, 'a photo of a {}.\na photo of a dog.\n');
    const cases: [Partial<TextHeadRequest>, RegExp][] = [
      [{}, /Expected the scale and the bias of 'clip'.*Give --scale and --bias/],
      [{ scale: 100, templates: 'openai-8' }, /Did you mean 'openai-80'/],
      [{ scale: 100, templates: bad }, /Expected '\{\}' in each template.*'a photo of a dog.' \(.*bad.txt:2\)/],
      [{ scale: 100, classes: 'one' }, /Expected a list's name.*received 'one'/],
      [{ scale: 100, classes: 'red kite,red-kite' }, /several are named 'red kite'/],
      [{ scale: 100, card: 'efficientnet-lite0' }, /has no 'text'/],
    ];
    for (const [changes, message] of cases) await expect(headFrom(folder, changes)).rejects.toThrow(message);
    const { examples } = await headFrom(folder, {
      scale: 100,
      classes: 'n01440764,red_kite',
      templates: bad.replace('bad', 'templates'),
    });
    expect(examples).toEqual(['a photo of a tench.', 'a photo of a red kite.']);
  });
});

it('a published card without hashes is completed with those that the user gives', async () => {
  const folder = await testFolder();
  const { padding, image, text } = EXPECTED.clip;
  await mkdir(path.join(folder, 'config/models'), { recursive: true });
  const card = await readFile(path.join(packageRoot, 'config/models/clip-vit-b32.yaml'), 'utf8');
  const tiny = card
    .replaceAll('clip-vit-b32', 'tiny')
    .replace(/size: 224/, 'size: 32')
    .replace(/shorterSide: 224/, 'shorterSide: 40')
    .replace(/image_embeds/, image)
    .replace(/text_embeds/, text)
    .replace(/contextLength: 77/, `contextLength: ${EXPECTED.contextLength}`)
    .replace(/padding: 49407/, `padding: ${padding}`);
  await writeFile(path.join(folder, 'config/models/tiny.yaml'), tiny);
  const names = ['clip-image.onnx', 'clip-text.onnx', 'clip-tokenizer.json'];
  const files = names.map((name) => path.join(FIXTURES, name));
  const hashes = await Promise.all(files.map(async (file) => sha256Of(await readFile(file))));
  const image0 = await readFile(files[0] ?? '');
  const server = await startPhotoServer((_, response) =>
    response.writeHead(200, { 'content-length': image0.length }).end(image0),
  );
  onTestFinished(() => server.close());
  const allowed = ['--set', `fetch.allowAddresses=${server.address}`];
  const pull = (...args: readonly string[]) => winnow(['models', 'pull', 'tiny', ...allowed, ...args], { cwd: folder });
  const from = ['--from', `${server.origin}/vision_model.onnx`, ...files.slice(1)];
  expect(await pull()).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/model.onnx: https:.*\n.*text.onnx: https:/),
  });
  expect(await pull(...from, '--sha256', ...hashes.slice(1))).toMatchObject({ code: 2 });
  const swapped = await pull(...from, '--sha256', ...hashes.toReversed());
  expect(swapped).toMatchObject({ code: 1, stderr: expect.stringContaining('its sha256 is') });
  expect(await winnow(['models', 'list'], { cwd: folder })).toMatchObject({
    stdout: expect.stringMatching(/^tiny +not pulled/m),
  });
  expect(await pull(...from, '--sha256', ...hashes)).toMatchObject({ code: 0 });
  expect(await winnow(['models', 'list'], { cwd: folder })).toMatchObject({
    stdout: expect.stringMatching(/^tiny +ready +features, text/m),
  });
  expect(await winnow(['evaluate', '.', '--model', 'tiny'], { cwd: folder })).toMatchObject({ code: 2 });
  const head = await winnow(['models', 'text', '--card', 'tiny', '--classes', 'lion,red kite', '--name', 'two'], {
    cwd: folder,
  });
  expect(head).toMatchObject({ code: 0, stdout: expect.stringContaining('2 classes x 80 templates = 160 prompts') });

  const photo = path.join(packageRoot, 'assets/demo/photos', EXPECTED.clip.photos[0]?.file ?? '');
  for (const name of ['Lion', 'red_kite']) await cp(photo, path.join(folder, 'photos', name, 'one.jpg'));
  const init = ['collection', 'init', 'animals', '--model', 'two'];
  const features = await winnow(['collection', 'init', 'animals', '--model', 'tiny'], { cwd: folder });
  expect(features).toMatchObject({ code: 2, stderr: expect.stringContaining('winnow models text --card tiny') });
  const wrong = await winnow([...init, '--classes', 'red kitte'], { cwd: folder });
  expect(wrong).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/a class of 'two'.*\n.*'red kite' \(red-kite\)/),
  });
  expect(await winnow([...init, '--from', 'photos'], { cwd: folder })).toMatchObject({ code: 0 });
  const collection = await readFile(path.join(folder, 'config/collections/animals.yaml'), 'utf8');
  const classes = '  - n02129165 # lion\n  - { wnid: red-kite, name: "red kite" }\n';
  for (const part of [classes, '\n# among: imagenet-1k\n', '\nensemble: [two]\n']) expect(collection).toContain(part);
  expect(await winnow(['collection', 'check', 'animals'], { cwd: folder })).toMatchObject({ code: 0 });
});
