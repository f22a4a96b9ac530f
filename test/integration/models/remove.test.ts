import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { removeModel, type Removal } from '../../../src/app/models/remove.ts';
import { add, fixture, project } from './support.ts';

const remove = (workingDir: string, name: string, force = false): Promise<Removal> =>
  removeModel(name, { force, db: null, workingDir });
const inModels = (folder: string, name = ''): string => path.join(folder, 'config/local/models', name);

describe('models remove with an invalid card', () => {
  it.each([
    ['unparsable', 'name: five-nchw\n  file: [x\n', /^Invalid YAML in .*five-nchw\/card\.yaml:1: /],
    ['with wrong fields', 'name: five-nchw\nbytes: many\n', /'bytes' in .*five-nchw\/card\.yaml:2 but received 'many'/],
    [
      'no text',
      Buffer.from([0xff, 0xfe, 0x00]),
      /^Cannot read a model card at .*five-nchw\/card\.yaml: expected UTF-8 text/,
    ],
  ])(
    'removes a model whose card is %s, with all its files, and says what was wrong with the card',
    async (_, card, problem) => {
      const folder = await project();
      const { cardFile } = await add(folder, 'five-nchw.onnx');
      await writeFile(cardFile, card);
      const removal = await remove(folder, 'five-nchw');
      expect(removal).toMatchObject({
        removed: [inModels(folder, 'five-nchw')],
        problem: expect.stringMatching(problem),
      });
      expect(await readdir(inModels(folder))).toEqual([]);
      await add(folder, 'five-nhwc.onnx', { given: { name: 'five-nchw' } });
    },
  );

  it('keeps a file that was added in place', async () => {
    const folder = await project();
    const shared = path.join(folder, 'shared.onnx');
    await writeFile(shared, await fixture('five-nchw.onnx'));
    await add(folder, shared, { given: { name: 'one' }, inPlace: true });
    expect((await remove(folder, 'one')).removed).toEqual([inModels(folder, 'one')]);
    expect(await readFile(shared)).toEqual(await fixture('five-nchw.onnx'));
    expect(await readdir(inModels(folder))).toEqual([]);
  });

  it('keeps a model that a collection names unless forced, even if the collection cannot be used with it', async () => {
    const folder = await project();
    const { cardFile } = await add(folder, 'five-nchw.onnx');
    await writeFile(cardFile, 'nonsense');
    await mkdir(path.join(folder, 'config/collections'), { recursive: true });
    await writeFile(
      path.join(folder, 'config/collections/colours.yaml'),
      'name: colours\nclasses: imagenet-a\nensemble: [five-nchw]\n',
    );
    await expect(remove(folder, 'five-nchw')).rejects.toMatchObject({
      code: 'model-in-use',
      message: expect.stringMatching(/the collection 'colours' .* has it in its ensemble/),
    });
    expect(await readFile(cardFile, 'utf8')).toBe('nonsense');
    expect((await remove(folder, 'five-nchw', true)).uses).toHaveLength(1);
  });

  it.each([
    ['its model file', (name: string) => `file: config/local/models/${name}/model.onnx`, 'model.onnx'],
    ['its class list', () => 'file: shared.onnx', 'classes.txt'],
  ])('keeps one if a card that was written by hand names %s, unless forced', async (_, fileLine, needed) => {
    const folder = await project();
    const { cardFile } = await add(folder, 'five-nchw.onnx');
    const mine = (await readFile(cardFile, 'utf8'))
      .replace(/^name: .*$/m, 'name: mine')
      .replace(/^file: .*$/m, fileLine('five-nchw'))
      .replace(/^classes: .*$/m, 'classes: ../local/models/five-nchw/classes.txt');
    await mkdir(path.join(folder, 'config/models'), { recursive: true });
    await writeFile(path.join(folder, 'config/models/mine.yaml'), mine);
    await expect(remove(folder, 'five-nchw')).rejects.toMatchObject({
      code: 'model-in-use',
      message: expect.stringContaining(
        `the card 'mine' (config/models/mine.yaml) needs its file config/local/models/five-nchw/${needed}`,
      ),
    });
    expect(await readdir(inModels(folder, 'five-nchw'))).toHaveLength(3);
    expect((await remove(folder, 'five-nchw', true)).uses).toHaveLength(1);
    expect(await readdir(inModels(folder))).toEqual([]);
  });

  it('keeps one that is the backbone of a head, unless forced', async () => {
    const folder = await project();
    await add(folder, 'five-nchw.onnx');
    const head = { file: 'head.safetensors', sha256: '0'.repeat(64), bytes: 1 };
    const card = { name: 'head', backbone: 'five-nchw', head, licence: 'CC0-1.0', source: 'this test', trained: true };
    await writeFile(inModels(folder, 'head.yaml'), JSON.stringify({ ...card, classes: 'imagenet-1k' }));
    await expect(remove(folder, 'five-nchw')).rejects.toMatchObject({
      code: 'model-in-use',
      message: expect.stringContaining(`the card 'head' (config/local/models/head.yaml) needs its file`),
    });
    expect((await remove(folder, 'five-nchw', true)).removed).toEqual([inModels(folder, 'five-nchw')]);
  });

  it('refuses one that was written by hand, and says what is wrong with it', async () => {
    const folder = await project();
    await mkdir(path.join(folder, 'config/models'), { recursive: true });
    await writeFile(path.join(folder, 'config/models/mine.yaml'), 'nonsense');
    await expect(remove(folder, 'mine')).rejects.toMatchObject({
      code: 'model-bundled',
      message: expect.stringMatching(
        /was written by hand .*nothing was removed\. Its card is not valid: .*mine\.yaml:1/,
      ),
    });
    await expect(remove(folder, 'nobody')).rejects.toMatchObject({ code: 'unknown-model' });
  });
});
