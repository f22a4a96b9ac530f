import { execFile } from 'node:child_process';
import { cp, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { sha256Of } from '../support/sha256.ts';
import { startLabelStudio, type TestLabelStudio } from '../support/label-studio.ts';
import { suiteFolder } from '../support/process-tree.ts';
import type { ShortlistLine } from '../../src/shortlist/shortlist-csv.ts';
import { jsonLines, repositoryRoot, startNode, winnow } from '../support/winnow.ts';
import { useSharedServer } from '../support/shared-server.ts';

useSharedServer();

const run = promisify(execFile);
/** How many of the demo's 321 photos are taken. */
const PHOTOS = 60;
/** A Python that has fiftyone. */
const PYTHON = process.env['WINNOW_TEST_PYTHON'] ?? 'python3';
/** The program `label-studio`. */
const LABEL_STUDIO = process.env['WINNOW_TEST_LABEL_STUDIO'];

const folder = suiteFolder();
let listed: readonly ShortlistLine[] = [];

async function succeed(args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await winnow([...args, '--data', folder.at('data')]);
  expect([code, code === 0 ? '' : stderr]).toEqual([0, '']);
  return stdout;
}

function shortlist(...flags: string[]): Promise<string> {
  return succeed(['shortlist', '--collection', 'demo', ...flags]);
}

beforeAll(async () => {
  const photos = folder.at('photos');
  await cp(path.join(repositoryRoot, 'assets', 'samples'), photos, { recursive: true });
  const labels = await readFile(path.join(photos, 'labels.csv'), 'utf8');
  const some = labels.split('\n').slice(0, PHOTOS + 1);
  await writeFile(path.join(photos, 'labels.csv'), some.join('\n'));
  await succeed(['run', '--collection', 'demo', '--from', photos]);
  listed = jsonLines<ShortlistLine>(await shortlist('--json')).filter(({ state }) => state === 'listed');
});

/** What the reader in Python says of a sample. */
interface ReadSample {
  readonly sha256: string;
  readonly rank: number;
  readonly searched_as: { readonly type: string; readonly label: string; readonly confidence: number | null };
  readonly searched_as_wnid: string;
  readonly prob_searched_as: number;
  readonly prediction: { readonly type: string; readonly label: string; readonly confidence: number | null };
  readonly prediction_wnid: string;
}

describe('winnow shortlist --format fiftyone', () => {
  it('writes a dataset whose samples name the stored photos, and says how to open it in Python', async () => {
    const stdout = await shortlist('--format', 'fiftyone');
    const dataset = folder.at('data', 'shortlists', 'demo', 'fiftyone');
    expect(stdout).toContain(`dataset_dir=${JSON.stringify(dataset)},\n      dataset_type=fo.types.FiftyOneDataset,`);
    const { samples } = JSON.parse(await readFile(path.join(dataset, 'samples.json'), 'utf8'));
    expect(samples).toHaveLength(listed.length);
    expect(listed.length).toBeGreaterThan(PHOTOS / 5);
    for (const { filepath, sha256 } of samples) expect(sha256Of(await readFile(filepath))).toBe(sha256);
  });

  it('is read by the importer of fiftyone: the class searched as, the prediction, and no label of what is true', async (context) => {
    const problem = await run(PYTHON, [
      '-c',
      'from importlib.util import find_spec; exit(find_spec("fiftyone") is None)',
    ]).then(
      () => null,
      () => `${PYTHON} has no fiftyone (WINNOW_TEST_PYTHON names a Python that has)`,
    );
    context.skip(problem !== null, problem ?? '');
    await shortlist('--format', 'fiftyone');
    const reader = path.join(repositoryRoot, 'test', 'support', 'read-fiftyone.py');
    const dataset = folder.at('data', 'shortlists', 'demo', 'fiftyone');
    const { stdout } = await run(PYTHON, [reader, dataset], { maxBuffer: 2 ** 26 });
    const { isLegacy, mediaType, fields, samples } = JSON.parse(stdout);
    expect([isLegacy, mediaType]).toEqual([false, 'image']);
    expect(fields).not.toHaveProperty('label');
    expect(fields).not.toHaveProperty('ground_truth');
    expect(fields['prediction']).toBe(fields['searched_as']);
    expect(fields['prediction']).toContain('fiftyone.core.labels.Classification');
    expect(
      samples.map((one: ReadSample) => [
        one.sha256,
        one.rank,
        one.searched_as_wnid,
        one.prediction_wnid,
        one.prob_searched_as,
        one.prediction.confidence,
      ]),
    ).toEqual(
      listed.map((row) => [row.sha256, row.rank, row.wnid, row.confusionWnid, row.maxTrueProb, row.confusionProb]),
    );
    for (const one of samples) {
      expect(one).toMatchObject({
        media_type: 'image',
        searched_as: { type: 'Classification', confidence: null },
        prediction: { type: 'Classification' },
        licence: expect.any(String),
      });
      expect(one.searched_as.label).not.toBe(one.prediction.label);
    }
  });
});

describe('winnow shortlist --format label-studio', () => {
  it('makes a project of visible pictures in Label Studio, which can read nothing but the blobs', async (context) => {
    context.skip(LABEL_STUDIO === undefined, 'WINNOW_TEST_LABEL_STUDIO does not name the program label-studio');
    const tasksFile = folder.at('tasks.json');
    await writeFile(tasksFile, await shortlist('--format', 'label-studio'));
    const documentRoot = folder.at('data', 'blobs');
    const server = await startLabelStudio(LABEL_STUDIO ?? '', { folder: folder.at('label-studio'), documentRoot });
    try {
      await expectPictures(server, await makeProject(server, tasksFile));
      const outside = await server.get('/data/local-files/?d=../postgres/PG_VERSION');
      expect(outside.ok).toBe(false);
    } finally {
      server.stop();
    }
  }, 1_200_000);
});

/** Resolves in the project's number. */
async function makeProject(server: TestLabelStudio, tasksFile: string): Promise<string> {
  const script = path.join(repositoryRoot, 'scripts', 'label-studio.ts');
  const flags = ['--blobs', folder.at('data', 'blobs'), '--url', server.url];
  const env = { LABEL_STUDIO_API_KEY: await server.makeToken() };
  const { code, stdout, stderr } = await startNode(['--import', 'tsx', script, tasksFile, ...flags], { env }).result;
  expect([code, stderr]).toEqual([0, '']);
  expect(stdout).toContain(`${listed.length} tasks, `);
  return /\/projects\/(\d+)\/data/.exec(stdout)?.[1] ?? '';
}

interface ShownTask {
  readonly data: { readonly image: string; readonly sha256: string };
  readonly total_predictions: number;
}

async function expectPictures(server: TestLabelStudio, project: string): Promise<void> {
  const answer = await server.get(`/api/tasks?project=${project}&page_size=${PHOTOS}`);
  const { tasks } = (await answer.json()) as { tasks: readonly ShownTask[] };
  expect(tasks.map(({ data }) => data.sha256).toSorted()).toEqual(listed.map(({ sha256 }) => sha256).toSorted());
  for (const { data, total_predictions } of tasks) {
    const picture = await server.get(data.image);
    expect([picture.status, sha256Of(Buffer.from(await picture.arrayBuffer())), total_predictions]).toEqual([
      200,
      data.sha256,
      1,
    ]);
  }
}
