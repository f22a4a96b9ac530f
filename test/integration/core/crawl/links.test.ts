import { sql, type Kysely } from 'kysely';
import { beforeEach, describe, expect, it } from 'vitest';
import { storeCandidates } from '../../../../src/core/crawl/candidates/candidate.repository.ts';
import type { NewCandidate } from '../../../../src/core/crawl/candidates/candidate.ts';
import { countWaitingPictures } from '../../../../src/core/crawl/candidates/fetch-queue.repository.ts';
import { linkSearched } from '../../../../src/core/crawl/candidates/link.repository.ts';
import {
  advanceQuery,
  openPlans,
  queryReports,
  readQuery,
  storePlan,
  workableQueries,
  type QueryScope,
} from '../../../../src/core/crawl/candidates/query.repository.ts';
import { classTallies, tallyProblems } from '../../../../src/core/crawl/candidates/tally.repository.ts';
import { collectionScopes } from '../../../../src/core/filter/prune/retention.repository.ts';
import { listDecisions } from '../../../../src/core/filter/run/decision-list.repository.ts';
import { conceptsSeen, inScope, photosToDecide } from '../../../../src/core/filter/run/decision.repository.ts';
import { forgetCollection } from '../../../../src/core/operate/upkeep/forget-collection.repository.ts';
import { migrate, migrateUpTo, openPool } from '../../../../src/core/platform/postgres/open-database.ts';
import type { Database } from '../../../../src/core/platform/postgres/database.ts';
import type { DecisionScope } from '../../../../src/core/models/workspace/scope.ts';
import { keptPhotos } from '../../../../src/core/shortlist/shortlist.repository.ts';
import { listCandidates } from '../../../../src/core/status/candidate-list.repository.ts';
import { countCandidates } from '../../../../src/core/status/funnel.repository.ts';
import { collect } from '../../../support/collect.ts';
import { applicationName, createDatabase, dropDatabase, useDatabase } from '../../../support/database.ts';
import {
  candidate,
  collection,
  decideAs,
  emptyCatalogue,
  expectTally,
  kept,
  photo,
  storePhoto,
} from '../../../support/catalogue-fixtures.ts';

const database = useDatabase();
beforeEach(async () => {
  await emptyCatalogue(database.db);
  await sql`delete from query`.execute(database.db);
});

/** Stores what a crawl of the collection found, and fetches what waits. */
async function crawl({ collectionId }: DecisionScope, page: readonly NewCandidate[]): Promise<void> {
  const { db } = database;
  const options = { collectionId, retryFailed: true, admitAtMost: null };
  const { waiting } = await db.transaction().execute((trx) => storeCandidates(trx, page, options));
  for (const id of waiting) await storePhoto(db, id, photo(`photo ${id}`));
}

/** Counts of candidates or photos of the collection, by the function that gives each. */
async function countsOf(scope: DecisionScope): Promise<Record<string, number>> {
  const { db } = database;
  const { collectionId, wnids } = scope;
  const filter = { wnids, unknownClasses: true };
  await expectTally(db, scope);
  const counted = await countCandidates(db, scope);
  const tallies = await classTallies(db, { collectionId, sources: ['folder'], wnids });
  return {
    candidates: (await collect(listCandidates(db, scope, filter))).length,
    decisions: (await collect(listDecisions(db, scope, { filter, memberIds: [] }))).length,
    filter: (await photosToDecide(db, scope, 0)).length,
    kept: (await keptPhotos(db, scope)).length,
    progress: tallies.reduce((sum, { found }) => sum + found, 0),
    status: counted.reduce((sum, { count }) => sum + count, 0),
  };
}

describe('two collections of the same classes in one data folder', () => {
  it('count and decide what their own crawls found, also if it was there before', async () => {
    const { db } = database;
    const [demo, birds] = [await collection(db, 'demo'), await collection(db, 'birds')];
    await crawl(demo, [candidate('a'), candidate('b'), candidate('c', { wnid: 'n02' })]);
    const ofDemo = { candidates: 3, decisions: 3, filter: 3, kept: 0, progress: 3, status: 3 };
    expect([await countsOf(demo), await countsOf(birds)]).toEqual([
      ofDemo,
      { candidates: 0, decisions: 0, filter: 0, kept: 0, progress: 0, status: 0 },
    ]);
    const refusal = { reason: 'unknown-class', detail: '' } as const;
    await crawl(birds, [candidate('b'), candidate('d'), candidate('e', { wnid: 'spoon', refusal })]);
    expect([await countsOf(demo), await countsOf(birds)]).toEqual([
      ofDemo,
      { candidates: 3, decisions: 2, filter: 2, kept: 0, progress: 2, status: 3 },
    ]);
    expect(await tallyProblems(db)).toEqual([]);
    // A decision of before that nothing links any more does not count.
    await decideAs(db, birds, [kept(1, 'n01'), kept(2, 'n01')]);
    expect(await countsOf(birds)).toMatchObject({ decisions: 2, filter: 1, kept: 1 });
    expect(await conceptsSeen(db, demo)).toEqual(['n01', 'n02']);
    expect(await conceptsSeen(db, birds)).toEqual(['n01']);
    await forgetCollection(db, 'birds', false);
    expect(await countsOf(demo)).toEqual(ofDemo);
    expect(await tallyProblems(db)).toEqual([]);
  });

  it('fetch their own pictures', async () => {
    const { db } = database;
    const [demo, birds] = [await collection(db, 'demo'), await collection(db, 'birds')];
    const store = ({ collectionId }: DecisionScope, page: readonly NewCandidate[]) =>
      db
        .transaction()
        .execute((trx) => storeCandidates(trx, page, { collectionId, retryFailed: true, admitAtMost: null }));
    await store(demo, [candidate('a'), candidate('b')]);
    await store(birds, [candidate('b')]);
    const waiting = ({ collectionId }: DecisionScope) =>
      countWaitingPictures(db, { collectionId, sources: ['folder'], wnids: ['n01'], licences: 'any' });
    expect([await waiting(demo), await waiting(birds)]).toEqual([2, 1]);
  });
});

describe('a search that was made for another collection', () => {
  const source = 'flickr';
  const search = async (wnid: string, key: string, state: string): Promise<number> => {
    const { rows } = await sql<{ id: number }>`
      insert into query (source, wnid, kind, key, title, params, state)
      values (${source}, ${wnid}, 'search', ${key}, ${key}, '{}', ${state}) returning id`.execute(database.db);
    return rows[0]?.id ?? 0;
  };
  const plan = async ({ collectionId }: DecisionScope, wnid: string, keys: readonly string[] | null): Promise<void> => {
    const cursor = keys === null ? null : JSON.stringify(keys);
    await sql`insert into query (source, wnid, kind, key, title, params, state, cursor, collections)
      values (${source}, ${wnid}, 'plan', '', ${wnid}, '{}', 'done', ${cursor}::jsonb, array[${collectionId}::int])`.execute(
      database.db,
    );
  };
  const linked = async ({ collectionId }: DecisionScope): Promise<string[]> => {
    const { rows } = await sql<{ id: string }>`
      select p.source_id as id from collection_candidate l join candidate c on c.id = l.candidate_id
      join picture p on p.id = c.picture_id where l.collection_id = ${collectionId} order by 1`.execute(database.db);
    return rows.map(({ id }) => id);
  };

  it('stays open if the limit cut off its first page, and is asked again under a larger limit', async () => {
    const { db } = database;
    const demo = await collection(db, 'demo');
    const id = await search('n01', 'wren', 'open');
    await plan(demo, 'n01', ['wren']);
    const state = await readQuery(db, id);
    if (state === null) throw new Error('Expected the search');
    const page = { photos: [], next: state.cursor, total: 3 };
    await db.transaction().execute((trx) => advanceQuery(trx, state, { page, isLast: false }));
    const scope = { ...demo, source, wnids: ['n01'], limitPerClass: null };
    expect(await workableQueries(db, scope)).toEqual([{ id, pages: 1 }]);
    expect(await readQuery(db, id)).toMatchObject({ cursor: null, pages: 1 });
  });

  it('counts for this one, up to its limit, under its licences, if its plan names the search', async () => {
    const { db } = database;
    const [demo, birds] = [await collection(db, 'demo'), await collection(db, 'birds')];
    const [mine, other, old] = [
      await search('n01', 'wren', 'done'),
      await search('n01', 'a wren', 'done'),
      await search('n02', 'crane', 'open'),
    ];
    await plan(birds, 'n01', ['wren']);
    await plan(birds, 'n02', null);
    const found = (id: string, queryId: number, wnid = 'n01'): NewCandidate =>
      candidate(id, { source, queryId, wnid, licence: 'CC0-1.0' });
    const refusal = { reason: 'licence-not-allowed', detail: '' } as const;
    await crawl(demo, [
      found('1', mine),
      { ...found('2', mine), licence: 'CC-BY-4.0', refusal },
      { ...found('0', mine), licence: 'all-rights-reserved' },
      found('3', mine),
      found('4', mine),
      found('5', other),
      found('6', old, 'n02'),
    ]);
    await crawl(birds, [found('3', mine), { ...found('7', mine), licence: 'CC-BY-4.0', refusal }]);
    const scope = { ...birds, licences: ['CC0-1.0', 'CC-BY-4.0'], source, wnids: ['n01', 'n02'] };
    await linkSearched(db, { ...scope, limitPerClass: 3 });
    expect(await linked(birds)).toEqual(['0', '1', '2', '3', '6', '7']);
    // The photo that only the licences of this collection allow is fetched.
    expect(await countWaitingPictures(db, { ...scope, sources: [source] })).toBe(1);
    // The class n01 has reached the limit of 3, and n02 has not.
    expect(await workableQueries(db, { ...scope, limitPerClass: 3 })).toEqual([{ id: old, pages: 0 }]);
    expect(await workableQueries(db, { ...scope, limitPerClass: 1 })).toEqual([]);
    await linkSearched(db, { ...scope, limitPerClass: null });
    expect(await linked(birds)).toEqual(['0', '1', '2', '3', '4', '6', '7']);
    // So is one that this collection has refused itself, under narrower licences, once the limit allows it.
    expect(await countWaitingPictures(db, { ...scope, sources: [source] })).toBe(2);
    expect(await tallyProblems(db)).toEqual([]);
  });
});

describe('collections that search a class in different ways', () => {
  const source = 'flickr';
  const scopeOf = (collectionId: number): QueryScope => {
    return { collectionId, source, wnids: ['n01'], limitPerClass: null, licences: 'any' };
  };
  const params = (name: string) => [{ wnid: 'n01', title: `what to ask for ${name}`, params: { name } }];
  const workable = async (collectionId: number): Promise<string[]> => {
    const found = await workableQueries(database.db, scopeOf(collectionId));
    const states = await Promise.all(found.map(({ id }) => readQuery(database.db, id)));
    return states.flatMap((state) => state?.query.title ?? []);
  };
  /** Plans as the source would: one search by the name. */
  const planned = async (collectionId: number, name: string): Promise<void> => {
    const { db } = database;
    for (const { id } of await workableQueries(db, scopeOf(collectionId))) {
      const state = await readQuery(db, id);
      if (state?.kind !== 'plan') continue;
      const plan = { queries: [{ key: name, title: name, params: {} }], problems: [], notes: [] };
      await db.transaction().execute((trx) => storePlan(trx, state, plan));
    }
  };

  it('have a plan each, and send only the searches of their own', async () => {
    const { db } = database;
    const [demo, birds] = [(await collection(db, 'demo')).collectionId, (await collection(db, 'birds')).collectionId];
    await openPlans(db, { collectionId: demo, source }, params('wren'));
    await openPlans(db, { collectionId: birds, source }, params('a wren'));
    expect([await workable(demo), await workable(birds)]).toEqual([
      ['what to ask for wren'],
      ['what to ask for a wren'],
    ]);
    await planned(demo, 'wren');
    await planned(birds, 'a wren');
    expect([await workable(demo), await workable(birds)]).toEqual([['wren'], ['a wren']]);
    // The same inputs again ask for no plan. Those of the other collection are known.
    await openPlans(db, { collectionId: demo, source }, params('wren'));
    await openPlans(db, { collectionId: birds, source }, params('wren'));
    expect([await workable(demo), await workable(birds)]).toEqual([['wren'], ['wren']]);
    const reports = await queryReports(db, { collectionId: birds, sources: [source], wnids: ['n01'] });
    expect(reports.map(({ title }) => title)).toEqual(['what to ask for wren', 'wren']);
    // Other inputs: the searches of before go on until the new plan is there.
    await openPlans(db, { collectionId: birds, source }, params('a bird'));
    expect(await workable(birds)).toEqual(['wren', 'what to ask for a bird']);
    await planned(birds, 'a bird');
    expect([await workable(demo), await workable(birds)]).toEqual([['wren'], ['a bird']]);
  });
});

describe('a catalogue of before collections had links', () => {
  it('decides and counts after the upgrade as it did before', async () => {
    const url = await createDatabase('nothing');
    const db = openPool({ url, applicationName: applicationName(), poolSize: 1, onConnectionLost: () => undefined });
    try {
      await migrateUpTo(db, '0018-stated-rights');
      await fillOlder(db);
      const before = await sql<{ name: string; count: number }>`
        select coalesce(wnid, '-') as name, sum(count)::int as count from candidate_tally group by 1 order by 1`.execute(
        db,
      );
      await migrate(db);
      const scopes = await db.transaction().execute(collectionScopes);
      const pairs = await Promise.all(
        scopes.map(async ({ name, scope }) => {
          const { rows } = await sql<{ pair: string }>`
            select p.source_id || ' ' || s.wnid as pair from ${inScope(scope)} as s join picture p on p.photo_id = s.photo_id order by 1`.execute(
            db,
          );
          const counts = await countCandidates(db, scope);
          return [name, rows.map(({ pair }) => pair).join(', '), counts.reduce((sum, { count }) => sum + count, 0)];
        }),
      );
      expect(pairs).toEqual(OF_COLLECTIONS);
      expect(before.rows.reduce((sum, { count }) => sum + count, 0)).toBe(6);
      expect(await tallyProblems(db)).toEqual([]);
    } finally {
      await db.destroy();
      await dropDatabase(url);
    }
  });

  /** The photos that each collection decided, by its classes, concepts and licences; and the candidates that it counted. */
  const OF_COLLECTIONS = [
    ['two classes', 'a n01, b n02', 4],
    ['one licence', 'b n02', 4],
    ['a concept', 'd gnome', 2],
    ['any concept', 'd gnome', 2],
    ['unreadable', 'a n01, b n02, c n03, d gnome', 6],
  ];

  async function fillOlder(db: Kysely<Database>): Promise<void> {
    const { rows } = await sql<{ sha256: string }>`
      insert into class_list (sha256, wnids) values (${Buffer.alloc(32)}, array['n01', 'n02', 'n03']) returning encode(sha256, 'hex') as sha256`.execute(
      db,
    );
    const classListSha256 = rows[0]?.sha256;
    const collections = [
      ['two classes', { mode: 'A', classes: ['n01', 'n02'], licences: 'any', classListSha256 }],
      ['one licence', { mode: 'A', classes: ['n01', 'n02'], licences: ['CC0-1.0'], classListSha256 }],
      ['a concept', { mode: 'O', classes: ['n01'], concepts: ['gnome'], licences: 'any', classListSha256 }],
      ['any concept', { mode: 'O', classes: ['n01'], concepts: 'any', licences: 'any', classListSha256 }],
      ['unreadable', {}],
    ] as const;
    for (const [name, definition] of collections)
      await sql`insert into collection (name, file_sha256, decision_sha256, definition)
        values (${name}, '', '', ${JSON.stringify(definition)}::jsonb)`.execute(db);
    await sql`insert into licence (name, choices) values ('CC0-1.0', array['cc0-1.0'])`.execute(db);
    const candidates = [
      ['a', 'n01', 'unknown', null],
      ['b', 'n02', 'CC0-1.0', null],
      ['c', 'n03', 'unknown', null],
      ['d', 'gnome', 'unknown', null],
      ['e', 'n01', 'unknown', 'licence-not-allowed'],
      ['f', 'spoon', 'unknown', 'unknown-class'],
    ] as const;
    for (const [id, wnid, licence, refusal] of candidates) {
      await sql`with f as (
          insert into photo (sha256, format, width, height, bytes, exif_orientation, perceptual_hash, fine_hash)
          values (sha256(convert_to(${id}, 'UTF8')), 'jpeg', 9, 9, 9, 1, decode(repeat('01', 8), 'hex'), decode(repeat('01', 255), 'hex')) returning id),
        p as (
          insert into picture (source, source_id, url, licence, state, photo_id)
          select 'folder', ${id}, ${id}, ${licence}, 'fetched', id from f returning id)
        insert into candidate (picture_id, wnid, refusal) select id, ${wnid}, ${refusal}::text from p`.execute(db);
    }
  }
});
