import { sql } from 'kysely';
import { beforeEach, describe, expect, it } from 'vitest';
import { EVERY_PHOTO, PHOTO_SORTS, type PhotoFilter } from '../../../../src/core/kernel/photo-filter.ts';
import {
  BAD_PHOTO_FILTER,
  galleryChoices,
  galleryIndex,
  galleryPiece,
  galleryRows,
  galleryTiles,
  type GalleryDesk,
} from '../../../../src/web/status/gallery.process.ts';
import { candidate, decideAs, kept, photo, store, stored } from '../../../support/catalogue-fixtures.ts';
import { collect } from '../../../support/collect.ts';
import { sha256Of } from '../../../support/sha256.ts';
import { useDashboard } from '../server/support.ts';

const dashboard = useDashboard();
const TENCH = 'n01440764';
const GOLDFISH = 'n01443537';
/** Candidates with their creators, in the order in which they are found. */
const FOUND = {
  '蜂 🐝 50 % off.jpg': 'Zoë Ågren',
  'Straße_1.jpg': '张伟',
  'Strasse-1.jpg': String.raw`back\slash`,
  'plain.jpg': null,
} as const;
const NAMES = Object.keys(FOUND);

const desk = (): GalleryDesk => ({
  workspace: dashboard.workspace,
  reviewer: null,
  reader: 'operators',
  seesFolders: true,
});
const found = (filter: Partial<PhotoFilter> = {}, limit?: number) =>
  galleryIndex(desk(), { ...EVERY_PHOTO, sort: '-time', ...filter }, limit);

/** The names of the candidates that match, in their order. */
async function namesOf(filter: Partial<PhotoFilter>): Promise<string[]> {
  const tiles = await galleryTiles(desk(), (await found(filter)).ids);
  return tiles.map(({ sourceId }) => sourceId);
}

async function findAll(): Promise<void> {
  const { db } = dashboard.app;
  for (const [sourceId, creator] of Object.entries(FOUND)) {
    const wnid = sourceId === 'plain.jpg' ? GOLDFISH : TENCH;
    await store(db, [candidate(sourceId, { wnid, creator, licence: 'CC0-1.0' })]);
  }
}

describe('the gallery of a collection without candidates', () => {
  it('has no photos, rows or sources, whatever the filter is', async () => {
    for (const filter of [{}, { text: 'tench' }, { state: ['kept'] }, { disagree: true }, { sort: '-p' }] as const)
      expect(await found(filter)).toMatchObject({ total: 0, ids: [] });
    expect(await collect(galleryRows(desk(), [1, 2]))).toEqual([]);
    expect(await galleryChoices(desk())).toMatchObject({ sources: [], licences: [] });
  });
});

describe('the gallery of a collection with candidates', () => {
  beforeEach(async () => {
    const { db } = dashboard.app;
    await sql`delete from decision`.execute(db);
    await sql`delete from collection_candidate`.execute(db);
    await sql`delete from candidate`.execute(db);
    await sql`delete from picture`.execute(db);
    await findAll();
  });

  it('lists at most the limit, and counts all', async () => {
    const { ids } = await found();
    expect(ids).toHaveLength(4);
    for (const [limit, listed] of [
      [0, []],
      [3, ids.slice(0, 3)],
      [4, ids],
      [5, ids],
    ] as const)
      expect(await found({}, limit)).toMatchObject({ total: 4, ids: listed });
  });

  it('asks for a class if comparing every candidate takes too long', async () => {
    const { db } = dashboard.app;
    const { workspace, ...rest } = desk();
    const { config } = workspace.app;
    const hasty = { ...config, server: { ...config.server, statementTimeoutMs: 100 } };
    const impatient = { ...rest, workspace: { ...workspace, app: { ...workspace.app, config: hasty } } };
    await found();
    await db.transaction().execute(async (trx) => {
      await sql`lock table review_event in access exclusive mode`.execute(trx);
      await expect(galleryIndex(impatient, { ...EVERY_PHOTO, text: 'jpg' })).rejects.toMatchObject({
        code: BAD_PHOTO_FILTER,
        message: expect.stringContaining('took longer than 0.1 s. Choose a class'),
      });
    });
  });

  it('comes in pieces that together have every photo once, in each order and both directions', async () => {
    const { db } = dashboard.app;
    const { rows } = await sql<{ id: number }>`select id from picture order by id limit 3`.execute(db);
    const photoIds = [];
    for (const { id } of rows) photoIds.push(await stored(db, id, photo(`piece ${id}`)));
    const decisions = photoIds.slice(1).map((id, i) => kept(id, TENCH, { maxTrueProb: i / 10 }));
    await decideAs(db, dashboard.workspace.scope, decisions);
    for (const sort of PHOTO_SORTS)
      for (const date of ['', '2000-01-01..2999-01-01']) {
        const filter = { ...EVERY_PHOTO, sort, date };
        const all = (await galleryIndex(desk(), filter)).ids;
        expect(new Set(all).size).toBe(4);
        for (const [at, id] of all.entries()) {
          const after = await galleryPiece(desk(), filter, { side: 'after', id, limit: 2 });
          expect(after.ids).toEqual(all.slice(at + 1, at + 3));
          expect(after.hasAfter).toBe(at + 3 < all.length);
          const before = await galleryPiece(desk(), filter, { side: 'before', id, limit: 2 });
          expect(before.ids).toEqual(all.slice(Math.max(0, at - 2), at));
          const around = await galleryIndex(desk(), { ...filter, photo: String(id) }, 2);
          expect(around).toMatchObject({ total: 4, ids: all.slice(Math.max(0, at - 1), at + 1) });
        }
      }
    await expect(galleryPiece(desk(), EVERY_PHOTO, { side: 'after', id: 999 })).rejects.toMatchObject({
      message: expect.stringContaining('The address has after=999'),
    });
  });

  it('has the same order of p, whether links say all that the filter is by or candidates are read', async () => {
    const { db } = dashboard.app;
    const { rows } = await sql<{ id: number }>`select id from picture order by id`.execute(db);
    const photoIds = [];
    for (const { id } of rows) photoIds.push(await stored(db, id, photo(`by p ${id}`)));
    const decisions = photoIds.slice(0, 3).map((id, i) => kept(id, TENCH, { maxTrueProb: (3 - i) / 10 }));
    await decideAs(db, dashboard.workspace.scope, decisions);
    const { sources, licences } = await galleryChoices(desk());
    const filters = [
      {},
      { class: [TENCH] },
      { class: [GOLDFISH] },
      { class: [TENCH, GOLDFISH] },
      { source: sources },
      { licence: licences },
    ];
    for (const filter of filters)
      for (const sort of ['p', '-p'] as const) {
        const read = await found({ ...filter, sort, date: '2000-01-01..2999-01-01' });
        expect(await found({ ...filter, sort })).toEqual(read);
        expect(read.total).toBe(filter.class === undefined ? 4 : (await found(filter)).total);
      }
    expect((await found({ class: [TENCH], sort: 'p' })).ids).toEqual(
      (await found({ class: [TENCH] })).ids.toReversed(),
    );
  });

  it('has rows in the order of the numbers that are asked for, without numbers that are unknown', async () => {
    const { ids } = await found();
    const [first = 0, second = 0] = ids;
    const last = ids.at(-1) ?? 0;
    const rowsOf = async (asked: readonly number[]) =>
      (await collect(galleryRows(desk(), asked))).map(({ sourceId }) => sourceId);
    expect(await rowsOf([last, second, first, last + 1, 0, -1])).toEqual([NAMES.at(-1), NAMES[1], NAMES[0]]);
    expect(await rowsOf([last + 1])).toEqual([]);
    expect(await rowsOf([])).toEqual([]);
  });

  it.each<[text: string, names: readonly string[]]>([
    ['🐝', NAMES.slice(0, 1)],
    ['蜂', NAMES.slice(0, 1)],
    ['张伟', NAMES.slice(1, 2)],
    ['ZOë', NAMES.slice(0, 1)],
    ['straße', NAMES.slice(1, 2)],
    ['50 %', NAMES.slice(0, 1)],
    ['%', NAMES.slice(0, 1)],
    ['_', NAMES.slice(1, 2)],
    ['\\', NAMES.slice(2, 3)],
    ['TENCH', NAMES.slice(0, 3)],
    ['goldfish', NAMES.slice(3)],
    ['.jpg', NAMES],
    ["'; drop table candidate; --", []],
    ['蜜', []],
  ])(
    'finds a text as it is, with A to Z as a to z, in names of files and classes and in creators: %s',
    async (text, names) => {
      expect(await namesOf({ text })).toEqual(names);
    },
  );

  it.each<[Partial<PhotoFilter>, string]>([
    [{ class: [TENCH, 'n99999999'] }, 'class=n99999999'],
    [{ class: [''] }, 'class='],
    [{ seen: ['蜂'] }, 'seen=蜂'],
    [{ source: ['folder', 'flicker'] }, 'source=flicker'],
    [{ source: ['Folder'] }, 'source=Folder'],
    [{ like: sha256Of('no photo') }, `like=${sha256Of('no photo')}`],
  ])('refuses a value that is unknown, and quotes it: %j', async (filter, part) => {
    await expect(found(filter)).rejects.toMatchObject({
      code: 'bad-photo-filter',
      message: expect.stringContaining(`The address has ${part}, which is unknown. Give `),
    });
  });

  it('is empty for a licence or a tag that no photo has', async () => {
    expect(await namesOf({ licence: ['CC0-1.0'] })).toEqual(NAMES);
    expect(await found({ licence: ['cc0-1.0'] })).toMatchObject({ total: 0, ids: [] });
    expect(await found({ tag: ['no such tag'] })).toMatchObject({ total: 0, ids: [] });
  });

  it('tests the person, the day and the verdict on one and the same standing verdict', async () => {
    const { app, workspace } = dashboard;
    const { rows } = await sql<{ id: number }>`select id from picture order by id limit 3`.execute(app.db);
    for (const { id } of rows) await stored(app.db, id, photo(`judged ${id}`));
    const [a, b, c] = rows.map(({ id }) => sha256Of(`judged ${id}`));
    const add = async (sha256: string | undefined, said: string, at: string): Promise<number> => {
      const [reviewer, verdict] = said.split(' ');
      const { rows: added } = await sql<{ id: number }>`
        insert into review_event (collection_id, sha256, wnid, reviewer, client, sequence, kind, value, at)
        select ${workspace.scope.collectionId}, decode(${sha256}, 'hex'), ${TENCH}, ${reviewer}, 'test', (select count(*) + 1 from review_event), 'verdict',
          jsonb_build_object('verdict', ${verdict}::text), ${at}::timestamptz returning id`.execute(app.db);
      return added[0]?.id ?? 0;
    };
    const undo = (id: number, kind: string): Promise<unknown> =>
      sql`insert into review_event (collection_id, sha256, wnid, reviewer, client, sequence, kind, undoes)
        select collection_id, sha256, wnid, reviewer, 'test', (select count(*) + 1 from review_event), ${kind}, id from review_event where id = ${id}`.execute(
        app.db,
      );
    await add(a, 'Ann unsure', '2026-11-29 23:59Z');
    await add(a, 'Ann accept', '2026-11-30 00:00Z');
    await add(a, 'Bob unsure', '2026-11-30 01:00Z');
    await add(b, 'Ann unsure', '2026-11-30 23:59Z');
    await undo(await add(b, 'Bob reject', '2026-11-30 12:00Z'), 'undo');
    const taken = await add(c, 'Ann reject', '2026-12-01 00:00Z');
    await undo(taken, 'undo');
    await undo(taken + 1, 'redo');
    await sql`insert into verdict (collection_id, wnid, sha256, state, reviewers, wanted)
      values (${workspace.scope.collectionId}, ${TENCH}, decode(${c}, 'hex'), 'accepted', '{Ann}', 1)`.execute(app.db);
    const [first, second, third] = NAMES;
    expect(await namesOf({ by: 'ann' })).toEqual([first, second, third]);
    expect(await namesOf({ by: 'Ann', judged: '2026-11-30' })).toEqual([first, second]);
    expect(await namesOf({ by: 'Ann', judged: '2026-11-29' })).toEqual([]);
    expect(await namesOf({ by: 'Ann', verdict: ['unsure'] })).toEqual([second]);
    expect(await namesOf({ verdict: ['unsure'] })).toEqual([first, second]);
    expect(await namesOf({ by: 'Bob' })).toEqual([first]);
    expect(await namesOf({ verdict: ['reject'], judged: '2026-12-01' })).toEqual([third]);
    expect(await namesOf({ verdict: ['overruled'] })).toEqual([third]);
    await sql`delete from review_event`.execute(app.db);
    await sql`delete from verdict`.execute(app.db);
  });

  it('takes the days of UTC, from the first moment of the first day to the last of the last day', async () => {
    const times = ['2026-11-29 23:59:59.999Z', '2026-11-30 00:00Z', '2026-12-01 23:59:59.999Z', '2026-12-02 00:00Z'];
    for (const [i, at] of times.entries())
      await sql`update candidate set found_at = ${at}::timestamptz where id = (select c.id from candidate c
        join picture p on p.id = c.picture_id where p.source_id = ${NAMES[i]})`.execute(dashboard.app.db);
    expect(await namesOf({ date: '2026-11-30..2026-12-01' })).toEqual(NAMES.slice(1, 3));
    expect(await namesOf({ date: '2026-11-29' })).toEqual(NAMES.slice(0, 1));
    expect(await namesOf({ date: '2026-12-02' })).toEqual(NAMES.slice(3));
  });

  it('are photos that were taken or uploaded on days, and are sorted by these, those without a day last', async () => {
    await sql`update picture set taken_at = date '2019-05-01' - id::int, uploaded_at = '2020-01-01' where source_id <> 'plain.jpg'`.execute(
      dashboard.app.db,
    );
    const dated = NAMES.slice(0, 3);
    expect(await namesOf({ uploaded: '2019-12-01..2020-01-01' })).toEqual(dated);
    expect(await namesOf({ uploaded: '2020-01-01', taken: '2019-05-02' })).toEqual([]);
    expect(await namesOf({ sort: 'taken' })).toEqual(NAMES);
    expect(await namesOf({ sort: '-taken' })).toEqual([...dated.toReversed(), 'plain.jpg']);
  });
});
