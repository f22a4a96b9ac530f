import { copyFile, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadClassTable } from '../../../../src/core/collection/class-table.process.ts';
import { cardFor, classesOfCard } from '../../../../src/core/collection/cards/model-card.process.ts';
import { packageRoot } from '../../../../src/core/config/root.ts';
import { sha256Of } from '../../../support/sha256.ts';
import { add, AS_127, fixture, project } from './support.ts';

const BUNDLED = path.join(packageRoot, 'assets', 'models');
const localFiles = (folder: string, name = '') =>
  readdir(path.join(folder, 'config/local/models', name)).catch((): string[] => []);

describe('models add', () => {
  it('copies model and class list, and writes a card that commands in this folder find', async () => {
    const folder = await project();
    const documentation = 'https://models.example/five#preprocessing';
    const added = await add(folder, 'five-nchw.onnx', { given: { documentation } });
    expect(added.trial).toMatchObject({ verdict: 'ok', measured: 0, isSoftmax: false });
    const card = await cardFor('five-nchw', folder);
    expect(card).toMatchObject({
      origin: 'added',
      classes: 'classes.txt',
      trained: true,
      documentation,
      resize: { shorterSide: 36 },
    });
    expect(sha256Of(await readFile(card.path))).toBe(card.sha256);
    const classes = await classesOfCard(card, await loadClassTable());
    expect(classes.positionOf({ wnid: 'd', name: 'dark thing' })).toBe(4);
    expect(await localFiles(folder)).toEqual(['five-nchw']);
    expect(await localFiles(folder, 'five-nchw')).toEqual(['card.yaml', 'classes.txt', 'model.onnx']);
  });

  it.each([
    ['five-nhwc.onnx', { input: { layout: 'nhwc', type: 'float32' }, outputs: { values: 'logits' } }],
    ['five-uint8.onnx', { input: { layout: 'nhwc', type: 'uint8' }, normalise: { mean: [0, 0, 0], std: [1, 1, 1] } }],
    ['five-batch-1.onnx', { input: { layout: 'nchw', type: 'float32' } }],
    ['five-probabilities.onnx', { outputs: { logits: 'probabilities', values: 'probabilities' } }],
  ])('reads %s', async (file, facts) => {
    const folder = await project();
    const { name } = await add(folder, file);
    expect(await cardFor(name, folder)).toMatchObject(facts);
  });

  it('measures an ImageNet model on the sample photos, and finds its logits among its outputs', async () => {
    const folder = await project();
    const given = { name: 'again', classes: 'imagenet-1k', normalise: AS_127, resize: 256 };
    const added = await add(folder, path.join(BUNDLED, 'efficientnet-lite0.onnx'), { given, inPlace: true });
    expect(added.trial.right).toBeGreaterThan(16);
    const card = await cardFor('again', folder);
    expect(card).toMatchObject({
      path: path.join(BUNDLED, 'efficientnet-lite0.onnx'),
      outputs: { logits: 'logits', features: 'input of logits' },
    });
    expect(await localFiles(folder, 'again')).toEqual(['card.yaml']);
  });

  it('registers a model that knows nothing only with the flag, and as untrained', async () => {
    const folder = await project();
    const given = { name: 'structure', classes: 'imagenet-1k', normalise: 'imagenet', resize: 256 };
    const file = path.join(BUNDLED, 'resnet50-structure.onnx');
    await expect(add(folder, file, { given })).rejects.toThrow(
      /no better than chance: \d of 32 sample photos right.*--allow-chance/,
    );
    expect(await localFiles(folder)).toEqual([]);
    await add(folder, 'five-constant.onnx', { allowChance: true });
    expect((await cardFor('five-constant', folder)).trained).toBe(false);
    await expect(add(folder, 'five-nan.onnx', { allowChance: true })).rejects.toThrow(/not finite numbers/);
  });

  it.each([
    ['two-inputs.onnx', {}, /one input, a picture, but the graph has 2 \('image' .*, 'mask' /],
    ['one-channel.onnx', {}, /three channels, RGB, but 'image' is float32 \[batch, 1, 32, 32\]/],
    ['five-batch-4.onnx', {}, /one picture at a time or any number but .* always 4/],
    ['five-nan.onnx', {}, /not finite numbers/],
    ['five-constant.onnx', {}, /same values for all of 32 sample photos/],
    [
      'five-nchw.onnx',
      { classes: 'imagenet-1k' },
      /each of the 1000 classes of the class list but the graph has 'logits' float32 \[batch, 5\]/,
    ],
    [
      'five-nchw.onnx',
      { size: 64 },
      /Expected --size to agree with what the file says of 'image' \(32\) but received 64/,
    ],
    [
      'five-uint8.onnx',
      { normalise: 'imagenet' },
      /Expected --normalise to agree .*normalises itself.* but received 'imagenet'/,
    ],
    ['five-nchw.onnx', { normalise: 'torch' }, /for --normalise but received 'torch'/],
    ['five-nchw.onnx', { resize: 30 }, /at least the input size 32 for 'resize.shorterSide'/],
    ['five-nchw.onnx', { name: 'Not A Name' }, /for --name but received 'Not A Name'/],
    ['five-nchw.onnx', { name: 'efficientnet-lite0' }, /a new name for --name but 'efficientnet-lite0'/],
    ['five-nchw.onnx', { classes: 'none.txt' }, /class lists .*none\.txt: no such file/],
    ['nowhere.onnx', {}, /cannot be read: ENOENT/],
  ])('refuses %s with %j and leaves no files behind', async (file, given, message) => {
    const folder = await project();
    await expect(add(folder, file, { given })).rejects.toMatchObject({
      name: 'UsageError',
      message: expect.stringMatching(message),
    });
    expect(await localFiles(folder)).toEqual([]);
  });

  it('names all missing flags at once, or asks for them one by one on a terminal', async () => {
    const folder = await project();
    const nothing = { classes: undefined, normalise: undefined, resize: undefined };
    await expect(add(folder, 'five-nchw.onnx', { given: nothing })).rejects.toThrow(
      /--classes: [^]*--normalise: [^]*--resize: /,
    );
    const asked: string[] = [];
    const answers: Record<string, string> = {
      '--classes': 'five.txt',
      '--normalise': AS_127,
      '--resize': '36',
      '--name': '',
    };
    const ask = ({ fact }: { fact: string }) => {
      const flag = `--${fact}`;
      asked.push(flag);
      return Promise.resolve(answers[flag] ?? '');
    };
    const { name } = await add(folder, 'five-nchw.onnx', { given: nothing, ask });
    expect([asked, name]).toEqual([['--classes', '--normalise', '--resize', '--name'], 'five-nchw']);
  });

  it('refuses a name that is taken and keeps the existing model', async () => {
    const folder = await project();
    await add(folder, 'five-nchw.onnx', { given: { name: 'five' } });
    await expect(add(folder, 'five-nhwc.onnx', { given: { name: 'five' } })).rejects.toMatchObject({
      code: 'model-exists',
    });
    expect((await cardFor('five', folder)).sha256).toBe(sha256Of(await fixture('five-nchw.onnx')));
  });

  it('copies a file in the models folder, and refuses a name that another file has there', async () => {
    const folder = await project();
    const models = path.join(folder, 'config/local/models');
    await mkdir(path.join(models, 'five'), { recursive: true });
    const source = path.join(models, 'five.onnx');
    await writeFile(source, await fixture('five-nchw.onnx'));
    await writeFile(path.join(models, 'five', 'notes.txt'), 'my notes\n');
    await expect(add(folder, source)).rejects.toMatchObject({
      code: 'model-exists',
      message: expect.stringMatching(/a new name for --name but '.*five' already exists/),
    });
    expect(await localFiles(folder)).toEqual(['five', 'five.onnx']);
    expect(await localFiles(folder, 'five')).toEqual(['notes.txt']);
    await rm(path.join(models, 'five'), { recursive: true });
    await add(folder, source);
    expect(await localFiles(folder)).toEqual(['five', 'five.onnx']);
    expect(await readFile(source)).toEqual(await fixture('five-nchw.onnx'));
  });

  it('can use the cards that an older winnow wrote beside their files', async () => {
    const folder = await project();
    const { cardFile, modelFile } = await add(folder, 'five-nchw.onnx', { given: { name: 'five' } });
    const models = path.join(folder, 'config/local/models');
    const card = (await readFile(cardFile, 'utf8'))
      .replace('name: five', 'name: old')
      .replace('file: model.onnx', 'file: config/local/models/old.onnx')
      .replace('classes: classes.txt', 'classes: old.classes.txt');
    await writeFile(path.join(models, 'old.yaml'), card);
    await copyFile(modelFile, path.join(models, 'old.onnx'));
    await copyFile(path.join(folder, 'five.txt'), path.join(models, 'old.classes.txt'));
    const old = await cardFor('old', folder);
    expect(old).toMatchObject({ origin: 'project', path: path.join(models, 'old.onnx') });
    expect((await classesOfCard(old, await loadClassTable())).count).toBe(5);
  });

  it('gives a name that two calls want at once to one of them, with all files', async () => {
    const folder = await project();
    const files = ['five-nchw.onnx', 'five-nhwc.onnx'];
    const ends = await Promise.allSettled(files.map((file) => add(folder, file, { given: { name: 'five' } })));
    expect(ends.flatMap((end) => (end.status === 'rejected' ? [end.reason] : []))).toEqual([
      expect.objectContaining({ code: 'model-exists' }),
    ]);
    const card = await cardFor('five', folder);
    expect(sha256Of(await readFile(card.path))).toBe(card.sha256);
    expect(await localFiles(folder)).toEqual(['five']);
    expect(await localFiles(folder, 'five')).toEqual(['card.yaml', 'classes.txt', 'model.onnx']);
  });
});
