import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { removeModel } from '../../../../src/core/models/library/remove.process.ts';
import { listCards } from '../../../../src/core/collection/cards/model-card.process.ts';
import { repositoryRoot, startNode } from '../../../support/winnow.ts';
import { add, AS_127, fixture, FIXTURES, project } from './support.ts';

const given = { name: 'five' };
const WHOLE = ['card.yaml', 'classes.txt', 'model.onnx'];
const FACTS = ['--name', 'five', '--classes', 'five.txt', '--resize', '36', '--normalise', AS_127];
const ADD = ['add', path.join(FIXTURES, 'five-nchw.onnx'), ...FACTS];

function inModels(folder: string, name = ''): Promise<string[]> {
  return readdir(path.join(folder, 'config/local/models', name));
}

/** Runs a command of `winnow models` that dies as if by kill -9. */
async function kill(folder: string, death: string, args: readonly string[]): Promise<void> {
  const preload = fileURLToPath(new URL('die-at-file.mjs', import.meta.url));
  const program = path.join(repositoryRoot, 'src/cli/winnow.cjs');
  const { result } = startNode(['--import', preload, program, 'models', ...args], {
    cwd: folder,
    env: { WINNOW_TEST_DIE_AT: death },
  });
  expect(await result).toMatchObject({ signal: 'SIGKILL' });
}

const namesOf = async (folder: string): Promise<string[]> => (await listCards(folder)).map(({ name }) => name);

describe('models add that was killed', () => {
  it.each(['writeFile classes.txt', 'rename .five.unfinished'])(
    'before %s leaves no model, and the next call with the same name adds it completely',
    async (death) => {
      const folder = await project();
      await kill(folder, death, ADD);
      expect(await inModels(folder)).toContain('.five.unfinished');
      expect(await namesOf(folder)).not.toContain('five');
      const { modelFile } = await add(folder, 'five-nhwc.onnx', { given });
      expect(await readFile(modelFile)).toEqual(await fixture('five-nhwc.onnx'));
      expect(await inModels(folder)).toEqual(['five']);
      expect(await inModels(folder, 'five')).toEqual(WHOLE);
    },
  );

  it('leaves a folder that the next change of any model removes', async () => {
    const folder = await project();
    await add(folder, 'five-uint8.onnx', { given: { name: 'other' } });
    await kill(folder, 'rename .five.unfinished', ADD);
    expect(await inModels(folder)).toContain('.five.unfinished');
    await removeModel('other', { force: false, db: null, workingDir: folder });
    expect(await inModels(folder)).toEqual([]);
  });
});

describe('models remove that was killed', () => {
  it.each([
    ['rename five', ['five'], WHOLE],
    ['rm .five.unfinished', ['.five.unfinished'], []],
  ])('before %s leaves the complete model or none at all', async (death, left, files) => {
    const folder = await project();
    await add(folder, 'five-nchw.onnx', { given });
    await kill(folder, death, ['remove', 'five']);
    const names = await inModels(folder);
    expect(names.filter((name) => !name.startsWith('.lock'))).toEqual(left);
    expect(await inModels(folder, 'five').catch(() => [])).toEqual(files);
    expect((await namesOf(folder)).includes('five')).toBe(files.length > 0);
    await add(folder, 'five-uint8.onnx', { given: { name: 'other' } });
    expect(await inModels(folder)).toEqual(files.length > 0 ? ['five', 'other'] : ['other']);
  });
});
