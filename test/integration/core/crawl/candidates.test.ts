import { randomBytes } from 'node:crypto';
import { sql } from 'kysely';
import { beforeEach, describe, expect, it } from 'vitest';
import { listCandidates } from '../../../../src/core/status/candidate-list.repository.ts';
import {
  countWaitingPictures,
  settlePicture,
  nextInPartition,
  postponePicture,
  waitingHosts,
} from '../../../../src/core/crawl/candidates/fetch-queue.repository.ts';
import type { NewCandidate } from '../../../../src/core/crawl/candidates/candidate.ts';
import { storeCandidates } from '../../../../src/core/crawl/candidates/candidate.repository.ts';
import { classTallies } from '../../../../src/core/crawl/candidates/tally.repository.ts';
import { collect } from '../../../support/collect.ts';
import { useDatabase } from '../../../support/database.ts';
import {
  candidate,
  collection,
  CRAWLER,
  emptyCatalogue,
  fetched,
  photo,
  store,
  versionsOf,
  storePhoto,
} from '../../../support/catalogue-fixtures.ts';
import { picturesRead, withManyWaiting } from './many-waiting.ts';

const database = useDatabase();
beforeEach(() => emptyCatalogue(database.db));

const unknownClass = { reason: 'unknown-class', detail: 'not a class of this collection' } as const;
const licenceNotAllowed = { reason: 'licence-not-allowed', detail: 'unknown' } as const;

async function pictures(): Promise<Record<string, unknown>> {
  const rows = await database.db.selectFrom('picture').selectAll().orderBy('source_id').execute();
  return Object.fromEntries(rows.map((row) => [row.source_id, [row.state, row.reason, row.detail]]));
}

async function picture(sourceId: string) {
  return database.db.selectFrom('picture').selectAll().where('source_id', '=', sourceId).executeTakeFirstOrThrow();
}

async function refusals(): Promise<Record<string, string | null>> {
  const { rows } = await sql<{ source_id: string; wnid: string; refusal: string | null }>`
    select source_id, wnid, refusal from candidate join picture on picture.id = candidate.picture_id`.execute(
    database.db,
  );
  return Object.fromEntries(rows.map((row) => [`${row.source_id} ${row.wnid}`, row.refusal]));
}

describe('storing a page of candidates', () => {
  const page: NewCandidate[] = [
    candidate('a', { creator: 'Ann', licence: 'CC-BY-4.0', pageUrl: 'https://example.org/a' }),
    candidate('a', { wnid: 'n02' }),
    candidate('b', { refusal: unknownClass, wnid: 'spoon' }),
    candidate('c', { problem: { state: 'failed', reason: 'unreadable', detail: 'no permission' } }),
    candidate('d', { problem: { state: 'dropped', reason: 'outside-folder', detail: 'a link' } }),
  ];

  it('reports what is new and what waits to be fetched', async () => {
    const first = await store(database.db, page);
    expect(first.newPictures).toBe(4);
    expect(first.waiting).toEqual([(await picture('a')).id]);
    expect(await pictures()).toEqual({
      a: ['found', null, null],
      b: ['dropped', 'unknown-class', unknownClass.detail],
      c: ['failed', 'unreadable', 'no permission'],
      d: ['dropped', 'outside-folder', 'a link'],
    });
    expect(await refusals()).toEqual({
      'a n01': null,
      'a n02': null,
      'b spoon': 'unknown-class',
      'c n01': null,
      'd n01': null,
    });
  });

  it('writes no row the second time', async () => {
    await store(database.db, page);
    const before = [await versionsOf(database.db, 'picture'), await versionsOf(database.db, 'candidate')];
    const second = await store(database.db, page.toReversed());
    expect(second).toEqual({ newPictures: 0, overLimit: 0, waiting: [(await picture('a')).id] });
    expect([await versionsOf(database.db, 'picture'), await versionsOf(database.db, 'candidate')]).toEqual(before);
  });

  it('writes no row for pictures that are fetched', async () => {
    await fetched(database.db, [candidate('a')], 'A');
    const before = await versionsOf(database.db, 'picture');
    const again = await store(database.db, [candidate('a')]);
    expect(again).toEqual({ newPictures: 0, overLimit: 0, waiting: [] });
    expect(await versionsOf(database.db, 'picture')).toEqual(before);
  });

  it('looks at the pictures of its page only, however many wait, also with old statistics', async () => {
    const { db } = database;
    await withManyWaiting(db);
    const { collectionId } = await collection(db, 'birds');
    const next = Array.from({ length: 100 }, (_, i) => candidate(`next ${i}`));
    const { result, read } = await picturesRead(db, (trx) =>
      storeCandidates(trx, next, { collectionId, retryFailed: false, admitAtMost: null }),
    );
    expect(result.waiting).toHaveLength(100);
    expect(read).toBeLessThan(5_000);
  });

  it('takes the first of two contradicting candidates, in any sort order of the database', async () => {
    const names = ['Ann', 'Bob', 'Cem', 'Dot', 'Eve', 'Fay'];
    for (const [i, creator] of names.entries()) {
      const contradicting = [creator, ...names].map((name) => candidate(`p${i}`, { creator: name }));
      await store(database.db, contradicting);
      await store(database.db, contradicting);
      expect((await picture(`p${i}`)).creator).toBe(creator);
    }
  });
});

describe('storing candidates again', () => {
  it('stores rights that the source now states, and forgets none', async () => {
    await store(database.db, [candidate('a', { creator: 'Ann', licence: 'CC-BY-4.0', licenceUrl: 'https://cc/by' })]);
    await store(database.db, [candidate('a')]);
    expect(await picture('a')).toMatchObject({ creator: 'Ann', licence: 'CC-BY-4.0', licence_url: 'https://cc/by' });
    await store(database.db, [candidate('a', { creator: 'Bob', licence: 'CC0-1.0', pageUrl: 'https://p' })]);
    expect(await picture('a')).toMatchObject({
      creator: 'Bob',
      licence: 'CC0-1.0',
      licence_url: null,
      page_url: 'https://p',
    });
  });

  it('stores new rights of a fetched photo, and leaves it fetched', async () => {
    await fetched(database.db, [candidate('a')], 'A');
    await store(database.db, [candidate('a', { licence: 'CC0-1.0' })]);
    expect(await picture('a')).toMatchObject({ state: 'fetched', licence: 'CC0-1.0' });
  });

  it('tries pictures again that could not be fetched', async () => {
    const { waiting } = await store(database.db, [candidate('a')]);
    await settlePicture(database.db, waiting[0] ?? 0, { state: 'failed', reason: 'timeout-total', detail: '30 s' });
    const again = await store(database.db, [candidate('a', { url: 'file:///elsewhere/a' })]);
    expect(again.waiting).toEqual(waiting);
    expect(await picture('a')).toMatchObject({
      state: 'found',
      reason: null,
      detail: null,
      settled_at: null,
      url: 'file:///elsewhere/a',
    });
  });

  it('accepts what another rule refused, once it is wanted', async () => {
    await store(database.db, [
      candidate('a', { refusal: unknownClass }),
      candidate('b', { refusal: licenceNotAllowed }),
    ]);
    const wanted = await store(database.db, [candidate('a'), candidate('b')]);
    expect(wanted.waiting).toHaveLength(2);
    expect(await refusals()).toEqual({ 'a n01': null, 'b n01': null });
  });

  it.each(['taken-down', 'opted-out', 'robots-disallowed'] as const)('never accepts what is %s', async (reason) => {
    await store(database.db, [candidate('a', { problem: { state: 'dropped', reason, detail: 'by its owner' } })]);
    expect((await store(database.db, [candidate('a')])).waiting).toEqual([]);
    expect(await pictures()).toEqual({ a: ['dropped', reason, 'by its owner'] });
  });

  it('refuses nothing that another collection wants', async () => {
    await store(database.db, [candidate('a'), candidate('b')]);
    await storePhoto(database.db, (await picture('b')).id, photo('B'));
    const before = [await versionsOf(database.db, 'picture'), await versionsOf(database.db, 'candidate')];
    const narrower = await store(database.db, [
      candidate('a', { refusal: licenceNotAllowed }),
      candidate('b', { refusal: unknownClass }),
    ]);
    expect(narrower.waiting).toEqual([(await picture('a')).id]);
    expect([await versionsOf(database.db, 'picture'), await versionsOf(database.db, 'candidate')]).toEqual(before);
  });

  it('keeps an error although a collection refuses the candidate', async () => {
    await store(database.db, [candidate('a', { problem: { state: 'failed', reason: 'truncated', detail: 'cut' } })]);
    await store(database.db, [candidate('a', { refusal: unknownClass })]);
    expect(await pictures()).toEqual({ a: ['failed', 'truncated', 'cut'] });
  });
});

describe('texts of sources', () => {
  const weird = {
    nul: 'a\0b',
    'lone high surrogate': 'a\uD83Db',
    'lone low surrogate': '\uDE00',
    emoji: '👩🏽‍🚀 wren 🐦',
    quotes: `';drop table "picture";-- \\ \\x00 {"a":[1]}`,
    newlines: 'a\r\nb\tc\u2028d\u0085e',
    'right to left': '\u202Egnp.exe',
    'not normalised': 'e\u0301 \u00E9',
    noncharacters: '\uFFFF\uFFFE',
  };

  it.each(Object.entries(weird))('may hold %s anywhere', async (_, text) => {
    const problem = { state: 'failed', reason: 'unreadable', detail: text } as const;
    const strange = { wnid: text, url: text, pageUrl: text, creator: text, licence: text, licenceUrl: text };
    const page = [
      candidate(text, { ...strange, problem }),
      candidate(`${text}2`, { refusal: { ...unknownClass, detail: text } }),
    ];
    expect((await store(database.db, page)).newPictures).toBe(2);
    const before = await versionsOf(database.db, 'picture');
    expect((await store(database.db, page)).newPictures).toBe(0);
    expect(await versionsOf(database.db, 'picture')).toEqual(before);
    const storable = Buffer.from(text.replaceAll('\0', '\uFFFD')).toString();
    expect(await picture(storable)).toMatchObject({
      url: storable,
      page_url: storable,
      creator: storable,
      licence: storable,
      licence_url: storable,
      detail: storable,
    });
  });

  it('may be longer than a row of an index', async () => {
    const long = randomBytes(10_000).toString('base64');
    const ids = [`${long}@0123456789abcdef`, `${long}@fedcba9876543210`, `${long}x@0123456789abcdef`];
    const page = ids.map((id) => candidate(id, { wnid: long, creator: long, url: `file:///${long}` }));
    expect((await store(database.db, page)).newPictures).toBe(3);
    expect((await store(database.db, page)).newPictures).toBe(0);
    const stored = await database.db.selectFrom('picture').select(['source_id', 'creator']).execute();
    for (const { source_id: id, creator } of stored) {
      expect(Buffer.byteLength(id)).toBeLessThan(2_000);
      expect(id.startsWith(long.slice(0, 400))).toBe(true);
      expect(id).toMatch(/@[0-9a-f]{16}$/);
      expect(creator).toBe(long);
    }
    const emoji = '🐦'.repeat(2_500);
    expect((await store(database.db, [candidate(emoji), candidate(`${emoji}🐦`)])).newPictures).toBe(2);
  });
});

describe('two crawls at once', () => {
  it('over the same pictures in opposite order wait for each other, and neither fails', async () => {
    const ids = Array.from({ length: 200 }, (_, i) => `p${String(i).padStart(3, '0')}`);
    for (let round = 0; round < 6; round += 1) {
      // Different rights each time, so that rows are written; the halves that each crawl finds overlap.
      const pageOf = (crawl: string, some: readonly string[]): NewCandidate[] =>
        some.map((id, i) =>
          candidate(id, {
            creator: `${crawl} ${round} ${i % 3}`,
            url: `file:///${crawl}/${round}/${id}`,
            wnid: `n0${i % 3}`,
          }),
        );
      const stored = await Promise.all([
        store(database.db, pageOf('one', ids.slice(0, 150))),
        store(database.db, pageOf('two', ids.slice(50).toReversed())),
        store(database.db, pageOf('three', ids.toReversed())),
      ]);
      expect(stored.map(({ waiting }) => waiting.length)).toEqual([150, 150, 200]);
    }
    expect(
      await countWaitingPictures(database.db, {
        collectionId: CRAWLER,
        licences: 'any',
        sources: ['folder'],
        wnids: ['n00', 'n01', 'n02'],
      }),
    ).toBe(200);
  });

  it('do not deadlock when each reopens the pictures whose rights the other writes', async () => {
    const ids = Array.from({ length: 60 }, (_, i) => `p${String(i).padStart(2, '0')}`);
    const [low, high] = [ids.slice(0, 30), ids.slice(30)];
    const pageOf = (creator: string, reopened: readonly string[], revised: readonly string[]): NewCandidate[] => [
      ...reopened.map((id) => candidate(id)),
      ...revised.map((id) => candidate(id, { creator, refusal: unknownClass })),
    ];
    await store(
      database.db,
      ids.map((id) => candidate(id)),
    );
    for (let round = 0; round < 12; round += 1) {
      await database.db.updateTable('picture').set({ state: 'failed', reason: 'reset' }).execute();
      await Promise.all([
        store(database.db, pageOf(`Ann ${round}`, low, high)),
        store(database.db, pageOf(`Bob ${round}`, high, low)),
      ]);
      expect(
        await countWaitingPictures(database.db, {
          collectionId: CRAWLER,
          licences: 'any',
          sources: ['folder'],
          wnids: ['n01'],
        }),
      ).toBe(60);
    }
  });
});

describe('waiting pictures', () => {
  const scope = { collectionId: CRAWLER, licences: 'any', sources: ['folder'], wnids: ['n01'] } as const;
  const partition = { host: '', partition: 0, partitions: 1 };

  it('are those of any concept except classes of a model, if a collection takes any concept', async () => {
    await store(database.db, [
      candidate('class'),
      candidate('gnome', { wnid: 'garden_gnome' }),
      candidate('refused', { wnid: 'other', refusal: unknownClass }),
    ]);
    const anyConcept = { ...scope, wnids: { allBut: ['n01', 'n02'] } };
    expect(await countWaitingPictures(database.db, anyConcept)).toBe(1);
    const next = await nextInPartition(database.db, anyConcept, { partition, after: null, limit: 10 });
    expect(next.map(({ sourceId }) => sourceId)).toEqual(['gnome']);
    const tallies = await classTallies(database.db, anyConcept);
    expect(tallies.map(({ wnid, waiting }) => [wnid, waiting])).toEqual([['garden_gnome', 1]]);
  });

  it('wait for the end of their pause, unless a clock that was far ahead wrote it', async () => {
    const { waiting } = await store(database.db, [candidate('a-held'), candidate('b-ages')]);
    const [held = 0, ages = 0] = waiting.toSorted((a, b) => a - b);
    const day = 86_400_000;
    await postponePicture(database.db, held, { delayMs: 30 * day, problem: 'held' });
    await postponePicture(database.db, ages, { delayMs: 1_000 * day, problem: 'in the year 2030' });
    const next = await nextInPartition(database.db, scope, { partition, after: null, limit: 10 });
    expect(next.map(({ sourceId }) => sourceId)).toEqual(['b-ages']);
  });

  it('come partition by partition and leave once they are settled', async () => {
    const page = Array.from({ length: 130 }, (_, i) => candidate(`p${String(i).padStart(3, '0')}`));
    const { waiting } = await store(database.db, page);
    expect(await waitingHosts(database.db, scope)).toEqual(['']);
    const nextOf = (number: number) => {
      const third = { host: '', partition: number, partitions: 3 };
      return nextInPartition(database.db, scope, { partition: third, after: null, limit: 100 });
    };
    const partitions = await Promise.all([0, 1, 2].map(nextOf));
    const ids = partitions.flat().map(({ id }) => id);
    expect(ids.toSorted((a, b) => a - b)).toEqual(waiting.toSorted((a, b) => a - b));
    const [first] = partitions[1] ?? [];
    expect(first).toEqual({
      id: 1,
      source: 'folder',
      sourceId: 'p000',
      url: 'file:///photos/p000',
      attempts: 0,
      detail: null,
    });
    await settlePicture(database.db, 1, { state: 'failed', reason: 'unreadable', detail: '' });
    expect(await countWaitingPictures(database.db, scope)).toBe(129);
    expect((await nextOf(1))[0]?.id).toBe(4);
    expect(await countWaitingPictures(database.db, scope, 5)).toBe(5);
    expect(await countWaitingPictures(database.db, { ...scope, sources: ['flickr'] })).toBe(0);
  });

  it('are those of a run: candidates, and not refused ones, for its classes', async () => {
    const at = (host: string): string => `https://${host}/a.jpg`;
    await store(database.db, [
      candidate('mine', { url: at('b.example') }),
      candidate('both', { url: at('c.example') }),
      candidate('both', { url: at('c.example'), wnid: 'n02' }),
      candidate('theirs', { url: at('a.example'), wnid: 'n02' }),
      candidate('refused', { url: at('d.example'), refusal: licenceNotAllowed }),
      candidate('refused', { url: at('d.example'), wnid: 'n02' }),
    ]);
    const hosts = (wnids: string[]) =>
      waitingHosts(database.db, { collectionId: CRAWLER, licences: 'any', sources: ['folder'], wnids }).then((found) =>
        found.toSorted(),
      );
    expect(await hosts(['n01'])).toEqual(['b.example', 'c.example']);
    expect(await hosts(['n02'])).toEqual(['a.example', 'c.example', 'd.example']);
    expect(await hosts(['n03'])).toEqual([]);
    const count = (wnid: string) =>
      countWaitingPictures(database.db, { collectionId: CRAWLER, sources: ['folder'], wnids: [wnid], licences: 'any' });
    expect([await count('n01'), await count('n02'), await count('n03')]).toEqual([2, 3, 0]);
  });

  it('that were never tried come before the others, page after page', async () => {
    await store(database.db, [candidate('a'), candidate('b'), candidate('c'), candidate('d')]);
    await postponePicture(database.db, 1, { delayMs: 0, problem: 'connect' });
    const first = await nextInPartition(database.db, scope, { partition, after: null, limit: 3 });
    expect(first.map(({ id, attempts }) => [id, attempts])).toEqual([
      [2, 0],
      [3, 0],
      [4, 0],
    ]);
    const after = first.at(-1) ?? null;
    const second = await nextInPartition(database.db, scope, { partition, after, limit: 3 });
    expect(second.map(({ id, attempts }) => [id, attempts])).toEqual([[1, 1]]);
  });

  it('are settled once: a second attempt changes nothing', async () => {
    await fetched(database.db, [candidate('a')], 'A');
    const { waiting } = await store(database.db, [candidate('b')]);
    await settlePicture(database.db, waiting[0] ?? 0, { state: 'dropped', reason: 'too-small', detail: '1 x 1' });
    const before = await versionsOf(database.db, 'picture');
    for (const id of ['a', 'b'])
      await settlePicture(database.db, (await picture(id)).id, { state: 'failed', reason: 'reset', detail: '' });
    expect(await versionsOf(database.db, 'picture')).toEqual(before);
  });
});

describe('the list of candidates', () => {
  it('reports the state of each candidate, in one order, under every filter', async () => {
    await fetched(database.db, [candidate('z'), candidate('z', { wnid: 'n02', refusal: licenceNotAllowed })], 'Z');
    await store(database.db, [
      candidate('b', { wnid: 'n02', problem: { state: 'failed', reason: 'truncated', detail: 'cut' } }),
      candidate('B', { wnid: 'n02', source: 'flickr' }),
      candidate('s', { wnid: 'spoon', refusal: unknownClass }),
      candidate('o', { wnid: 'n09' }),
    ]);
    const scope = await collection(database.db, 'birds');
    const list = async (filter: object) =>
      (
        await collect(listCandidates(database.db, scope, { wnids: ['n01', 'n02'], unknownClasses: false, ...filter }))
      ).map((line) => [line.wnid, line.source, line.sourceId, line.state, line.reason]);
    expect(await list({ unknownClasses: true })).toEqual([
      ['n01', 'folder', 'z', 'fetched', null],
      ['n02', 'flickr', 'B', 'found', null],
      ['n02', 'folder', 'b', 'failed', 'truncated'],
      ['n02', 'folder', 'z', 'dropped', 'licence-not-allowed'],
      ['spoon', 'folder', 's', 'dropped', 'unknown-class'],
    ]);
    expect(await list({})).toHaveLength(4);
    expect(await list({ state: 'fetched' })).toEqual([['n01', 'folder', 'z', 'fetched', null]]);
    expect(await list({ reason: 'truncated', source: 'folder' })).toHaveLength(1);
    expect(await list({ reason: 'truncated', source: 'flickr' })).toEqual([]);
    expect(await list({ source: "'; drop table picture" })).toEqual([]);
  });
});
