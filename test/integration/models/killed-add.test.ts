import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { removeModel } from '../../../src/app/models/remove.ts';
import { repositoryRoot, startNode } from '../../support/winnow.ts';
import { add, AS_127, fixture, FIVE, FIXTURES, project } from './support.ts';

const inModels = (folder: string, name = ''): string => path.join(folder, 'config/local/models', name);
const given = { name: 'five' };
const WHOLE = ['five.classes.txt', 'five.onnx', 'five.yaml'];

type Death = 'copyFile five.onnx.unfinished' | 'writeFile five.yaml' | 'rm five.adding.json';
const died = new Map<Death, Promise<string>>();

/** A project in which `models add five-nchw.onnx --name five` was killed, and what is in its models' folder. */
async function killedAdd(death: Death): Promise<{ folder: string; left: string[] }> {
  const folder = await project();
  const once = died.get(death) ?? kill(death);
  died.set(death, once);
  await cp(await once, folder, { recursive: true });
  return { folder, left: await readdir(inModels(folder)) };
}

async function kill(death: Death): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'winnow-killed-add-'));
  folders.push(folder);
  await writeFile(path.join(folder, 'five.txt'), FIVE);
  const preload = fileURLToPath(new URL('die-at-file.mjs', import.meta.url));
  const program = path.join(repositoryRoot, 'src/cli/winnow.mjs');
  const file = path.join(FIXTURES, 'five-nchw.onnx');
  const facts = ['--name', 'five', '--classes', 'five.txt', '--resize', '36', '--normalise', AS_127];
  const { result } = startNode(['--import', preload, program, 'models', 'add', file, ...facts], {
    cwd: folder,
    env: { WINNOW_TEST_DIE_AT: death },
  });
  expect(await result).toMatchObject({ signal: 'SIGKILL' });
  // What was copied elsewhere is not another process's to hold.
  await rm(inModels(folder, 'five.yaml.lock'));
  return folder;
}

const folders: string[] = [];
afterAll(async () => {
  for (const folder of folders) await rm(folder, { recursive: true, force: true });
});

describe('models add after one of the same name was killed', () => {
  it('takes what is the same', async () => {
    const { folder, left } = await killedAdd('writeFile five.yaml');
    expect(left).toEqual(['five.adding.json', 'five.classes.txt', 'five.onnx']);
    expect((await add(folder, 'five-nchw.onnx', { given })).replaced).toEqual([]);
    expect(await readdir(inModels(folder))).toEqual(WHOLE);
  });

  it('replaces what is another, and says so', async () => {
    const { folder } = await killedAdd('writeFile five.yaml');
    const { modelFile, replaced } = await add(folder, 'five-nhwc.onnx', { given });
    expect(replaced).toEqual([inModels(folder, 'five.onnx')]);
    expect(await readFile(modelFile)).toEqual(await fixture('five-nhwc.onnx'));
    expect(await readdir(inModels(folder))).toEqual(WHOLE);
  });

  it('clears half a copy away, and whatever is not needed any more', async () => {
    const half = await killedAdd('copyFile five.onnx.unfinished');
    expect(half.left).toEqual(['five.adding.json', 'five.onnx.unfinished']);
    await add(half.folder, 'five-nchw.onnx', { given, inPlace: true });
    expect(await readdir(inModels(half.folder))).toEqual(['five.classes.txt', 'five.yaml']);
    const { folder } = await killedAdd('writeFile five.yaml');
    const model = path.join(repositoryRoot, 'assets/models/efficientnet-lite0.onnx');
    const whole = { name: 'five', classes: 'imagenet-1k', resize: 256 };
    expect((await add(folder, model, { given: whole, inPlace: true })).replaced).toHaveLength(2);
    expect(await readdir(inModels(folder))).toEqual(['five.yaml']);
  });

  it('leaves what lies in the place of what was left', async () => {
    const { folder } = await killedAdd('writeFile five.yaml');
    const model = inModels(folder, 'five.onnx');
    await writeFile(model, await fixture('five-uint8.onnx'));
    await expect(add(folder, 'five-nhwc.onnx', { given })).rejects.toMatchObject({ code: 'file-exists' });
    expect(await readFile(model)).toEqual(await fixture('five-uint8.onnx'));
  });

  it('leaves what another card needs, and what is being added itself', async () => {
    const { folder } = await killedAdd('writeFile five.yaml');
    const model = inModels(folder, 'five.onnx');
    await add(folder, model, { given: { name: 'other' }, inPlace: true });
    await expect(add(folder, 'five-nhwc.onnx', { given })).rejects.toMatchObject({ code: 'file-exists' });
    await rm(inModels(folder, 'other.yaml'));
    expect((await add(folder, model, { given, inPlace: true })).replaced).toEqual([]);
    expect(await readFile(model)).toEqual(await fixture('five-nchw.onnx'));
  });

  it('has nothing to clear where the card is there, and its removal leaves nothing', async () => {
    const { folder, left } = await killedAdd('rm five.adding.json');
    expect(left).toEqual(['five.adding.json', ...WHOLE]);
    await expect(add(folder, 'five-nhwc.onnx', { given })).rejects.toMatchObject({ code: 'model-exists' });
    await removeModel('five', { force: false, db: null, workingDir: folder });
    expect(await readdir(inModels(folder))).toEqual([]);
  });
});
