import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import type { DecisionLine } from '../../src/core/filter/run/decision-line.ts';
import { sha256Of } from '../support/sha256.ts';
import { jsonLines, repositoryRoot, winnow, withFolder } from '../support/winnow.ts';
import { useSharedServer } from '../support/shared-server.ts';

useSharedServer();

const COLLECTION = `name: colours
classes:
  - { wnid: red, name: red }
  - { wnid: green, name: green }
  - { wnid: blue, name: blue }
  - { wnid: b1, name: bright thing }
  - { wnid: d1, name: dark thing }
ensemble: [five-nchw, five-uint8, five-batch-1, five-probabilities]
policy: { threshold: 0.9 }
`;

describe("a project's own models", () => {
  it('filter by their own five classes, each as the others do, and are removed only if nothing needs them', async () => {
    await withFolder(async (cwd) => {
      await writeFile(path.join(cwd, 'five.txt'), 'red\ngreen\nblue\nbright thing\ndark thing\n');
      await mkdir(path.join(cwd, 'config/collections'), { recursive: true });
      await writeFile(path.join(cwd, 'config/collections/colours.yaml'), COLLECTION);
      const samples = path.join(repositoryRoot, 'test/fixtures/samples/photos/n01440764');
      await cp(samples, path.join(cwd, 'photos/green'), { recursive: true });
      for (const name of ['five-nchw', 'five-uint8', 'five-batch-1', 'five-probabilities']) {
        const file = path.join(repositoryRoot, 'test/fixtures/onnx', `${name}.onnx`);
        const how = name === 'five-uint8' ? [] : ['--normalise', '127,127,127/128,128,128'];
        const added = await winnow(['models', 'add', file, '--classes', 'five.txt', '--resize', '36', ...how], { cwd });
        expect(added, name).toMatchObject({ code: 0, stdout: expect.stringContaining(`added '${name}'`) });
      }
      const all = ['--from', 'photos', '--set', 'filter.evaluate=all'];
      const run = await winnow(['run', '--collection', 'colours', ...all], { cwd });
      expect(run, run.stderr).toMatchObject({ code: 0 });
      const { stdout } = await winnow(['decisions', '--collection', 'colours', '--json'], { cwd });
      const decisions = jsonLines<DecisionLine>(stdout);
      expect(decisions).toHaveLength(3);
      for (const { crops } of decisions) {
        expect(crops).toHaveLength(40);
        for (const { crop, top1, pTrue } of crops) {
          const first = crops.find((other) => other.model === 'five-nchw' && other.crop === crop);
          expect(top1).toBe(first?.top1);
          expect(pTrue).toBeCloseTo(first?.pTrue ?? Number.NaN, 5);
        }
      }
      const refused = await winnow(['models', 'remove', 'five-nchw'], { cwd });
      expect(refused).toMatchObject({
        code: 2,
        stderr: expect.stringMatching(
          /in use: the collection 'colours' .*ensemble; .*was filtered with it; .*evidence of 30 crops/,
        ),
      });
      const forced = await winnow(['models', 'remove', 'five-nchw', '--force', '--json'], { cwd });
      expect(JSON.parse(forced.stdout)).toMatchObject({ name: 'five-nchw', evidenceCrops: 30 });
      const listed = jsonLines<{ name: string; state: string }>(
        (await winnow(['models', 'list', '--json'], { cwd })).stdout,
      );
      expect(listed.map(({ name }) => name)).not.toContain('five-nchw');
      expect(listed).toContainEqual(expect.objectContaining({ name: 'resnet50-v1-12', state: 'absent' }));
    });
  });

  it('that come with winnow are not removed, and one that is damaged fails its verification', async () => {
    await withFolder(async (cwd) => {
      const bundled = await winnow(['models', 'remove', 'efficientnet-lite0'], { cwd });
      expect(bundled).toMatchObject({
        code: 2,
        stderr: expect.stringMatching(/'efficientnet-lite0' comes with winnow; nothing was removed/),
      });
      await writeFile(path.join(cwd, 'five.txt'), 'a\nb\nc\nd\ne\n');
      const file = path.join(repositoryRoot, 'test/fixtures/onnx/five-uint8.onnx');
      await winnow(['models', 'add', file, '--name', 'mine', '--classes', 'five.txt', '--resize', '36'], { cwd });
      expect((await winnow(['models', 'verify', 'mine'], { cwd })).code).toBe(0);
      const copy = path.join(cwd, 'config/local/models/mine/model.onnx');
      const bytes = await readFile(copy);
      bytes[bytes.length - 40] = (bytes[bytes.length - 40] ?? 0) ^ 1;
      await writeFile(copy, bytes);
      const damaged = await winnow(['models', 'verify', 'mine', '--json'], { cwd });
      expect(damaged.code).toBe(1);
      expect(JSON.parse(damaged.stdout)).toMatchObject({
        state: 'failed',
        problem: expect.stringMatching(/^Expected sha256 /),
      });
      const removed = await winnow(['models', 'remove', 'mine'], { cwd });
      expect(removed).toMatchObject({
        code: 0,
        stdout: expect.stringContaining('removed config/local/models/mine\n'),
      });
    });
  });
});

const HEAD_COLLECTION = `name: headed
classes: imagenet-a
ensemble: [efficientnet-lite0, lite0-head]
`;

/** Puts the head that comes with winnow, in float16, into a project, with a card that is written by hand. */
async function writeHead(cwd: string): Promise<string> {
  const folder = path.join(cwd, 'config/local/models/lite0-head');
  const bytes = await readFile(path.join(repositoryRoot, 'assets/models/efficientnet-lite0.head.safetensors'));
  await mkdir(folder, { recursive: true });
  await writeFile(path.join(folder, 'head.safetensors'), bytes);
  const card = {
    name: 'lite0-head',
    backbone: 'efficientnet-lite0',
    head: { file: 'head.safetensors', sha256: sha256Of(bytes), bytes: bytes.length },
    licence: 'Apache-2.0',
    source: 'assets/models',
    classes: 'imagenet-1k',
    trained: true,
  };
  await writeFile(path.join(folder, 'card.yaml'), JSON.stringify(card));
  await mkdir(path.join(cwd, 'config/collections'), { recursive: true });
  await writeFile(path.join(cwd, 'config/collections/headed.yaml'), HEAD_COLLECTION);
  return path.join(folder, 'head.safetensors');
}

describe('a head in a project', () => {
  it('is listed, shown, verified and checked like any model, and answers as the layer inside its backbone', async () => {
    await withFolder(async (cwd) => {
      const file = await writeHead(cwd);
      const run = async (...args: string[]): Promise<string> => {
        const { code, stdout, stderr } = await winnow(args, { cwd });
        expect([code, stderr], args.join(' ')).toEqual([0, '']);
        return stdout;
      };
      const listed = jsonLines<{ name: string }>(await run('models', 'list', '--json'));
      const shown: object = JSON.parse(await run('models', 'show', 'lite0-head', '--json'));
      expect(shown).toMatchObject({
        name: 'lite0-head',
        state: 'ready',
        problem: null,
        backbone: 'efficientnet-lite0',
        head: { path: file },
        path: path.join(repositoryRoot, 'assets/models/efficientnet-lite0.onnx'),
        classCount: 1000,
        preprocessing: expect.stringMatching(/ output:features head:[0-9a-f]{64}$/),
      });
      expect(listed.find(({ name }) => name === 'lite0-head')).toEqual(shown);
      const verified = await run('models', 'verify', 'lite0-head', 'efficientnet-lite0', '--json');
      const [head, whole] = jsonLines<{ state: string; trial: object }>(verified);
      expect([head?.state, whole?.state]).toEqual(['ok', 'ok']);
      expect(head?.trial).toEqual(whole?.trial);
      expect(await run('doctor')).toMatch(/^ok +model lite0-head/m);
      expect(JSON.parse(await run('collection', 'check', 'headed', '--json'))).toMatchObject({
        ensemble: ['efficientnet-lite0', 'lite0-head'],
      });
    });
  });
});
