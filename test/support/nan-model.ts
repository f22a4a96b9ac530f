import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { sha256Of } from './sha256.ts';
import { repositoryRoot } from './winnow.ts';

/** Adds the model `five-nan-if-dark` of five classes to a project. It has no numbers for dark pictures, nor features of very bright ones. */
export async function addNanModel(project: string): Promise<void> {
  const name = 'five-nan-if-dark';
  const models = path.join(project, 'config/local/models');
  await mkdir(models, { recursive: true });
  const file = path.join(models, `${name}.onnx`);
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
    outputs: { logits: 'logits', features: 'features' },
    classes: 'five.txt',
    trained: true,
  };
  await writeFile(path.join(models, `${name}.yaml`), JSON.stringify(card));
  await writeFile(path.join(models, 'five.txt'), 'red\ngreen\nblue\nbright thing\ndark thing\n');
}
