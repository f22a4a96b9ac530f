import { execFile } from 'node:child_process';
import { appendFile, cp, open, readdir, readFile, rm, stat, symlink, truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { parquetReadObjects } from 'hyparquet';
import { describe, expect, it, beforeAll } from 'vitest';
import type { Verification } from '../../../src/core/export/verify/findings.ts';
import type { PhotoRow } from '../../../src/core/export/select/photo-row.ts';
import {
  parsePlan,
  withId,
  RESULT_COLUMNS,
  RESULT_SCHEMA,
  type Plan,
  type ResultRow,
} from '../../../src/exchange/evidence/format.ts';
import type { ImportReport } from '../../../src/exchange/evidence/import.process.ts';
import type { DecisionLine } from '../../../src/core/filter/run/decision-line.ts';
import { parquetBuffer } from '../../../src/core/platform/parquet/read-parquet.ts';
import { ParquetFile } from '../../../src/core/platform/parquet/write-parquet.ts';
import { HOSTILE, hostileParquet } from '../../support/hostile-parquet.ts';
import { makeFiveClasses } from '../../support/five-classes.ts';
import { suiteFolder } from '../../support/process-tree.ts';
import { useSharedServer } from '../../support/shared-server.ts';
import { jsonLines, winnow } from '../../support/winnow.ts';

useSharedServer();

const PHOTOS = 30;
const PART = 'part-00000.parquet';
const folder = suiteFolder();

interface Row {
  plan_id: string;
  sha256: string;
  member: string;
  crop: number;
  logits: number[];
}

async function run(data: string, ...args: string[]) {
  const [command = '', ...rest] = args;
  return winnow([command, ...rest, '--collection', 'five.yaml', '--data', data], { cwd: folder.at('.') });
}

async function decisionsIn(data: string): Promise<Record<string, unknown>> {
  const { stdout } = await run(data, 'decisions', '--json');
  const lines = jsonLines<DecisionLine>(stdout).filter(({ state }) => state !== 'undecided');
  return Object.fromEntries(
    lines.map(({ sha256, wnid, state, reason, decidedBy, confusion }) => [
      `${sha256} ${wnid}`,
      { state, reason, decidedBy, confusion: confusion?.wnid },
    ]),
  );
}

async function rowsOf(file: string): Promise<Row[]> {
  const handle = await open(file);
  try {
    return (await parquetReadObjects({ file: await parquetBuffer(handle) })).map(
      (row) => ({ ...row }) as unknown as Row,
    );
  } finally {
    await handle.close();
  }
}

async function writeRows(file: string, rows: readonly ResultRow[], isHalf = false): Promise<void> {
  await rm(file);
  const half = {
    name: 'element',
    type: 'FIXED_LEN_BYTE_ARRAY',
    type_length: 2,
    logical_type: { type: 'FLOAT16' },
  } as const;
  const schema = isHalf
    ? [...RESULT_SCHEMA.slice(0, -1), { ...half, repetition_type: 'OPTIONAL' as const }]
    : [...RESULT_SCHEMA];
  const parquet = await ParquetFile.open(file, { schema });
  await parquet.writeGroup(
    RESULT_COLUMNS.map((name) => ({ name, data: rows.map((row) => row[name]) })),
    rows.length,
  );
  await parquet.close();
}

/** Imports a changed copy of the exported evidence. */
async function importChanged(change: (copy: string) => Promise<void>): Promise<ImportReport & { code: number | null }> {
  const copy = folder.at('copy');
  await rm(copy, { recursive: true, force: true });
  await cp(folder.at('exported'), copy, { recursive: true });
  await rm(path.join(copy, 'SHA256SUMS'));
  await change(copy);
  const { code, stdout, stderr } = await run('there', 'evidence', 'import', copy, '--json');
  expect(stdout, stderr).not.toBe('');
  return { code, ...(JSON.parse(stdout) as ImportReport) };
}

const changeRows =
  (change: (rows: Row[]) => ResultRow[], isHalf = false) =>
  async (copy: string): Promise<void> => {
    const file = path.join(copy, PART);
    await writeRows(file, change(await rowsOf(file)), isHalf);
  };

/** Changes the plan, and gives its id to the results. */
const changePlan =
  (change: (plan: Omit<Plan, 'id'>) => Partial<Plan>) =>
  async (copy: string): Promise<void> => {
    const file = path.join(copy, 'plan.json');
    const plan = parsePlan(await readFile(file, 'utf8'));
    if (plan === null) throw new Error('no plan');
    const { id: _, ...rest } = plan;
    const changed = withId({ ...rest, ...change(rest) });
    await writeFile(file, JSON.stringify(changed));
    await changeRows((rows) => rows.map((row) => ({ ...row, plan_id: changed.id })))(copy);
  };

const withLogits = (change: (logits: number[], row: Row) => number[]) => (rows: Row[]) =>
  rows.map((row) => ({ ...row, logits: change(row.logits, row) }));

const isFirst = ({ sha256 }: Row, rows: readonly Row[]): boolean => sha256 === rows[0]?.sha256;

const WRONG: Readonly<Record<string, (copy: string) => Promise<void>>> = {
  'crop-order': changeRows((rows) => rows.map((row) => ({ ...row, crop: (row.crop + 1) % 10 }))),
  'class-order': changeRows(withLogits((logits) => logits.toReversed())),
  'other-pixels': changeRows(withLogits((logits) => logits.map((logit, at) => logit + (at === 3 ? 0.1 : 0)))),
  'other-model': changeRows(withLogits((logits, { crop }) => logits.map((_, at) => Math.sin(7 * at + crop)))),
  'cut-shard': (copy) => truncate(path.join(copy, PART), 5_000),
  'not-finite': changeRows((rows) =>
    rows.map((row, i) => (i === 3 ? { ...row, logits: row.logits.fill(Number.NaN) } : row)),
  ),
  duplicate: changeRows((rows) => [...rows, ...rows.slice(0, 2)]),
  'float16-overflow': changeRows(
    (rows) => rows.map((row, i) => (i === 3 ? { ...row, logits: row.logits.fill(Infinity) } : row)),
    true,
  ),
  'missing-photo': changeRows((rows) => rows.filter((row) => !isFirst(row, rows))),
  'missing-crop': changeRows((rows) => rows.slice(1)),
  'missing-shard': (copy) => rm(path.join(copy, PART)),
  'changed-file': (copy) => writeFile(path.join(copy, 'SHA256SUMS'), `${'0'.repeat(64)}  ${PART}\n`),
  'stale-plan': changePlan(() => ({ rules: '0'.repeat(64) })),
};

const WRONG_FILES: readonly (readonly [what: string, reason: string, change: (copy: string) => Promise<void>])[] = [
  ['an empty result file', 'cut-shard', (copy) => truncate(path.join(copy, PART))],
  [
    'a result file without its last byte',
    'cut-shard',
    async (copy) => truncate(path.join(copy, PART), (await stat(path.join(copy, PART))).size - 1),
  ],
  ['a shard of the plan with one byte more', 'changed-file', (copy) => appendFile(path.join(copy, 'plan', PART), '0')],
  ['a plan that lists a shard twice', 'duplicate', changePlan(({ shards }) => ({ shards: [...shards, ...shards] }))],
  [
    'a SHA256SUMS that names a file twice, with the right and another hash',
    'changed-file',
    async (copy) => {
      const right = await readFile(folder.at('exported', 'SHA256SUMS'), 'utf8');
      await writeFile(path.join(copy, 'SHA256SUMS'), `${right}${'0'.repeat(64)}  ${PART}\n`);
    },
  ],
];

describe('evidence in files', () => {
  let exported: Awaited<ReturnType<typeof run>>;

  beforeAll(async () => {
    await makeFiveClasses(folder.at('.'), PHOTOS);
    for (const data of ['here', 'there']) await run(data, 'crawl', '--from', 'photos');
    await run('here', 'filter', '--set', 'filter.evaluate=all');
    exported = await run('here', 'evidence', 'export', '--out', 'exported', '--json');
  });

  it('an export counts the photos that it leaves out, because every setting drops them and their logits are not stored', async () => {
    const { photos, withoutLogits } = JSON.parse(exported.stdout) as { photos: number; withoutLogits: number };
    expect(photos + withoutLogits).toBe(PHOTOS);
    expect(withoutLogits).toBeGreaterThan(0);
    const { stdout } = await run('here', 'decisions', '--state', 'kept', '--json');
    expect(photos).toBeGreaterThanOrEqual(jsonLines(stdout).length);
  });

  it('a plan has every undecided photo with its address and members, and refuses a folder in use', async () => {
    const made = await run('there', 'evidence', 'plan', '--out', 'plan', '--shard-rows', '20', '--json');
    expect(JSON.parse(made.stdout)).toMatchObject({ photos: PHOTOS, shards: 2, members: ['five-nchw', 'five-uint8'] });
    const names = (await readdir(folder.at('.'))).filter((name) => name.startsWith('plan'));
    expect(names).toEqual(['plan']);
    const again = await run('there', 'evidence', 'plan', '--out', 'plan');
    expect(again).toMatchObject({ code: 2 });
    expect(again.stderr).toMatch(/Expected a new or empty folder for --out but 'plan' has 'plan/);
  });

  it.each(Object.keys(WRONG))('evidence that is wrong as %s is refused, and nothing is stored', async (reason) => {
    const { code, refused, photos } = await importChanged(WRONG[reason] ?? (() => Promise.resolve()));
    expect({ code, photos, reasons: refused.map((one) => one.reason) }).toEqual({
      code: 1,
      photos: 0,
      reasons: [reason],
    });
    expect(await decisionsIn('there')).toEqual({});
  });

  it.each(WRONG_FILES)('%s is refused, and nothing is stored', async (...[, reason, change]) => {
    const { code, refused, photos } = await importChanged(change);
    expect([code, photos, refused.map((one) => one.reason)]).toEqual([1, 0, [reason]]);
    expect(await decisionsIn('there')).toEqual({});
  });

  it('a plan without photos is imported as nothing', async () => {
    const report = await importChanged(changePlan(() => ({ photos: 0, shards: [] })));
    expect(report).toMatchObject({
      code: 0,
      photos: 0,
      crops: 0,
      compared: 0,
      sample: null,
      recomputed: 0,
      refused: [],
    });
    expect(await decisionsIn('there')).toEqual({});
  });

  it('results without logits leave each photo to winnow, which names those whose bytes are lost', async () => {
    await run('left', 'crawl', '--from', 'photos');
    const copy = folder.at('without-logits');
    await cp(folder.at('exported'), copy, { recursive: true });
    await rm(path.join(copy, 'SHA256SUMS'));
    await changeRows((rows) => rows.map((row) => ({ ...row, logits: null })))(copy);
    const rows = await rowsOf(path.join(copy, PART));
    const all = new Set(rows.map(({ sha256 }) => sha256));
    const [lost = ''] = all;
    const names = await readdir(folder.at('left'), { recursive: true });
    await rm(folder.at('left', names.find((name) => name.endsWith(lost)) ?? ''));
    const imported = await run('left', 'evidence', 'import', copy, '--json');
    const report = JSON.parse(imported.stdout) as ImportReport;
    const counts = { photos: all.size, recomputed: all.size, crops: 0, compared: 0, sample: null };
    expect(report).toMatchObject({ ...counts, lost: [lost], refused: [] });
    const decided = await decisionsIn('left');
    expect(Object.keys(decided)).toHaveLength(all.size - 1);
    expect(await decisionsIn('here')).toMatchObject(decided);
  });

  it.each(['/dev/zero', '../five.yaml', 'pipe', 'link', 'elsewhere/five.yaml'])(
    'a name in SHA256SUMS that leads out of the folder or to no file is refused, and not read: %s',
    async (name) => {
      const { code, refused } = await importChanged(async (copy) => {
        await promisify(execFile)('mkfifo', [path.join(copy, 'pipe')]);
        await symlink(folder.at('five.yaml'), path.join(copy, 'link'));
        await symlink(folder.at('.'), path.join(copy, 'elsewhere'));
        await writeFile(path.join(copy, 'SHA256SUMS'), `${'0'.repeat(64)}  ${name}\n`);
      });
      expect({ code, reasons: refused.map(({ reason }) => reason) }).toEqual({ code: 1, reasons: ['changed-file'] });
      expect(refused[0]?.example).toMatch(/no file of this folder|it is a link, or no file/);
    },
  );

  it.each(['/dev/zero', '../part-00000.parquet', 'plan/../../part-00000.parquet'])(
    'a plan whose shard leads out of the folder is no plan: %s',
    async (file) => {
      const copy = folder.at('copy');
      await rm(copy, { recursive: true, force: true });
      await cp(folder.at('exported'), copy, { recursive: true });
      const plan = parsePlan(await readFile(path.join(copy, 'plan.json'), 'utf8'));
      if (plan === null) throw new Error('no plan');
      const { id: _, ...rest } = plan;
      const shards = rest.shards.map((shard) => ({ ...shard, file }));
      await writeFile(path.join(copy, 'plan.json'), JSON.stringify(withId({ ...rest, shards })));
      const { code, stderr } = await run('there', 'evidence', 'import', copy);
      expect([code, stderr]).toEqual([2, expect.stringContaining('it has other keys or names')]);
    },
  );

  it.each(HOSTILE)('results of some kB that would take gigabytes are refused before that: %s', async (kind) => {
    const others = RESULT_COLUMNS.filter((name) => name !== 'logits');
    const file = hostileParquet({ kind, rows: 40, count: 200_000_000, column: 'logits', others });
    const { code, refused } = await importChanged((copy) => writeFile(path.join(copy, PART), file));
    const reason = kind === 'a list of nulls' ? 'wrong-length' : 'cut-shard';
    expect({ code, reasons: refused.map((one) => one.reason) }).toEqual({ code: 1, reasons: [reason] });
  });

  it('an import decides as the filter does, and a second one changes nothing', async () => {
    const first = await run('there', 'evidence', 'import', 'exported', '--json');
    const report = JSON.parse(first.stdout) as ImportReport;
    expect(first, first.stderr).toMatchObject({ code: 0 });
    const { photos: all } = report;
    const sample = { seed: expect.stringMatching(/^[0-9a-f]{32}$/), photos: all, compared: all, mostDiffering: 0 };
    expect(report).toMatchObject({ compared: all, sample, refused: [], lost: [] });
    const decided = await decisionsIn('there');
    const own = await decisionsIn('here');
    expect(Object.keys(decided).length).toBeGreaterThan(5);
    expect(own).toMatchObject(decided);
    const again = await run('there', 'evidence', 'import', 'exported', '--json');
    const { photos, crops } = report;
    expect(JSON.parse(again.stdout)).toMatchObject({ photos, crops, recomputed: 0, decided: { kept: 0, dropped: 0 } });
    await run('there', 'filter');
    expect(await decisionsIn('there')).toEqual(own);
  });

  it('a set that was decided on float16 logits of another engine verifies, and says so', async () => {
    await run('half', 'crawl', '--from', 'photos');
    await run('half', 'rights', 'set', '--licence', 'CC0-1.0', '--creator', 'Ann');
    const copy = folder.at('halves');
    await cp(folder.at('exported'), copy, { recursive: true });
    await rm(path.join(copy, 'SHA256SUMS'));
    await changeRows((rows) => rows, true)(copy);
    const imported = await run('half', 'evidence', 'import', copy, '--sample', '20');
    expect(imported.stdout).toMatch(
      /winnow evaluated 20 of \d+ photos itself, drawn by the random seed [0-9a-f]{32}, and none differs: at most \d+\.\d % of the photos differ, 95 %/,
    );
    await run('half', 'shortlist', '--controls', '2');
    const listed = jsonLines<{ sha256: string; wnid: string }>((await run('half', 'verdicts', '--json')).stdout);
    const lines = listed.map(({ sha256, wnid }) => `${sha256},${wnid},accept,ann`);
    await writeFile(folder.at('accept.csv'), ['sha256,wnid,verdict,reviewer', ...lines, ''].join('\n'));
    await run('half', 'verdicts', 'import', 'accept.csv');
    const forms = ['--format', 'parquet,webdataset,coco'];
    const made = await run('half', 'export', '--out', 'set', ...forms, '--json');
    expect(made, made.stderr).toMatchObject({ code: 0 });
    const { stdout } = await winnow(['verify', 'set', '--json'], { cwd: folder.at('.') });
    const seen = JSON.parse(stdout) as Verification;
    expect(seen).toMatchObject({ ok: true, breaches: [], skipped: [] });
    expect(seen.importedRows).toBeGreaterThan(5);
    const rowsIn = async (file: string) => jsonLines<PhotoRow>(await readFile(folder.at('set', file), 'utf8'));
    const rows = [...(await rowsIn('test/metadata.jsonl')), ...(await rowsIn('control/metadata.jsonl'))];
    expect(rows.filter(({ evidence }) => evidence === 'imported')).toHaveLength(seen.importedRows);
    const card = await readFile(folder.at('set', 'README.md'), 'utf8');
    expect(card).toMatch(
      /- Import of the plan [0-9a-f]{12}: winnow evaluated 20 of \d+ photos itself, drawn by the random seed/,
    );
    // The same rows as winnow's own do not verify.
    for (const file of ['test/metadata.jsonl', 'control/metadata.jsonl']) {
      const text = await readFile(folder.at('set', file), 'utf8');
      await writeFile(folder.at('set', file), text.replaceAll(',"evidence":"imported"', ''));
    }
    const own = await winnow(['verify', 'set', '--json'], { cwd: folder.at('.') });
    const found = JSON.parse(own.stdout) as Verification;
    expect(found.importedRows).toBe(0);
    expect(found.breaches.filter(({ check }) => check === 'rule').length).toBeGreaterThan(0);
  });
});
