import { execFile } from 'node:child_process';
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { runBackbone } from '../../src/core/filter/engine/run-backbone.process.ts';
import { modelAnswers } from '../../src/measure/evaluate/model-answers.process.ts';
import { loadClassTable } from '../../src/core/collection/class-table.process.ts';
import { wnidsOf } from '../../src/core/collection/class-table.ts';
import { cardFor, classesOfCard } from '../../src/core/collection/cards/model-card.process.ts';
import { argmax } from '../../src/core/models/evidence/softmax.ts';
import type { PhotoRow } from '../../src/core/export/select/photo-row.ts';
import type { Protocol } from '../../src/core/export/protocol.ts';
import type { Sha256 } from '../../src/core/kernel/ids.ts';
import type { Evaluation } from '../../src/measure/evaluate/evaluation.ts';
import type { Answered } from '../../src/measure/evaluate/logits/answer.ts';
import { openLogits } from '../../src/measure/evaluate/logits/open-logits.process.ts';
import { readAnswers } from '../../src/measure/evaluate/logits/read-answers.process.ts';
import type { PhotoSet } from '../../src/measure/evaluate/set/photo-set.ts';
import { readSet } from '../../src/measure/evaluate/set/read-set.process.ts';
import type { VerdictLine } from '../../src/core/review/events/verdict-line.ts';
import { findChromium, NO_CHROMIUM } from '../support/browser.ts';
import { suiteFolder } from '../support/process-tree.ts';
import { blocksOf } from '../support/recipes/blocks.ts';
import { useSharedServer } from '../support/shared-server.ts';
import { jsonLines, repositoryRoot, winnow } from '../support/winnow.ts';
import { acceptOnPage } from './review-on-page.ts';

useSharedServer();

const run = promisify(execFile);
/** A Python with scripts/interop/requirements.txt, which `npm run test:interop` installs. */
const PYTHON = process.env['WINNOW_INTEROP_PYTHON'] ?? '';
const WITHOUT_PYTHON = 'WINNOW_INTEROP_PYTHON names no Python (npm run test:interop installs one)';
const CHECKER = path.join(repositoryRoot, 'scripts', 'interop', 'check_export.py');
const NAMES_WITHOUT_PARQUET = 'datasets-imagefolder,datasets-card,croissant,webdataset,coco';
const CENTRE = 4;
/** For the filter, and for the import of PyTorch, on a busy machine. */
const TIMEOUT_MS = 900_000;

const folder = suiteFolder();
const exported = (): string => folder.at('export');
const withoutParquet = (): string => folder.at('without-parquet');

const flags = (): string[] => ['--collection', 'demo', '--data', folder.at('data')];

async function succeed(...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await winnow([...args, ...flags()], { timeoutMs: TIMEOUT_MS });
  expect([code, code === 0 ? '' : stderr]).toEqual([0, '']);
  return stdout;
}

/** Exports the demo's photos after a person has accepted all of them: on the review page, or without a browser in a table. */
async function exportDemo(): Promise<void> {
  await succeed('run', '--from', path.join(repositoryRoot, 'test', 'fixtures', 'samples'));
  const listed = jsonLines<VerdictLine>(await succeed('verdicts', '--json'));
  const chromium = findChromium();
  if (chromium === null) await importVerdicts(listed);
  else await acceptOnPage({ chromium, flags: flags(), reviewer: 'ana', photos: listed.length });
  const how = chromium === null ? `imported from a table: ${NO_CHROMIUM}` : 'given on the review page';
  console.log(`${listed.length} verdicts, ${how}`);
  await succeed('export', '--out', exported(), '--format', 'webdataset,coco,parquet');
  await succeed('export', '--out', withoutParquet(), '--format', 'webdataset,coco');
}

async function importVerdicts(listed: readonly VerdictLine[]): Promise<void> {
  const verdicts = listed.map(({ sha256, wnid }) => `${sha256},${wnid},accept,ana`);
  await writeFile(folder.at('verdicts.csv'), ['sha256,wnid,verdict,reviewer', ...verdicts].join('\n'));
  await succeed('verdicts', 'import', folder.at('verdicts.csv'));
}

beforeAll(async () => {
  if (PYTHON !== '') await exportDemo();
}, TIMEOUT_MS);

interface Checked {
  readonly code: number;
  readonly stdout: string;
}

async function check(set: string, { checker = CHECKER, required = 'all' } = {}): Promise<Checked> {
  const program = run(PYTHON, [checker, set, '--require', required], { maxBuffer: 2 ** 26 });
  return program.then(
    ({ stdout }) => ({ code: 0, stdout }),
    (error: Readonly<Checked & { stderr: string }>) => ({ code: error.code, stdout: `${error.stdout}${error.stderr}` }),
  );
}

async function exportedRows(): Promise<readonly PhotoRow[]> {
  return jsonLines<PhotoRow>(await readFile(path.join(exported(), 'test', 'metadata.jsonl'), 'utf8'));
}

/** The class that winnow's own engine sees in the centre crop of each photo, by file name. */
async function predictedByWinnow(rows: readonly PhotoRow[]): Promise<Record<string, string>> {
  const { among } = JSON.parse(await readFile(path.join(exported(), 'protocol.json'), 'utf8')) as Protocol;
  const card = await cardFor('efficientnet-lite2');
  const classes = await classesOfCard(card, await loadClassTable());
  const positions = among.map((wnid) => classes.positionOf({ wnid, name: wnid }) ?? -1);
  const outputs = runBackbone({
    card,
    outputs: ['logits'],
    photos: rows.map((row) => row.original_sha256),
    crops: [CENTRE],
    blobs: { kind: 'folder', folder: folder.at('data', 'blobs') },
    threads: 1,
    cropsPerPass: 1,
    signal: new AbortController().signal,
  });
  const bySha256 = new Map<Sha256, string>();
  for await (const one of outputs) {
    if (one.problem !== null) throw new Error(`Expected logits of ${one.sha256} but received ${one.problem.kind}`);
    const logits = positions.map((position) => one.crops[0]?.logits?.[position] ?? Number.NaN);
    bySha256.set(one.sha256, among[argmax(logits)] ?? '');
  }
  return Object.fromEntries(rows.map((row) => [row.file_name, bySha256.get(row.original_sha256) ?? '']));
}

/** Runs the script of the documentation and prints what it saw in each photo. */
const RUN_SCRIPT = `
import json, os, runpy, sys
sys.argv = sys.argv[1:]
seen = runpy.run_path(sys.argv[0])
names = [os.path.relpath(path, sys.argv[1] + '/test') for path, _ in seen['photos'].samples]
print(json.dumps(dict(zip(names, seen['predicted']))))
`;

describe('an exported set', { timeout: TIMEOUT_MS }, () => {
  it('is the same photos, classes and pixels for every library that loads it', async (context) => {
    context.skip(PYTHON === '', WITHOUT_PYTHON);
    const { code, stdout } = await check(exported());
    console.log(stdout);
    expect([code, stdout]).toEqual([0, expect.stringMatching(/^\d+ passed, 0 failed$/m)]);
  });

  it('is the same without Parquet files, loaded by its card or by its folder', async (context) => {
    context.skip(PYTHON === '', WITHOUT_PYTHON);
    const { code, stdout } = await check(withoutParquet(), { required: NAMES_WITHOUT_PARQUET });
    console.log(stdout);
    expect([code, stdout]).toEqual([0, expect.stringMatching(/^\d+ passed, 0 failed$/m)]);
  });

  it('gives a PyTorch script of 23 lines the accuracy that winnow computes, photo by photo', async (context) => {
    context.skip(PYTHON === '', WITHOUT_PYTHON);
    const page = await readFile(path.join(repositoryRoot, 'docs', 'evaluate.md'), 'utf8');
    const script =
      blocksOf('docs/evaluate.md', page).find(({ text }) => text.includes('import onnxruntime'))?.text ?? '';
    expect(script.trimEnd().split('\n').length).toBeLessThanOrEqual(23);
    await writeFile(folder.at('evaluate.py'), script);
    const files = ['assets/models/efficientnet-lite2.onnx', 'config/classes/imagenet-1k.jsonl'];
    const { stdout } = await run(PYTHON, ['-c', RUN_SCRIPT, folder.at('evaluate.py'), exported(), ...files], {
      cwd: repositoryRoot,
      env: { ...process.env, ORT_DISABLE_TELEMETRY: '1' },
      maxBuffer: 2 ** 26,
    });
    const [said = '', predicted = ''] = stdout.trimEnd().split('\n');
    const rows = await exportedRows();
    const ours = await predictedByWinnow(rows);
    expect(JSON.parse(predicted)).toEqual(ours);
    const right = rows.filter((row) => ours[row.file_name] === row.wnid).length;
    console.log(said);
    expect(said).toMatch(new RegExp(`^${right} of ${rows.length} photos are classified correctly `));
  });
});

/** Runs the Python blocks of a page as they stand, except that no weights are downloaded and FiftyOne has a test of its own. */
async function runPython(page: string, markdown: string, cwd: string): Promise<number> {
  const blocks = blocksOf(page, markdown).filter(({ language }) => language === 'python');
  const scripts = blocks.filter(({ text }) => !text.includes('import fiftyone'));
  const env = { ...process.env, HF_HUB_OFFLINE: '1', HF_HOME: folder.at('hf') };
  for (const { place, text } of scripts) {
    const { code, stdout } = await run(PYTHON, ['-c', text.replace('pretrained=True', 'pretrained=False')], {
      cwd,
      env,
    }).then(
      () => ({ code: 0, stdout: '' }),
      (error: Readonly<{ code: number; stderr: string }>) => ({ code: error.code, stdout: error.stderr }),
    );
    expect([place, code, stdout]).toEqual([place, 0, '']);
  }
  return scripts.length;
}

describe('Python that winnow prints or documents', { timeout: TIMEOUT_MS }, () => {
  it('runs as it stands in the card of a set', async (context) => {
    context.skip(PYTHON === '', WITHOUT_PYTHON);
    const ran = await runPython('README.md', await readFile(path.join(exported(), 'README.md'), 'utf8'), exported());
    console.log(`python ${ran} blocks of the card`);
    expect(ran).toBe(4);
  });

  it('runs as it stands in docs/python.md', async (context) => {
    context.skip(PYTHON === '', WITHOUT_PYTHON);
    const reader = folder.at('reader');
    await mkdir(path.join(reader, 'exports'), { recursive: true });
    await symlink(exported(), path.join(reader, 'exports', 'v1'));
    await writeFile(path.join(reader, 'decisions.jsonl'), await succeed('decisions', '--state', 'kept', '--json'));
    const page = await readFile(path.join(repositoryRoot, 'docs', 'python.md'), 'utf8');
    const ran = await runPython('docs/python.md', page, reader);
    console.log(`python ${ran} blocks of docs/python.md`);
    expect(ran).toBe(3);
  });
});

/** Writes the first script of a page of the documentation into a file. */
async function scriptOf(page: string, name: string): Promise<string> {
  const text = await readFile(path.join(repositoryRoot, 'docs', page), 'utf8');
  const script = /^```python\n([^]*?)^```$/m.exec(text)?.[1] ?? '';
  await writeFile(folder.at(name), script);
  return script;
}

/** Writes random weights where torchvision keeps what it has downloaded. They tell photos apart, but know no class. */
const RANDOM_WEIGHTS = `
import os, sys, torch
from torchvision.models import get_model, get_model_weights
folder = os.path.join(sys.argv[1], "hub", "checkpoints")
os.makedirs(folder, exist_ok=True)
for seed, name in enumerate(sys.argv[2:]):
    torch.manual_seed(seed)
    state = get_model(name, weights=None).state_dict()
    last = [key for key in state if key.endswith("weight") and state[key].shape[0] == 1000][0]
    state[last] *= 10
    torch.save(state, os.path.join(folder, os.path.basename(get_model_weights(name).DEFAULT.url)))
`;
const MODELS = ['resnet18', 'squeezenet1_1'];

describe('winnow evaluate', { timeout: TIMEOUT_MS }, () => {
  const python = async (...args: readonly string[]): Promise<string> => {
    const env = { ...process.env, TORCH_HOME: folder.at('torch') };
    return (await run(PYTHON, args, { cwd: repositoryRoot, env, maxBuffer: 2 ** 26 })).stdout;
  };
  const evaluate = async (...args: readonly string[]): Promise<Evaluation> => {
    const { code, stdout, stderr } = await winnow(['evaluate', ...args, '--json'], {
      cwd: folder.at(),
      timeoutMs: TIMEOUT_MS,
    });
    expect([code, code === 0 ? '' : stderr]).toEqual([0, '']);
    return JSON.parse(stdout) as Evaluation;
  };

  it.for(MODELS)('agrees with PyTorch photo by photo on %s of torchvision, exported to ONNX', async (name, context) => {
    context.skip(PYTHON === '', WITHOUT_PYTHON);
    expect((await scriptOf('evaluate.md', 'write_logits.py')).trimEnd().split('\n').length).toBeLessThanOrEqual(15);
    await scriptOf('models.md', 'export_onnx.py');
    await python('-c', RANDOM_WEIGHTS, folder.at('torch'), name);
    await python(folder.at('write_logits.py'), name, path.join(exported(), 'test'), folder.at(`${name}.npy`));
    await python(folder.at('export_onnx.py'), name, folder.at(`${name}.onnx`));
    const options = ['--classes', 'imagenet-1k', '--normalise', 'imagenet', '--resize', '256', '--allow-chance'];
    const added = await winnow(['models', 'add', `${name}.onnx`, ...options], { cwd: folder.at() });
    expect([added.code, added.code === 0 ? '' : added.stderr]).toEqual([0, '']);

    const ours = await answersOfModel(name);
    const theirs = await answersOfFile(folder.at(`${name}.npy`));
    expect(ours.map(({ predicted }) => predicted)).toEqual(theirs.map(({ predicted }) => predicted));
    expect(new Set(theirs.map(({ confidence }) => confidence.toFixed(3))).size).toBeGreaterThan(20);
    const furthest = Math.max(
      ...ours.map(({ confidence }, i) => Math.abs(confidence - (theirs[i]?.confidence ?? NaN))),
    );
    console.log(`${name}: ${ours.length} photos, largest difference of confidences ${furthest}`);
    expect(furthest).toBeLessThan(1e-4);
    const byModel = await evaluate(exported(), '--model', name);
    const byFile = await evaluate(exported(), '--logits', folder.at(`${name}.npy`), '--logits-are', 'logits');
    expect(byModel.perClass).toEqual(byFile.perClass);
    expect(byModel.rmsCalibrationError).toBeCloseTo(byFile.rmsCalibrationError ?? -1, 4);
  });
});

async function answersOfModel(name: string): Promise<readonly Answered[]> {
  const table = await loadClassTable();
  const card = await cardFor(name, folder.at());
  const classes = await classesOfCard(card, table);
  const mask = wnidsOf('imagenet-1k', table.rows).map((wnid) => classes.positionOf({ wnid, name: wnid }) ?? -1);
  return modelAnswers({ card, classes, mask }, await readExported(), {
    threads: 1,
    cropsPerPass: 2,
    provider: 'cpu',
    maxPixels: 1e8,
    signal: new AbortController().signal,
    onProgress: () => undefined,
    onUnreadable: () => undefined,
  });
}

async function answersOfFile(file: string): Promise<readonly Answered[]> {
  const { photos } = await readExported();
  const { answers } = await readAnswers(await openLogits(file), {
    columns: Array.from({ length: 1000 }, (_, i) => i),
    // A network may end with an activation, so that no logit is negative.
    logitsAre: 'logits',
    order: { photos: photos.map((photo) => photo.file), names: null, positionOf: () => null },
    signal: new AbortController().signal,
    onProgress: () => undefined,
  });
  return answers;
}

async function readExported(): Promise<PhotoSet> {
  return readSet(exported(), { isClass: () => false, signal: new AbortController().signal });
}
