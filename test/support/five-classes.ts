import { copyFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { sha256Of } from './sha256.ts';
import { repositoryRoot } from './winnow.ts';

const CLASSES = ['red', 'green', 'blue', 'bright', 'dark'];

const CARDS = {
  'five-nchw': { input: {}, normalise: { mean: [127, 127, 127], std: [128, 128, 128] } },
  'five-uint8': { input: { layout: 'nhwc', type: 'uint8' } },
} as const;

/**
 * A project with two tiny models of five classes, a collection `five.yaml` and `photos`: `count` photos of the demo, in folders of
 * classes that they need not show.
 */
export async function makeFiveClasses(project: string, count: number): Promise<void> {
  const models = path.join(project, 'config/local/models');
  await mkdir(models, { recursive: true });
  await writeFile(path.join(models, 'five.txt'), `${CLASSES.join('\n')}\n`);
  for (const [name, { input, ...card }] of Object.entries(CARDS)) {
    const bytes = await readFile(path.join(repositoryRoot, 'test/fixtures/onnx', `${name}.onnx`));
    const file = `config/local/models/${name}.onnx`;
    await writeFile(path.join(project, file), bytes);
    const common = { name, file, sha256: sha256Of(bytes), bytes: bytes.length, licence: 'unknown', source: 'test' };
    const resize = { shorterSide: 40, interpolation: 'bilinear-antialias' };
    const rest = { resize, outputs: { logits: 'logits' }, classes: 'five.txt', trained: true };
    const text = JSON.stringify({ ...common, input: { name: 'image', size: 32, ...input }, ...card, ...rest });
    await writeFile(path.join(models, `${name}.yaml`), text);
  }
  const classes = CLASSES.map((name) => ({ wnid: name, name }));
  const ensemble = Object.keys(CARDS);
  await writeFile(path.join(project, 'five.yaml'), JSON.stringify({ name: 'five', classes, ensemble }));
  const demo = path.join(repositoryRoot, 'assets/demo/photos');
  const files = (await readdir(demo, { recursive: true })).filter((name) => name.endsWith('.jpg')).toSorted();
  for (const [i, file] of files.slice(0, count).entries()) {
    const folder = path.join(project, 'photos', CLASSES[i % CLASSES.length] ?? '');
    await mkdir(folder, { recursive: true });
    await copyFile(path.join(demo, file), path.join(folder, `${i}.jpg`));
  }
}
