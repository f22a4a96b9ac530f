import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { preprocessingOf } from '../../../../src/core/models/engine/ensemble.process.ts';
import { removeModel, type Removal } from '../../../../src/core/models/library/remove.process.ts';
import { loadClassTable } from '../../../../src/core/collection/class-table.process.ts';
import { cardFor, classesOfCard } from '../../../../src/core/collection/cards/model-card.process.ts';
import {
  registerClassList,
  registerMember,
  storeEvidence,
} from '../../../../src/core/models/evidence/evidence.repository.ts';
import { noEvidence, summariseCrop } from '../../../../src/core/models/evidence/evidence.ts';
import { useDatabase } from '../../../support/database.ts';
import { sha256Of } from '../../../support/sha256.ts';
import { candidate, fetched } from '../../../support/catalogue-fixtures.ts';
import { add, fixture, project } from './support.ts';

const remove = (workingDir: string, name: string, force = false): Promise<Removal> =>
  removeModel(name, { force, db: null, workingDir });
const inModels = (folder: string, name = ''): string => path.join(folder, 'config/local/models', name);

function headCard(name: string): string {
  const head = { file: 'head.safetensors', sha256: sha256Of(name), bytes: 1 };
  const card = { name, backbone: 'five-nchw', head, licence: 'CC0-1.0', source: 'this test', trained: true };
  return JSON.stringify({ ...card, classes: 'imagenet-1k' });
}

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

  it('keeps one whose file is a weights file of another card, unless forced', async () => {
    const folder = await project();
    const { cardFile } = await add(folder, 'five-nchw.onnx');
    const card = await readFile(cardFile, 'utf8');
    const weights = { file: 'five.onnx', sha256: '0'.repeat(64), bytes: 1 };
    const inFolder = (name: string): string => inModels(folder, `${name}.onnx`);
    await writeFile(inFolder('five'), await fixture('five-nchw.onnx'));
    const cardOf = (name: string, file: string, more: object): string =>
      JSON.stringify({ ...parse(card), name, file: `config/local/models/${file}`, ...more });
    await writeFile(
      inModels(folder, 'five.yaml'),
      cardOf('five', 'five.onnx', { download: ['https://models.test/five'] }),
    );
    await writeFile(inModels(folder, 'parted.yaml'), cardOf('parted', 'parted.onnx', { externalData: [weights] }));
    await expect(remove(folder, 'five')).rejects.toMatchObject({
      code: 'model-in-use',
      message: expect.stringContaining("the card 'parted' (config/local/models/parted.yaml) needs its file"),
    });
    expect((await remove(folder, 'five', true)).removed).toEqual([inFolder('five')]);
  });

  it('refuses one that was written by hand, and says what is wrong with it', async () => {
    const folder = await project();
    await mkdir(path.join(folder, 'config/models'), { recursive: true });
    await writeFile(path.join(folder, 'config/models/mine.yaml'), 'nonsense');
    await expect(remove(folder, 'mine')).rejects.toMatchObject({
      code: 'model-bundled',
      message: expect.stringMatching(/was written by hand .*nothing was removed\. .*mine\.yaml:1/),
    });
    await expect(remove(folder, 'nobody')).rejects.toMatchObject({ code: 'unknown-model' });
  });
});

describe('models remove with evidence in the catalogue', () => {
  const database = useDatabase();

  it('counts the evidence of the model itself: not that of its backbone, nor of heads over it', async () => {
    const { db } = database;
    const folder = await project();
    await add(folder, 'five-nchw.onnx');
    for (const name of ['used', 'unused']) {
      await mkdir(inModels(folder, name));
      await writeFile(path.join(inModels(folder, name), 'card.yaml'), headCard(name));
    }
    const photoId = await fetched(db, [candidate('a')], 'A');
    await storeCrops(folder, photoId, { 'five-nchw': 2, used: 1 });

    const removeFrom = (name: string, force = false) => removeModel(name, { force, db, workingDir: folder });
    expect(await removeFrom('unused')).toMatchObject({ uses: [], evidenceCrops: 0 });
    await expect(removeFrom('used')).rejects.toThrow(
      "The model 'used' is in use: this data folder has evidence of 1 crops from it. Nothing was removed",
    );
    expect(await removeFrom('used', true)).toMatchObject({ evidenceCrops: 1 });
    await expect(removeFrom('five-nchw')).rejects.toThrow(
      'is in use: this data folder has evidence of 2 crops from it',
    );
  });

  async function storeCrops(folder: string, photoId: number, crops: Readonly<Record<string, number>>): Promise<void> {
    const { db } = database;
    const table = await loadClassTable();
    const list = await registerClassList(db, sha256Of('list'), ['n01', 'n02']);
    const cell = { ...summariseCrop(Float32Array.from([1, 2]), [0]), logits: null };
    for (const [modelName, count] of Object.entries(crops)) {
      const card = await cardFor(modelName, folder);
      const preprocessing = preprocessingOf(card, await classesOfCard(card, table));
      const identity = { modelName, modelSha256: card.sha256, preprocessing, executionProvider: 'cpu' } as const;
      const memberId = await registerMember(db, identity, list);
      const evidence = noEvidence(1).map((cells) => cells.map((none, crop) => (crop < count ? cell : none)));
      await db
        .transaction()
        .execute((trx) => storeEvidence(trx, [{ photoId, evidence, withLogits: false }], [memberId]));
    }
  }
});
