import { sql } from 'kysely';
import { beforeEach, describe, expect, it } from 'vitest';
import type { DecisionScope } from '../../../../src/core/models/workspace/scope.ts';
import { countCandidates, countVerdicts } from '../../../../src/core/status/funnel.repository.ts';
import { recountPhotos } from '../../../../src/core/filter/run/photo-counts.repository.ts';
import { funnelOf, sumsThatFail } from '../../../../src/core/status/funnel.ts';
import type { Totals } from '../../../../src/core/kernel/funnel.ts';
import { notCounting } from '../../../../src/core/status/not-counting.repository.ts';
import { readStories } from '../../../../src/core/status/story.repository.ts';
import { takeDown } from '../../../../src/core/photo/takedown.repository.ts';
import type { ReviewVerdict } from '../../../../src/core/review/events/event.ts';
import { isKeptPending } from '../../../../src/core/shortlist/second-pass.repository.ts';
import { importVerdicts } from '../../../../src/core/review/import/import.process.ts';
import { buildShortlist } from '../../../../src/core/shortlist/make-shortlist.process.ts';
import { lockCollection } from '../../../../src/core/shortlist/shortlist.repository.ts';
import {
  candidate,
  collection,
  decideAs,
  dropped,
  emptyCatalogue,
  expectTally,
  fetched,
  kept,
} from '../../../support/catalogue-fixtures.ts';
import { useDatabase } from '../../../support/database.ts';
import { sha256Of } from '../../../support/sha256.ts';
import { until } from '../../../support/until.ts';

const database = useDatabase();
let scope: DecisionScope;
let ids: Map<string, number>;

beforeEach(async () => {
  await emptyCatalogue(database.db);
  scope = await collection(database.db, 'reviewed');
  ids = new Map();
});

/** Stores photos that the filter keeps, the earlier letters of the alphabet with the lower p. */
async function crawl(names: string): Promise<void> {
  for (const name of names) {
    const id = await fetched(database.db, [candidate(name)], name);
    ids.set(name, id);
    await decideAs(database.db, scope, [kept(id, 'n01', { maxTrueProb: name.charCodeAt(0) / 1000 })]);
  }
}

async function listed(cap: number, target: number | null = null, secondPass: number | null = null): Promise<string> {
  const policy = { cap, nearDuplicateDistance: 0, target };
  const waits = secondPass === null ? {} : { isPending: isKeptPending(secondPass) };
  const rows = await buildShortlist(database.db, scope, { policy, backboneId: null, ...waits });
  await expectTally(database.db, scope);
  const names = new Map([...ids.keys()].map((name) => [sha256Of(name), name]));
  return rows.flatMap(({ state, sha256 }) => (state === 'listed' ? [names.get(sha256) ?? '?'] : [])).join('');
}

/** Decides all photos under other rules: those that are named are dropped. */
async function decideAgain(rules: string, names: string): Promise<void> {
  scope = { ...scope, decisionSha256: sha256Of(rules) };
  await database.db
    .updateTable('collection')
    .set({ decision_sha256: Buffer.from(scope.decisionSha256, 'hex') })
    .execute();
  const decisions = [...ids].map(([name, id]) =>
    names.includes(name) ? dropped(id, 'n01') : kept(id, 'n01', { maxTrueProb: name.charCodeAt(0) / 1000 }),
  );
  await decideAs(database.db, scope, decisions);
}

async function review(verdicts: Readonly<Record<string, ReviewVerdict>>, reviewer = 'ana'): Promise<void> {
  const rows = Object.entries(verdicts).map(([name, verdict], i) => ({
    line: i + 2,
    sha256: sha256Of(name),
    wnid: 'n01',
    verdict,
    reason: null,
    reviewer,
    note: '',
    at: undefined,
  }));
  expect(await importVerdicts(database.db, scope, rows)).toMatchObject({ conflicts: [], notListed: [] });
}

async function totals(): Promise<Totals> {
  const { db } = database;
  const counts = {
    candidates: await countCandidates(db, scope),
    photos: await recountPhotos(db, scope),
    verdicts: await countVerdicts(db, scope),
  };
  const funnel = funnelOf({ collection: 'reviewed', mode: 'A', classes: [{ wnid: 'n01', name: 'n01' }] }, counts);
  expect(sumsThatFail(funnel.totals)).toEqual([]);
  return funnel.totals;
}

async function whyNot(): Promise<unknown> {
  const names = new Map([...ids.keys()].map((name) => [sha256Of(name), name]));
  return (await notCounting(database.db, scope)).map((row) => [names.get(row.sha256), row.whyNot]);
}

describe('a photo that was reviewed', () => {
  it('keeps its place when a later crawl brings better ones', async () => {
    await crawl('mn');
    expect(await listed(2)).toBe('mn');
    await review({ n: 'accept' });
    await crawl('abc');
    expect(await listed(2)).toBe('an');
    expect(await totals()).toMatchObject({ shortlisted: 2, selected: 1, unreviewed: 1, leftOut: { cap: 3 } });
  });

  it('gives up its place in the cap when it is rejected, and the next photo is listed', async () => {
    await crawl('abcd');
    expect(await listed(2)).toBe('ab');
    await review({ a: 'reject', b: 'unsure' });
    expect(await listed(2)).toBe('abc');
    await review({ b: 'reject' }, 'bo');
    expect(await listed(2)).toBe('abcd');
    expect(await totals()).toMatchObject({ shortlisted: 4, selected: 0, rejected: 2, unreviewed: 2 });
    expect(await listed(2)).toBe('abcd');
  });

  it('keeps its place in cap and target while a blind second verdict is wanted, so the list does not show the first one', async () => {
    await crawl('abcdef');
    expect(await listed(2, null, 1)).toBe('ab');
    await review({ a: 'reject', b: 'unsure' });
    expect(await listed(2, null, 1)).toBe('ab');
    expect(await listed(15, 2, 1)).toBe('ab');
    await review({ a: 'reject' }, 'bo');
    expect(await listed(2, null, 1)).toBe('abc');
    expect(await listed(15, 2, 1)).toBe('abc');
    // Without a second pass only those wait of which the first reviewer is unsure.
    expect(await listed(15, 2, 0)).toBe('abc');
    expect(await listed(15, 2)).toBe('abcd');
  });

  it('is refilled up to the target, and the rest is counted as past it', async () => {
    await crawl('abcdef');
    expect(await listed(15, 2)).toBe('ab');
    expect(await totals()).toMatchObject({ shortlisted: 2, leftOut: { cap: 0, nearDuplicate: 0, target: 4 } });
    await review({ a: 'accept', b: 'reject' });
    expect(await listed(15, 2)).toBe('abc');
    await review({ c: 'accept' });
    expect(await listed(15, 2)).toBe('abc');
    expect(await totals()).toMatchObject({ shortlisted: 3, selected: 2, rejected: 1, leftOut: { target: 3 } });
  });

  it('does not count any more once it is taken down, dropped or no longer listed, and counts again if it is kept again', async () => {
    await crawl('abcd');
    expect(await listed(15)).toBe('abcd');
    await review({ a: 'accept', b: 'accept', c: 'accept' });
    expect(await whyNot()).toEqual([]);
    await decideAgain('new rules', 'b');
    await takeDown(database.db, { sha256: sha256Of('a') }, 'a letter');
    await database.db
      .deleteFrom('shortlist_entry')
      .where('photo_id', '=', ids.get('c') ?? 0)
      .execute();
    const reasons = [
      ['a', 'taken-down'],
      ['b', 'dropped'],
      ['c', 'left-out'],
    ];
    expect((await whyNot()) as unknown[]).toHaveLength(3);
    expect(await whyNot()).toEqual(expect.arrayContaining(reasons));
    for (const [name = '', why] of reasons) {
      const [story] = await readStories(database.db, { sha256Prefix: sha256Of(name) });
      expect(story?.reviews).toMatchObject([{ collection: 'reviewed', wnid: 'n01', state: 'accepted', whyNot: why }]);
    }
    expect(await totals()).toMatchObject({ selected: 0, shortlisted: 1, unlisted: 1 });
    expect(await listed(15)).toBe('cd');
    ids.delete('a');
    await decideAgain('newer rules', '');
    expect(await listed(1)).toBe('bc');
    expect(await whyNot()).toEqual([[undefined, 'taken-down']]);
  });

  it('is never left out by a build at the same time: its review waits for the end of the build', async () => {
    await crawl('mn');
    expect(await listed(1)).toBe('m');
    let isStored = false;
    const { reviewing } = await database.db.transaction().execute(async (trx) => {
      await lockCollection(trx, scope.collectionId);
      const promise = review({ m: 'accept' }).then(() => (isStored = true));
      await until(async () => (await locksWaitedFor()) > 0, 10_000);
      expect(isStored).toBe(false);
      return { reviewing: promise };
    });
    expect(await reviewing).toBe(true);
    await crawl('b');
    expect(await listed(1)).toBe('m');
  });
});

async function locksWaitedFor(): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    select count(*) from pg_locks join pg_stat_activity a using (pid)
    where a.datname = current_database() and not granted`.execute(database.db);
  return rows[0]?.count ?? 0;
}
