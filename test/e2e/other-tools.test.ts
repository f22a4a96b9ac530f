import { execFile } from 'node:child_process';
import { cp, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { sha256Of } from '../support/sha256.ts';
import { startLabelStudio, type TestLabelStudio } from '../support/label-studio.ts';
import { suiteFolder } from '../support/process-tree.ts';
import { blocksOf } from '../support/recipes/blocks.ts';
import type { VerdictLine } from '../../src/core/review/events/verdict-line.ts';
import type { ShortlistLine } from '../../src/core/shortlist/shortlist-csv.ts';
import { jsonLines, repositoryRoot, startNode, winnow } from '../support/winnow.ts';
import { useSharedServer } from '../support/shared-server.ts';

useSharedServer();

const run = promisify(execFile);
const PHOTOS = 30;
/** A Python that has fiftyone. */
const PYTHON = process.env['WINNOW_TEST_PYTHON'] ?? 'python3';
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
  await cp(path.join(repositoryRoot, 'test', 'fixtures', 'samples'), photos, { recursive: true });
  const labels = await readFile(path.join(photos, 'labels.csv'), 'utf8');
  const some = labels.split('\n').slice(0, PHOTOS + 1);
  await writeFile(path.join(photos, 'labels.csv'), some.join('\n'));
  await succeed(['run', '--collection', 'demo', '--from', photos]);
  listed = jsonLines<ShortlistLine>(await shortlist('--json')).filter(({ state }) => state === 'listed');
});

/** The problem of this Python; empty if it can be used. */
async function lacksFiftyOne(): Promise<string> {
  const finds = 'from importlib.util import find_spec; exit(find_spec("fiftyone") is None)';
  return run(PYTHON, ['-c', finds]).then(
    () => '',
    () => `${PYTHON} has no fiftyone (WINNOW_TEST_PYTHON names a Python that has)`,
  );
}

async function importVerdicts(file: string, ...flags: string[]): Promise<unknown> {
  return JSON.parse(await succeed(['verdicts', 'import', file, '--collection', 'demo', '--json', ...flags]));
}

async function verdictsOf(reviewer: string): Promise<Record<string, string>> {
  const lines = jsonLines<VerdictLine>(await succeed(['verdicts', '--collection', 'demo', '--json']));
  return Object.fromEntries(
    lines.flatMap(({ sha256, reviews }) =>
      reviews
        .filter((one) => one.reviewer === reviewer)
        .map(({ verdict, reason }) => [sha256, [verdict, reason].filter((part) => part !== null).join(':')]),
    ),
  );
}

describe('the FiftyOne script of docs/python.md', () => {
  it('reads the samples of a set, with their classes', async (context) => {
    const problem = await lacksFiftyOne();
    context.skip(problem !== '', problem);
    const page = await readFile(path.join(repositoryRoot, 'docs', 'python.md'), 'utf8');
    const script = blocksOf('docs/python.md', page).find(({ text }) => text.includes('import fiftyone'))?.text ?? '';
    await writeFile(folder.at('look.py'), script);
    await mkdir(folder.at('exports', 'v1'), { recursive: true });
    await symlink(folder.at('photos', 'photos'), folder.at('exports', 'v1', 'test'));
    const reader = path.join(repositoryRoot, 'test', 'support', 'run-fiftyone.py');
    const { stdout } = await run(PYTHON, [reader, folder.at('look.py')], { cwd: folder.at(), maxBuffer: 2 ** 26 });
    expect(stdout).toMatch(/^\[\('.*\/exports\/v1\/test\/n\d{8}\/[^']+', 'n\d{8}'\), /m);
  });
});

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
    const problem = await lacksFiftyOne();
    context.skip(problem !== '', problem);
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
    expect(samples).toMatchObject(
      listed.map(({ sha256, rank, wnid, confusionWnid, maxTrueProb, confusionProb }) => ({
        sha256,
        rank,
        media_type: 'image',
        searched_as: { type: 'Classification', confidence: null },
        searched_as_wnid: wnid,
        prob_searched_as: maxTrueProb,
        prediction: { type: 'Classification', confidence: confusionProb },
        prediction_wnid: confusionWnid,
        licence: expect.any(String),
      })),
    );
    for (const one of samples) expect(one.searched_as.label).not.toBe(one.prediction.label);
  });
});

/** Every third photo is accepted, every third rejected, and every third is of neither class. */
const VERDICT_OF = ['accept', 'reject:wrong-class', 'reject:wrong-class'] as const;

describe('winnow verdicts import', () => {
  it('reads the tasks back that people have answered in Label Studio, and reviewed photos keep their place', async () => {
    const tasks = JSON.parse(await shortlist('--format', 'label-studio')) as readonly ShownTask[];
    const answered = tasks.slice(0, -2).map((task, i) => ({ ...task, id: i + 1, annotations: [answer(task, i % 3)] }));
    const skipped = tasks.slice(-2, -1).map((task) => ({ ...task, annotations: [answer(task, null)] }));
    const file = folder.at('answered.json');
    await writeFile(file, JSON.stringify([...answered, ...skipped, ...tasks.slice(-1)]));
    const counts = { conflicts: [], notListed: [], unanswered: 1, skipped: 1, ofPeople: [] };
    expect(await importVerdicts(file)).toEqual({ imported: answered.length, known: 0, ...counts });
    const expected = Object.fromEntries(answered.map(({ data }, i) => [data.sha256, VERDICT_OF[i % 3]]));
    expect(await verdictsOf('ana@example.org')).toEqual(expected);
    expect(await importVerdicts(file)).toEqual({ imported: 0, known: answered.length, ...counts });
    const again = jsonLines<ShortlistLine>(await shortlist('--json', '--cap', '1'));
    const stay = new Set<string>(again.flatMap(({ state, sha256 }) => (state === 'listed' ? [sha256] : [])));
    expect(answered.filter(({ data }) => !stay.has(data.sha256))).toEqual([]);
    expect(await shortlist('--json')).toContain(listed[0]?.sha256);
  });

  it('reads the tags back that people have given samples in FiftyOne', async () => {
    await shortlist('--format', 'fiftyone');
    const dataset = folder.at('data', 'shortlists', 'demo', 'fiftyone');
    const content = JSON.parse(await readFile(path.join(dataset, 'samples.json'), 'utf8'));
    const [first, second] = content.samples;
    first.tags.push('accept');
    second.verdict = { _cls: 'Classification', tags: [], label: 'reject:low-quality' };
    const exported = folder.at('exported');
    await mkdir(exported, { recursive: true });
    await writeFile(path.join(exported, 'samples.json'), JSON.stringify(content));
    const counts = await importVerdicts(exported, '--reviewer', 'bo');
    expect(counts).toMatchObject({ imported: 2, unanswered: content.samples.length - 2 });
    expect(await verdictsOf('bo')).toEqual({ [first.sha256]: 'accept', [second.sha256]: 'reject:low-quality' });
  });

  it('reads what fiftyone itself writes of tagged samples', async (context) => {
    const problem = await lacksFiftyOne();
    context.skip(problem !== '', problem);
    await shortlist('--format', 'fiftyone');
    const tagger = path.join(repositoryRoot, 'test', 'support', 'tag-fiftyone.py');
    const file = folder.at('tagged.json');
    const tags = Object.fromEntries(listed.map(({ sha256 }, i) => [sha256, [VERDICT_OF[i % 3]]]));
    const tagging = run(PYTHON, [tagger, folder.at('data', 'shortlists', 'demo', 'fiftyone'), file]);
    tagging.child.stdin?.end(JSON.stringify(tags));
    await tagging;
    expect(await importVerdicts(file, '--reviewer', 'cy')).toMatchObject({ unanswered: 0 });
    const expected = Object.fromEntries(listed.map(({ sha256 }, i) => [sha256, VERDICT_OF[i % 3]]));
    expect(await verdictsOf('cy')).toEqual(expected);
  });
});

/** An annotation as Label Studio exports it: one of the three answers of a task, or null for a task that was skipped. */
function answer({ data }: ShownTask, choice: number | null) {
  const choices = data.choices.filter((_, i) => i === choice).map(({ value }) => value);
  const result = choice === null ? [] : [{ from_name: 'class', to_name: 'image', type: 'choices', value: { choices } }];
  return {
    completed_by: { id: 1, email: 'ana@example.org' },
    was_cancelled: choice === null,
    created_at: '2026-11-26T09:00:00.123456Z',
    updated_at: '2026-11-26T09:00:00.123456Z',
    result,
  };
}

describe('winnow shortlist --format label-studio', () => {
  it('makes a project of visible pictures in Label Studio, which can read nothing but the blobs', async (context) => {
    context.skip(LABEL_STUDIO === undefined, 'WINNOW_TEST_LABEL_STUDIO does not name the program label-studio');
    const tasksFile = folder.at('tasks.json');
    await writeFile(tasksFile, await shortlist('--format', 'label-studio'));
    const documentRoot = folder.at('data', 'blobs');
    const server = await startLabelStudio(LABEL_STUDIO ?? '', { folder: folder.at('label-studio'), documentRoot });
    try {
      const project = await makeProject(server, tasksFile);
      const page = await server.get(`/api/tasks?project=${project}&page_size=${PHOTOS}`);
      const { tasks } = (await page.json()) as { tasks: readonly ShownTask[] };
      await expectPictures(server, tasks);
      await expectAnswers(server, project, tasks);
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
  readonly id: number;
  readonly data: { readonly image: string; readonly sha256: string; readonly choices: readonly { value: string }[] };
  readonly total_predictions: number;
}

/** Answers every task as a browser does, and reads both of the server's exports back. */
async function expectAnswers(server: TestLabelStudio, project: string, tasks: readonly ShownTask[]): Promise<void> {
  for (const [i, task] of tasks.entries()) {
    const { result } = answer(task, i % 3);
    expect((await server.post(`/api/tasks/${task.id}/annotations/`, { result })).status).toBe(201);
  }
  for (const format of ['JSON', 'JSON_MIN']) {
    const file = folder.at(`${format}.json`);
    const answered = await server.get(`/api/projects/${project}/export?exportType=${format}`);
    await writeFile(file, Buffer.from(await answered.arrayBuffer()));
    expect(await importVerdicts(file)).toMatchObject({
      imported: format === 'JSON' ? tasks.length : 0,
      known: format === 'JSON' ? 0 : tasks.length,
      conflicts: [],
      notListed: [],
      unanswered: 0,
      skipped: 0,
    });
  }
  const expected = Object.fromEntries(tasks.map(({ data }, i) => [data.sha256, VERDICT_OF[i % 3]]));
  expect(await verdictsOf('label-studio 1')).toEqual(expected);
}

async function expectPictures(server: TestLabelStudio, tasks: readonly ShownTask[]): Promise<void> {
  expect(tasks.map(({ data }) => data.sha256).toSorted()).toEqual(listed.map(({ sha256 }) => sha256).toSorted());
  for (const { data, total_predictions } of tasks) {
    const picture = await server.get(data.image);
    const sha256 = sha256Of(Buffer.from(await picture.arrayBuffer()));
    expect([picture.status, sha256, total_predictions]).toEqual([200, data.sha256, 1]);
  }
}
