import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { openLogits } from '../../../../src/measure/evaluate/logits/open-logits.process.ts';
import {
  readAnswers,
  type LogitsAre,
  type RowOrder,
} from '../../../../src/measure/evaluate/logits/read-answers.process.ts';
import { lacksModules, PYTHON, PYTHON_TIMEOUT_MS } from '../../../support/export-python.ts';
import { suiteFolder } from '../../../support/process-tree.ts';

const folder = suiteFolder();
const run = promisify(execFile);

async function read(file: string) {
  const table = await openLogits(file);
  const photos: (string | null)[] = [];
  const values: number[][] = [];
  for await (const row of table.rows()) {
    photos.push(row.photo);
    values.push([...row.values]);
    expect(row.values.length).toBe(table.columns);
  }
  return { names: table.names, photos, values };
}

async function put(name: string, content: string | Buffer): Promise<string> {
  await mkdir(folder.at(), { recursive: true });
  await writeFile(folder.at(name), content);
  return folder.at(name);
}

/** An npy file of float32, as NumPy writes it. */
function npyOf(
  rows: readonly (readonly number[])[],
  { shape = `(${rows.length}, ${rows[0]?.length ?? 0})` } = {},
): Buffer {
  const text = `{'descr': '<f4', 'fortran_order': False, 'shape': ${shape}, }`;
  const header = Buffer.from(`${text.padEnd(117)}\n`);
  const prefix = Buffer.from([0x93, ...Buffer.from('NUMPY'), 1, 0, header.length, 0]);
  return Buffer.concat([prefix, header, Buffer.from(Float32Array.from(rows.flat()).buffer)]);
}

describe('files of logits that NumPy, pandas and PyArrow write', { timeout: PYTHON_TIMEOUT_MS }, () => {
  const names = ['n1/a, b.jpg', 'n1/ö "x".jpg', 'n1/c.jpg', 'n2/d.jpg', 'n2/😀.jpg', 'n2/e f.jpg', 'n2/g.jpg'];
  /** Exact in float16. */
  const values = names.map((_, row) => Array.from({ length: 5 }, (__, column) => (row * 5 + column - 17) / 4));

  it('have the same numbers and names in every form', async (context) => {
    const lacks = await lacksModules('numpy', 'pandas', 'pyarrow');
    context.skip(lacks !== '', lacks);
    await mkdir(folder.at('forms'), { recursive: true });
    await writeFile(folder.at('forms', 'values.json'), JSON.stringify({ names, values }));
    await run(PYTHON, [path.join(import.meta.dirname, 'write-logits.py'), folder.at('forms')]);
    const files = (await readdir(folder.at('forms'))).filter((name) => name !== 'values.json');
    expect(files.length).toBeGreaterThanOrEqual(36);
    for (const file of files.filter((name) => !name.includes('refused'))) {
      const seen = await read(folder.at('forms', file));
      expect([file, seen.values]).toEqual([file, values]);
      expect([file, seen.photos]).toEqual([file, file.startsWith('named') ? names : names.map(() => null)]);
    }
    const refusals: Readonly<Record<string, string>> = {
      'whole-refused.npy': 'Expected float16, float32 or float64 but it holds whole numbers (<i8). Write it with',
      'objects-refused.npy': 'it holds Python objects, which winnow does not load',
      'flat-refused.npy': 'Expected two dimensions (photos, classes) but its shape is (35,)',
      'several-refused.npz': "it has several arrays ('a', 'b') and none is named 'logits'",
      'zstd-refused.parquet': "Write it with compression='snappy'",
    };
    expect(files.filter((name) => name.includes('refused')).toSorted()).toEqual(Object.keys(refusals).toSorted());
    for (const [file, says] of Object.entries(refusals))
      await expect(read(folder.at('forms', file)), file).rejects.toThrow(says);
    const damaged = await readFile(folder.at('forms', 'stored.npz'));
    // A bit of a number, which only the checksum shows.
    damaged[250] = (damaged[250] ?? 0) ^ 1;
    await expect(read(await put('damaged.npz', damaged))).rejects.toThrow('its checksum is wrong');
    await expect(read(await put('cut.npz', damaged.subarray(0, 400)))).rejects.toThrow('it is a damaged zip archive');
    const parquet = await readFile(folder.at('forms', 'wide.parquet'));
    await expect(read(await put('cut.parquet', parquet.subarray(0, 900)))).rejects.toThrow('hyparquet cannot read it');
  });
});

describe('a file of logits', () => {
  it('is read as npy, or as csv with or without header and names', async () => {
    const rows = [
      [1, -2.5],
      [0, 1e-3],
    ];
    const float32 = rows.map((row) => row.map((value) => Math.fround(value)));
    expect((await read(await put('a.npy', npyOf(rows)))).values).toEqual(float32);
    const plain = { names: null, photos: [null, null], values: rows };
    expect(await read(await put('a.csv', '1,-2.5\n0,1e-3'))).toEqual(plain);
    expect(await read(await put('a.csv', '\u{feff}1,-2.5\r\n\r\n0,1e-3\r\n'))).toEqual(plain);
    expect(await read(await put('a.csv', 'n1,n2\n1,-2.5\n0,1e-3\n'))).toEqual({ ...plain, names: ['n1', 'n2'] });
    expect(await read(await put('a.csv', 'photo,0,1\nb.jpg,1,-2.5\n"a,b.jpg",0,1e-3\n'))).toEqual({
      names: ['0', '1'],
      photos: ['b.jpg', 'a,b.jpg'],
      values: rows,
    });
    expect((await read(await put('a.csv', 'b.jpg\t1\tNaN\na.jpg\t-inf\tInfinity\n'))).values).toEqual([
      [1, Number.NaN],
      [-Infinity, Infinity],
    ]);
  });

  it.each([
    ['empty', '', 'it is empty'],
    ['only names', 'a.jpg\nb.jpg\n', 'no columns of numbers'],
    ['ragged', '1,2\n3,4,5\n', 'line 2 has 3 cells but the first line has 2'],
    ['with a word', '1,2\n3,four\n', "Expected a number in cell 2 of line 2 but received 'four'"],
    ['with an open quote', '1,2\n"3,4\n', 'line 2 is no row of a table'],
    ['in Latin-1', Buffer.from('a\xe9.jpg,1,2\n', 'latin1'), 'it is neither binary nor UTF-8 text'],
    ['of one endless line', '1,'.repeat(3_000_000), 'line 1 has more than 4194304 bytes'],
    ['a pickle', Buffer.from([0x80, 4, 0x95]), 'a pickle, which can run code'],
  ])('that is %s is refused with what to do', async (_, content, says) => {
    const file = await put('bad', content);
    await expect(read(file)).rejects.toMatchObject({
      code: 'bad-logits',
      message: expect.stringMatching(new RegExp(`^Cannot read logits from '${file}': .*[A-Z].*`)),
    });
    await expect(read(file)).rejects.toThrow(says);
  });

  it('that is truncated, too long, or claims a huge array is refused before its rows are read', async () => {
    const whole = npyOf([
      [1, 2],
      [3, 4],
    ]);
    await expect(openLogits(await put('a.npy', whole.subarray(0, -1)))).rejects.toThrow(
      'its header promises 2 x 2 numbers, 144 bytes in all, but it has 143 bytes: it is truncated',
    );
    await expect(openLogits(await put('a.npy', Buffer.concat([whole, whole])))).rejects.toThrow('144 bytes follow');
    await expect(openLogits(await put('a.npy', whole.subarray(0, 60)))).rejects.toThrow('within its header');
    await expect(openLogits(await put('a.npy', whole.subarray(0, 8)))).rejects.toThrow('it ends after 8 bytes');
    const huge = npyOf([[1]], { shape: '(999999999999, 999999999999)' });
    await expect(openLogits(await put('a.npy', huge))).rejects.toThrow('it is truncated');
  });

  it('that is removed or becomes shorter while it is read is refused', async () => {
    const rows = Array.from({ length: 40_000 }, () => [1, 2, 3, 4]);
    const table = await openLogits(await put('a.npy', npyOf(rows)));
    const reading = table.rows();
    await reading.next();
    await truncate(table.file, 300_000);
    const readAll = async (): Promise<void> => {
      while ((await reading.next()).done !== true);
    };
    await expect(readAll()).rejects.toThrow('it became shorter while it was read');
    const removed = await openLogits(await put('a.csv', '1,2\n3,4\n'));
    await rm(removed.file);
    await expect(removed.rows().next()).rejects.toThrow(
      /^Cannot read logits from '.*a\.csv': ENOENT: .*\. Leave it as it is until the end$/,
    );
  });
});

describe('the rows of a file and the photos of a set', () => {
  const photos = ['n1/a.jpg', 'n1/b.jpg', 'n2/c.jpg'];
  const orderOf = (names: readonly string[] | null = null): RowOrder => ({
    photos,
    names,
    positionOf: (name) => (photos.includes(name) ? photos.indexOf(name) : null),
  });
  async function answers(text: string, names: readonly string[] | null = null, logitsAre: LogitsAre = 'logits') {
    const table = await openLogits(await put('rows.csv', text));
    const { signal } = new AbortController();
    return readAnswers(table, {
      columns: [0, 2],
      order: orderOf(names),
      logitsAre,
      signal,
      onProgress: () => undefined,
    });
  }
  const predicted = async (text: string, names: readonly string[] | null = null): Promise<number[]> =>
    (await answers(text, names)).answers.map((one) => one.predicted);

  it('match by position, by the names in the file, or by the names beside it', async () => {
    expect(await predicted('5,9,1\n5,9,1\n1,9,5\n')).toEqual([0, 0, 1]);
    expect(await predicted('n2/c.jpg,1,9,5\nn1/b.jpg,5,9,1\nn1/a.jpg,1,9,5\n')).toEqual([1, 0, 1]);
    expect(await predicted('1,9,5\n5,9,1\n5,9,1\n', ['n1/b.jpg', 'n1/a.jpg', 'n2/c.jpg'])).toEqual([0, 1, 0]);
  });

  it('are probabilities or percentages if no number is negative and each row sums to 1 or 100 within 2 %', async () => {
    const all = await answers('0.2,0.2,0.61\n1,0,0\n0.3,0.4,0.29\n', null, 'auto');
    expect(all.values).toBe('probabilities');
    const confidences = [0.61 / 0.81, 1, 0.3 / 0.59].map((value) => expect.closeTo(value, 12));
    expect(all.answers.map((one) => one.confidence)).toEqual(confidences);
    const percentages = await answers('20,20,61\n100,0,0\n30,40,29\n', null, 'auto');
    expect(percentages.values).toBe('percentages');
    expect(percentages.answers.map((one) => one.confidence)).toEqual(confidences);
  });

  it('are refused if they may be either, until the user says what they are', async () => {
    const text = '0.2,0.2,0.6\n0.3,0.4,0.4\n1,0,0\n';
    await expect(answers(text, null, 'auto')).rejects.toThrow(
      /not every row sums to 1 \(or to 100\), as row 1 \(n1\/b\.jpg\)\. Say with --logits-are logits or --logits-are probabilities/,
    );
    expect((await answers(text, null, 'logits')).answers[1]?.confidence).toBeCloseTo(1 / (1 + Math.exp(-0.1)), 12);
    expect((await answers(text, null, 'probabilities')).answers[1]?.confidence).toBeCloseTo(4 / 7, 12);
    await expect(answers('0.2,0.2,0.6\n30,40,30\n1,0,0\n', null, 'auto')).rejects.toThrow(/as row 1 /);
  });

  it('are no probabilities if a number is negative, whatever the user says', async () => {
    await expect(answers('1,2,-3\n1,2,3\n1,2,3\n', null, 'probabilities')).rejects.toThrow(
      'Expected probabilities, as --logits-are says, but row 0 (n1/a.jpg), column 2 (counted from 0) is -3',
    );
  });

  it.each([
    [
      'more rows than photos',
      '1,2,3\n'.repeat(4),
      null,
      'Expected 3 rows, one for each photo of the set, but it has 4',
    ],
    [
      'fewer rows than names',
      '1,2,3\n'.repeat(2),
      photos,
      'Expected 3 rows, as many as --files has names, but it has 2',
    ],
    ['an unknown photo', 'x.jpg,1,2,3\n', null, "row 0 (counted from 0) is of 'x.jpg', which is no photo of the set"],
    [
      'a photo twice',
      'n1/a.jpg,1,2,3\nn1/a.jpg,1,2,3\n',
      null,
      "the rows 0 and 1 (counted from 0) are both of 'n1/a.jpg'",
    ],
    ['a photo without a row', 'n1/a.jpg,1,2,3\nn2/c.jpg,1,2,3\n', null, "1 of 3 photos have no row: 'n1/b.jpg'"],
    ['two orders', 'n1/a.jpg,1,2,3\n', photos, 'Leave out --files'],
    ['NaN', '1,2,3\n1,nan,3\n', null, 'row 1 (n1/b.jpg), column 1 (counted from 0) is NaN'],
  ])('with %s are refused', async (...[, text, names, says]) => {
    await expect(answers(text, names)).rejects.toThrow(says);
  });
});
