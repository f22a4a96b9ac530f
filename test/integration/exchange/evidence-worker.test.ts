import { execFile } from 'node:child_process';
import { rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import type { ImportReport } from '../../../src/exchange/evidence/import.process.ts';
import { lacksModules, PYTHON, PYTHON_TIMEOUT_MS } from '../../support/export-python.ts';
import { makeFiveClasses } from '../../support/five-classes.ts';
import { safetensorsOf } from '../../support/safetensors.ts';
import { sha256Of } from '../../support/sha256.ts';
import { useSharedServer } from '../../support/shared-server.ts';
import { testFolder } from '../../support/test-app.ts';
import { repositoryRoot, winnow } from '../../support/winnow.ts';

useSharedServer();

const run = promisify(execFile);
const WORKER = path.join(repositoryRoot, 'workers/evidence.py');
const PREPROCESS = path.join(repositoryRoot, 'test/fixtures/preprocess');

/** Why this Python cannot run the worker; empty if it can. */
async function lacksWorker(): Promise<string> {
  const lacks = await lacksModules('numpy', 'onnxruntime', 'PIL', 'pyarrow');
  if (lacks !== '') return lacks;
  const { stdout } = await run(PYTHON, ['-c', 'import PIL; print(PIL.__version__)']);
  return Number.parseInt(stdout, 10) < 13
    ? ''
    : `${PYTHON} has Pillow ${stdout.trim()}, and the worker needs pillow<13`;
}

/** Prints how many pictures were hashed, and which differ from `expected.json`. */
const HASH_PIXELS = `
import hashlib, json, pathlib, evidence
folder, wrong, count = pathlib.Path(${JSON.stringify(PREPROCESS)}), [], 0
for name, expected in json.loads((folder / 'expected.json').read_text()).items():
    picture = evidence.decoded((folder / name).read_bytes())
    pairs = [(picture, expected['decodedSha256'])]
    for side, size in ((256, 224), (274, 240), (297, 260)):
        resize = {'side': side, 'square': False, 'interpolation': 'bilinear-antialias'}
        pixels = evidence.resized(picture, resize)
        pairs += [(pixels, expected[f'resize{side}']['sha256'])]
        pairs += zip(evidence.ten_crops(pixels, size), expected[f'resize{side}']['tenCropSha256'])
    wrong += [name for pixels, sha256 in pairs if hashlib.sha256(pixels.tobytes()).hexdigest() != sha256]
    count += len(pairs)
print(json.dumps([count, wrong]))`;

it('evidence.py decodes, resizes and crops as winnow, bit for bit', { timeout: PYTHON_TIMEOUT_MS }, async (context) => {
  const lacks = await lacksWorker();
  context.skip(lacks !== '', lacks);
  const { stdout } = await run(PYTHON, ['-B', '-c', HASH_PIXELS], { cwd: path.dirname(WORKER) });
  expect(JSON.parse(stdout)).toEqual([510, []]);
});

it(
  'evidence.py evaluates models of both layouts and a head over normalised features, and continues',
  { timeout: PYTHON_TIMEOUT_MS },
  async (context) => {
    const lacks = await lacksWorker();
    context.skip(lacks !== '', lacks);
    const cwd = await testFolder();
    await makeFiveClasses(cwd, 8);
    await addUnitHead(cwd);
    const flags = ['--collection', 'five.yaml'];
    await winnow(['crawl', ...flags, '--from', 'photos'], { cwd });
    await winnow(['evidence', 'plan', ...flags, '--out', 'plan', '--shard-rows', '5'], { cwd });
    const work = () => run(PYTHON, [WORKER, 'plan', '--no-ray'], { cwd });
    expect((await work()).stdout).toBe('2 of 2 shards to do\n');
    await rm(path.join(cwd, 'plan/part-00001.parquet'));
    expect((await work()).stdout).toBe('1 of 2 shards to do\n');
    const imported = await winnow(['evidence', 'import', 'plan', ...flags, '--json'], { cwd });
    expect(imported, imported.stderr).toMatchObject({ code: 0 });
    const report = JSON.parse(imported.stdout) as ImportReport;
    expect(report).toMatchObject({ photos: 8, crops: 240, compared: 8, refused: [] });
    expect(report.decided.kept + report.decided.dropped).toBe(8);
  },
);

/** Adds a head of five classes to the collection. */
async function addUnitHead(project: string): Promise<void> {
  const [classes, features] = [5, 1280];
  const values = Float32Array.from({ length: classes * features }, (_, i) => 10 * Math.sin(i));
  const bias = { shape: [classes], values: new Float32Array(classes) };
  const bytes = safetensorsOf({ weight: { shape: [classes, features], values }, bias });
  const file = 'config/local/models/unit-head.safetensors';
  await writeFile(path.join(project, file), bytes);
  const head = { file, sha256: sha256Of(bytes), bytes: bytes.length, normalise: true };
  const rest = { licence: 'unknown', source: 'test', classes: 'five.txt', trained: true };
  const card = { name: 'unit-head', backbone: 'efficientnet-lite0', head, ...rest };
  await writeFile(path.join(project, 'config/local/models/unit-head.yaml'), JSON.stringify(card));
  const wnids = ['red', 'green', 'blue', 'bright', 'dark'].map((name) => ({ wnid: name, name }));
  const ensemble = ['five-nchw', 'five-uint8', 'unit-head'];
  await writeFile(path.join(project, 'five.yaml'), JSON.stringify({ name: 'five', classes: wnids, ensemble }));
}
