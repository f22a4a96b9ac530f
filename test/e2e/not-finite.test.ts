import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import type { DecisionLine } from '../../src/filter/run/decision-line.ts';
import { sha256Of } from '../support/sha256.ts';
import { jsonLines, repositoryRoot, winnow, withFolder } from '../support/winnow.ts';
import { useSharedServer } from '../support/shared-server.ts';

useSharedServer();

type Colour = readonly [red: number, green: number, blue: number];

/** A collection of five colours, and two models: one has no numbers for dark pictures, nor features of very bright ones. */
async function makeProject(folder: string): Promise<void> {
  await mkdir(path.join(folder, 'config/local/models'), { recursive: true });
  for (const name of ['five-nan-if-dark', 'five-nchw']) {
    const file = path.join(folder, 'config/local/models', `${name}.onnx`);
    await copyFile(path.join(repositoryRoot, 'test/fixtures/onnx', `${name}.onnx`), file);
    const bytes = await readFile(file);
    const card = {
      name,
      file: `config/local/models/${name}.onnx`,
      sha256: sha256Of(bytes),
      bytes: bytes.length,
      licence: 'unknown',
      source: 'test',
      input: { name: 'image', size: 32 },
      resize: { shorterSide: 36, interpolation: 'bilinear-antialias' },
      normalise: { mean: [127, 127, 127], std: [128, 128, 128] },
      outputs: { logits: 'logits', ...(name === 'five-nchw' ? {} : { features: 'features' }) },
      classes: 'five.txt',
      trained: true,
    };
    await writeFile(path.join(folder, 'config/local/models', `${name}.yaml`), JSON.stringify(card));
  }
  await writeFile(path.join(folder, 'config/local/models/five.txt'), 'red\ngreen\nblue\nbright thing\ndark thing\n');
  const classes = [
    ...['red', 'green', 'blue'].map((name) => [name, name]),
    ['b1', 'bright thing'],
    ['d1', 'dark thing'],
  ];
  const collection = async (name: string, ...ensemble: string[]): Promise<void> => {
    const policy = { threshold: 0.15, nearDuplicateCosine: 0.9999 };
    const yaml = { name, classes: classes.map(([wnid, text]) => ({ wnid, name: text })), ensemble, policy };
    await writeFile(path.join(folder, `${name}.yaml`), JSON.stringify(yaml));
  };
  await collection('both', 'five-nan-if-dark', 'five-nchw');
  await collection('one', 'five-nan-if-dark');
}

/** A picture of two colours side by side; its SHA-256. */
async function paint(file: string, left: Colour, right: Colour = left): Promise<string> {
  const [width, height] = [120, 40];
  const data = Buffer.alloc(3 * width * height);
  for (let i = 0; i < data.length; i += 1) data[i] = ((i / 3) % width < width / 2 ? left : right)[i % 3] ?? 0;
  const bytes = await sharp(data, { raw: { width, height, channels: 3 } })
    .png()
    .toBuffer();
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, bytes);
  return sha256Of(bytes);
}

describe('a model that gives no finite numbers', () => {
  it('for any photo ends the run and says so, instead of setting all of them aside', async () => {
    await withFolder(async (cwd) => {
      await makeProject(cwd);
      for (let i = 0; i < 70; i += 1) await paint(path.join(cwd, 'photos/blue', `${i}.png`), [100, 80, 10 + i]);
      const flags = ['--collection', 'one.yaml'];
      const crawl = await winnow(['crawl', ...flags, '--from', 'photos'], { cwd });
      expect(crawl, crawl.stderr).toMatchObject({ code: 0 });
      const filter = await winnow(['filter', ...flags], { cwd });
      expect(filter.code).toBe(1);
      expect(filter.stderr).toMatch(
        /Expected finite numbers from the model 'five-nan-if-dark' but it gave none for any of the first 32 photos of this run, .* on crop 0 \(NaN at class 0 of 5\)/,
      );
      const { stdout } = await winnow(['decisions', ...flags, '--state', 'failed', '--json'], { cwd });
      expect(jsonLines<DecisionLine>(stdout).length).toBeLessThan(32);
    });
  });
});
