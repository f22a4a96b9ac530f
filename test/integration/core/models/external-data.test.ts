import { copyFile, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { openSession } from '../../../../src/core/platform/onnx/session.ts';
import { sha256Of } from '../../../support/sha256.ts';
import { winnow } from '../../../support/winnow.ts';
import { add, fixture, FIXTURES, project } from './support.ts';

const EXTERNAL = ['initializer', 'attribute', 'sparse', 'branch', 'function'].map((place) => `external-${place}.onnx`);

describe('a model that keeps weights in another file', () => {
  it.each(EXTERNAL)('is refused by models add, which leaves no files behind: %s', async (file) => {
    const folder = await project();
    await expect(add(folder, file)).rejects.toMatchObject({
      name: 'UsageError',
      code: 'model-external-data',
      message: expect.stringMatching(/it keeps weights in other files .*"external\.weights"/),
    });
    expect(await readdir(folder)).toEqual(['five.txt']);
  });

  it.each(EXTERNAL)('is refused when a session is opened, even if its hash is right: %s', async (name) => {
    const file = path.join(FIXTURES, name);
    const sha256 = sha256Of(await fixture(name));
    await expect(
      openSession({ file, sha256, inputName: 'image', outputs: [{ name: 'logits' }], size: 32 }),
    ).rejects.toMatchObject({ name: 'StopTheRun', code: 'model-external-data' });
  });

  it('is added with the files that are given, runs, and fails if one of them changes', async () => {
    const folder = await project();
    for (const file of ['external-initializer.onnx', 'external.weights'])
      await copyFile(path.join(FIXTURES, file), path.join(folder, file));
    const facts = ['--classes', 'five.txt', '--normalise', '127,127,127/128,128,128', '--resize', '36'];
    const given = ['--external-data', 'external.weights', '--name', 'parted', '--allow-chance', ...facts];
    const added = await winnow(['models', 'add', 'external-initializer.onnx', ...given], { cwd: folder });
    expect(added, added.stderr).toMatchObject({ code: 0 });
    const verify = async (): Promise<string> =>
      (await winnow(['models', 'verify', 'parted', '--json'], { cwd: folder })).stdout;
    expect(await verify()).toContain('"state":"ok"');
    const shown = await winnow(['models', 'show', 'parted'], { cwd: folder });
    expect(shown.stdout).toMatch(
      /weights +config\/local\/models\/parted\/external\.weights, .* bytes, sha256 [0-9a-f]{64}/,
    );
    expect(shown.stdout).toMatch(/evidence .* external:[0-9a-f]{64}/);
    const weights = path.join(folder, 'config/local/models/parted/external.weights');
    const bytes = await readFile(weights);
    bytes.writeUInt8(bytes.readUInt8(0) ^ 1, 0);
    await writeFile(weights, bytes);
    expect(await verify()).toMatch(/"state":"failed".*Expected sha256/);
    await rm(weights);
    expect(await verify()).toMatch(/"state":"failed".*external\.weights/);
  });

  it('fails models verify, even if size and hash are as its card says', async () => {
    const folder = await project();
    const name = 'external-initializer.onnx';
    const bytes = await fixture(name);
    const models = path.join(folder, 'config', 'local', 'models');
    await mkdir(models, { recursive: true });
    await copyFile(path.join(FIXTURES, name), path.join(models, 'parted.onnx'));
    const card = [
      'name: parted',
      'file: config/local/models/parted.onnx',
      `sha256: ${sha256Of(bytes)}`,
      `bytes: ${bytes.length}`,
      'licence: unknown',
      'source: test',
      'input: { name: image, size: 32 }',
      'resize: { shorterSide: 36, interpolation: bilinear-antialias }',
      'normalise: { mean: [127, 127, 127], std: [128, 128, 128] }',
      'outputs: { logits: logits }',
      'classes: five.txt',
      'trained: true',
    ].join('\n');
    await writeFile(path.join(models, 'parted.yaml'), card);
    await copyFile(path.join(folder, 'five.txt'), path.join(models, 'five.txt'));
    const { code, stdout } = await winnow(['models', 'verify', 'parted', '--json'], { cwd: folder });
    expect([code, stdout]).toEqual([1, expect.stringMatching(/"state":"failed".*it keeps weights in other files/)]);
  });
});
