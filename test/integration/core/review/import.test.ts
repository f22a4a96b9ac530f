import { writeFile } from 'node:fs/promises';
import { sql } from 'kysely';
import { describe, expect, it } from 'vitest';
import { suiteFolder } from '../../../support/process-tree.ts';
import { forgetCollection } from '../../../../src/core/operate/upkeep/forget-collection.repository.ts';
import { countVerdicts } from '../../../../src/core/status/funnel.repository.ts';
import { importVerdicts } from '../../../../src/core/review/import/import.process.ts';
import { verdictProblems } from '../../../../src/core/review/events/verdict-audit.repository.ts';
import { readVerdicts } from '../../../../src/core/review/import/read-verdicts.process.ts';
import { listEvents, listReviewed } from '../../../../src/core/review/events/review.repository.ts';
import { toVerdictLine, type VerdictLine } from '../../../../src/core/review/events/verdict-line.ts';
import type { ImportedVerdict, VerdictRules } from '../../../../src/core/review/import/imported-verdict.ts';
import { collect } from '../../../support/collect.ts';
import { useDatabase } from '../../../support/database.ts';
import { useListedPhotos } from './listed-photos.ts';
import { sha256Of } from '../../../support/sha256.ts';

const database = useDatabase();
const RULES: VerdictRules = {
  mode: 'A',
  resolveClass: (label) =>
    label === 'n01' ? { ok: true, wnid: label } : { ok: false, detail: `'${label}' names no class` },
};

const listed = useListedPhotos(
  database,
  ['a', 'b', 'c'].map((name, i) => [name, 'n01', 'n02', (i + 1) / 100]),
);
const folder = suiteFolder();

async function tableOf(...lines: string[]): Promise<string> {
  const file = folder.at('verdicts.csv');
  await writeFile(file, lines.join('\n'));
  return file;
}

const read = async (...lines: string[]): Promise<readonly ImportedVerdict[]> =>
  (await readVerdicts(await tableOf(...lines), RULES)).verdicts;

async function imported(...lines: string[]): Promise<unknown> {
  const { conflicts, notListed, ...counts } = await importVerdicts(database.db, listed.scope, await read(...lines));
  return {
    ...counts,
    conflicts: conflicts.map(({ row, stored }) => [row.line, row.verdict, stored.verdict]),
    notListed: notListed.map(({ line }) => line),
  };
}

async function verdicts(): Promise<VerdictLine[]> {
  const photos = await collect(listReviewed(database.db, listed.scope.collectionId, { wnids: ['n01'] }));
  return photos.map(toVerdictLine);
}

const states = async (): Promise<unknown> =>
  Object.fromEntries((await verdicts()).map(({ sha256, state, decidedBy }) => [sha256, `${state} ${decidedBy}`]));

const HEADER = 'sha256,wnid,verdict,reason,reviewer,note,at';
const [a, b, c] = [sha256Of('a'), sha256Of('b'), sha256Of('c')];

describe('importing verdicts', () => {
  it('stores each row as the review of its reviewer, and derives the states', async () => {
    const result = await imported(
      HEADER,
      `${a},n01,accept,,ana,"good, sharp",2026-11-20T09:00:00+01:00`,
      `${b},n01,reject,wrong-class,ana,,`,
      `${b},n01,accept,,bo,,`,
    );
    expect(result).toEqual({ imported: 3, known: 0, conflicts: [], notListed: [] });
    expect(await states()).toEqual({ [a]: 'accepted import', [b]: 'disputed null', [c]: 'unreviewed null' });
    const first = (await verdicts()).find(({ sha256 }) => sha256 === a);
    expect(first?.reviews).toEqual([
      {
        reviewer: 'ana',
        verdict: 'accept',
        reason: null,
        alsoWnids: [],
        tags: [],
        note: 'good, sharp',
        blindVerdict: 'accept',
        pass: 1,
        shownBy: null,
        at: '2026-11-20T08:00:00.000Z',
      },
    ]);
  });

  it('changes nothing when it is repeated, and overwrites nothing', async () => {
    const rows = [HEADER, `${a},n01,accept,,ana,,`, `${b},n01,reject,low-quality,ana,,`];
    await imported(...rows);
    const before = await verdicts();
    expect(await imported(...rows)).toMatchObject({ imported: 0, known: 2, conflicts: [] });
    expect(await imported(HEADER, `${a},n01,reject,,ana,,`, `${b},n01,reject,other,ana,,`)).toMatchObject({
      imported: 0,
      conflicts: [
        [2, 'reject', 'accept'],
        [3, 'reject', 'reject'],
      ],
    });
    expect(await verdicts()).toEqual(before);
    const events = await collect(listEvents(database.db, listed.scope.collectionId));
    expect(events.map(({ kind, sequence, reviewer }) => [kind, sequence, reviewer])).toEqual([
      ['import', 1, 'ana'],
      ['import', 2, 'ana'],
    ]);
  });

  it('reports a contradiction within the table, and photos that are not on the shortlist', async () => {
    const elsewhere = sha256Of('elsewhere');
    const result = await imported(HEADER, `${a},n01,accept,,,,`, `${a},n01,unsure,,,,`, `${elsewhere},n01,accept,,,,`);
    expect(result).toEqual({ imported: 1, known: 0, conflicts: [[3, 'unsure', 'accept']], notListed: [4] });
  });

  it('can leave out the photos that have or had a verdict', async () => {
    const { db } = database;
    await imported(HEADER, `${a},n01,reject,,ana,,`, `${b},n01,accept,,demo,,`);
    await sql`
      insert into review_event (collection_id, sha256, wnid, reviewer, client, sequence, kind, undoes)
      select collection_id, sha256, wnid, reviewer, 'page', 1, 'undo', id from review_event where reviewer = 'demo'`.execute(
      db,
    );
    const rows = await read(HEADER, ...[a, b, c].map((sha256) => `${sha256},n01,accept,,demo,,`));
    const result = await importVerdicts(db, { ...listed.scope, onlyUnjudged: true }, rows);
    expect(result).toEqual({ imported: 1, known: 2, conflicts: [], notListed: [] });
    expect(await states()).toMatchObject({ [a]: 'rejected import', [c]: 'accepted import' });
  });

  it('lets two imports at once store each review once', async () => {
    const rows = await read(HEADER, ...[a, b, c].map((sha256) => `${sha256},n01,accept,,ana,,`));
    const both = await Promise.all(
      [rows, rows.toReversed()].map((all) => importVerdicts(database.db, listed.scope, all)),
    );
    expect(both.reduce((sum, { imported: count }) => sum + count, 0)).toBe(3);
    expect((await verdicts()).map(({ reviews }) => reviews.length)).toEqual([1, 1, 1]);
  });
});

describe('the audit of verdicts', () => {
  it('accepts the reason of any rejection, as earlier versions stored it, and no other', async () => {
    const { db } = database;
    await sql`truncate review_event, verdict cascade`.execute(db);
    const later = `${c},n01,reject,low-quality,bo,,2026-11-22T09:00:00Z`;
    await imported(HEADER, later, `${c},n01,reject,wrong-class,ana,,2026-11-20T09:00:00Z`);
    for (const [reason, problems] of [
      ['wrong-class', 0],
      ['low-quality', 0],
      ['other', 1],
    ] as const) {
      await sql`update verdict set reason = ${reason}`.execute(db);
      expect((await verdictProblems(db)).problems, reason).toHaveLength(problems);
    }
  });
});

describe('the funnel', () => {
  it('counts verdicts on listed photos, and no others', async () => {
    await imported(HEADER, `${a},n01,accept,,ana,,`, `${b},n01,reject,,ana,,`, `${b},n01,accept,,bo,,`);
    const counts = async (): Promise<unknown> =>
      (await countVerdicts(database.db, listed.scope)).map(({ wnid, source, verdict, count }) => [
        wnid,
        source,
        verdict,
        count,
      ]);
    expect((await counts()) as unknown[]).toHaveLength(2);
    expect(await counts()).toEqual(
      expect.arrayContaining([
        ['n01', 'folder', 'accepted', 1],
        ['n01', 'folder', 'disputed', 1],
      ]),
    );
    await database.db.deleteFrom('shortlist_entry').where('collection_id', '=', listed.scope.collectionId).execute();
    expect(await counts()).toEqual([]);
    expect((await verdicts()).map(({ sha256, isListed }) => [sha256, isListed])).toEqual(
      [a, b].toSorted().map((sha256) => [sha256, false]),
    );
  });
});

describe('a collection with reviews', () => {
  it('is forgotten only if its reviews may go, too', async () => {
    await imported(HEADER, `${a},n01,accept,,ana,,`);
    await expect(forgetCollection(database.db, 'reviewed', false)).rejects.toMatchObject({
      code: 'collection-has-reviews',
      message: expect.stringMatching(/actions: 1.*verdicts --events --json/),
    });
    expect(await states()).toMatchObject({ [a]: 'accepted import' });
    expect(await forgetCollection(database.db, 'reviewed', true)).toMatchObject({ reviews: 1 });
    expect(await verdicts()).toEqual([]);
  });
});

describe('a table of verdicts', () => {
  it('may have its columns in any order, a byte order mark, and others beside them', async () => {
    expect(await read('\uFEFFverdict,comment,WNID,sha256', `accept,nice,n01,${a.toUpperCase()}`)).toEqual([
      { line: 2, sha256: a, wnid: 'n01', verdict: 'accept', reason: null, reviewer: 'import', note: '', at: undefined },
    ]);
  });

  it.each([
    ['a hash', `xyz,n01,accept,,,,`, "expected 64 hex digits for sha256 but received 'xyz'"],
    ['a class', `${a},swan,accept,,,,`, "'swan' names no class"],
    ['a verdict', `${a},n01,acept,,,,`, "expected accept, reject or unsure for verdict but received 'acept'"],
    ['a reason', `${a},n01,reject,low-qualty,,,`, "'low-qualty'. Did you mean 'low-quality'?"],
    ['a reason of an accepted photo', `${a},n01,accept,other,,,`, "expected no reason beside 'accept'"],
    ['a time without a zone', `${a},n01,accept,,,,2026-11-20 09:00`, 'expected a time with its zone'],
    ['a time that there is not', `${a},n01,accept,,,,2026-13-20T09:00Z`, 'expected a time with its zone'],
    [
      'a time before 2000',
      `${a},n01,accept,,,,1999-12-31T23:59:59Z`,
      'expected a time from 2000-01-01 to a day from now',
    ],
    ['a time to come', `${a},n01,accept,,,,2999-01-01T00:00:00Z`, 'expected a time from 2000-01-01 to a day from now'],
    ['NUL in a note', `${a},n01,accept,,ana,a\0b,`, String.raw`for note but received 'a\u0000b'`],
    ['NUL in a name', `${a},n01,accept,,a\0b,,`, 'for reviewer but received'],
    ['NUL in a class', `${a},n\0,accept,,ana,,`, 'for wnid but received'],
    ['a row that is too short', `${a},n01`, 'expected 7 cells, as in the header, but received 2'],
  ])('with a wrong row is refused as a whole: %s', async (_, row, message) => {
    const reading = read(HEADER, row, `${b},n01,accept,,,,`);
    await expect(reading).rejects.toThrow('line 2: ');
    await expect(reading).rejects.toThrow(message);
  });

  it('without a header, or without a file, is an error', async () => {
    await expect(read('')).rejects.toThrow(/Expected a header with the columns 'sha256' and 'wnid' and 'verdict'/);
    await expect(readVerdicts(folder.at('none.csv'), RULES)).rejects.toThrow(
      /Cannot read the verdicts in '.*none\.csv': ENOENT/,
    );
  });
});
