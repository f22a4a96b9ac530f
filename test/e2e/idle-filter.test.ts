import { mkdir, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, it } from 'vitest';
import { makeReviewedSet } from '../support/reviewed-set.ts';
import { sha256Of } from '../support/sha256.ts';
import { until } from '../support/until.ts';
import { startWorker, winnow, withFolder } from '../support/winnow.ts';
import { useSharedServer } from '../support/shared-server.ts';

useSharedServer();

/** Writes a collection whose model cannot be loaded: a command that loads it fails. */
async function makeProject(folder: string): Promise<void> {
  const models = path.join(folder, 'config/local/models');
  await mkdir(models, { recursive: true });
  const text = 'no model at all';
  await writeFile(path.join(models, 'junk.onnx'), text);
  await writeFile(path.join(models, 'five.txt'), 'red\ngreen\nblue\nbright thing\ndark thing\n');
  const card = {
    name: 'junk',
    file: 'config/local/models/junk.onnx',
    sha256: sha256Of(text),
    bytes: text.length,
    licence: 'unknown',
    source: 'test',
    input: { name: 'image', size: 32 },
    resize: { shorterSide: 36, interpolation: 'bilinear-antialias' },
    normalise: { mean: [127, 127, 127], std: [128, 128, 128] },
    outputs: { logits: 'logits' },
    classes: 'five.txt',
    trained: true,
  };
  await writeFile(path.join(models, 'junk.yaml'), JSON.stringify(card));
  const classes = ['red', 'green'].map((name) => ({ wnid: name, name }));
  await writeFile(path.join(folder, 'reds.yaml'), JSON.stringify({ name: 'reds', classes, ensemble: ['junk'] }));
  await mkdir(path.join(folder, 'photos/red'), { recursive: true });
  await writeFile(path.join(folder, 'photos/red/none.jpg'), 'no photo at all');
}

it('winnow filter loads no model to find that nothing is left, but a worker loads them before it says that it is ready', async () => {
  await withFolder(async (cwd) => {
    await makeProject(cwd);
    const flags = ['--collection', 'reds.yaml'];
    expect(await winnow(['crawl', ...flags, '--source', 'folder', '--from', 'photos'], { cwd })).toMatchObject({
      code: 0,
    });
    expect(await winnow(['filter', ...flags], { cwd })).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('nothing is left to decide'),
    });
    const { code, stdout, stderr } = await startWorker('filter', flags, { cwd }).result;
    expect(code).toBe(1);
    expect(stderr).toMatch(/Expected an ONNX model .*junk\.onnx/);
    expect(stdout + stderr).not.toContain('is ready');
  });
});

it('a filter worker prepares the previews of listed photos that nobody has reviewed', async () => {
  await withFolder(async (folder) => {
    const { collection, data, listed } = await makeReviewedSet(folder);
    const open = listed.at(-2)?.sha256;
    const previews = async (): Promise<string[]> => {
      const files = await readdir(path.join(data, 'thumbnails'), { recursive: true }).catch(() => []);
      return files.filter((name) => /^1600-.*\.webp$/.test(name)).map((name) => path.basename(name, '.webp'));
    };
    expect(await previews()).toEqual([]);
    const worker = startWorker('filter', ['--collection', collection, '--data', data]);
    await until(async () => (await previews()).length > 0);
    worker.killGroup('SIGTERM');
    expect({ ...(await worker.result), previews: await previews() }).toMatchObject({ code: 0, previews: [open] });
  });
});
