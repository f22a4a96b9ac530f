import { sql } from 'kysely';
import { beforeAll, describe, expect, it } from 'vitest';
import { loadConfig } from '../../../../src/core/config/load-config.ts';
import { exportCandidates } from '../../../../src/core/export/select/candidate.repository.ts';
import { holdsOf } from '../../../../src/core/filter/prune/retention.repository.ts';
import type { DecisionScope } from '../../../../src/core/models/workspace/scope.ts';
import type { Workspace } from '../../../../src/core/models/workspace/workspace.process.ts';
import { importVerdicts } from '../../../../src/core/review/import/import.process.ts';
import { listReviewed } from '../../../../src/core/review/events/review.repository.ts';
import { readAcceptance } from '../../../../src/core/review/acceptance/read-acceptance.process.ts';
import { hasUnlisted } from '../../../../src/core/shortlist/controls.repository.ts';
import { readCrawlSample } from '../../../../src/core/shortlist/crawl-sample.repository.ts';
import { buildShortlist } from '../../../../src/core/shortlist/make-shortlist.process.ts';
import { listedVerdicts } from '../../../../src/core/shortlist/second-pass.repository.ts';
import { countShortlist, type ShortlistRow } from '../../../../src/core/shortlist/shortlist.ts';
import { countVerdicts } from '../../../../src/core/status/funnel.repository.ts';
import { countOpenControls, notCounting } from '../../../../src/core/status/not-counting.repository.ts';
import { crawlPart, isValid, readCrawl, type JudgedCrawl } from '../../../../src/measure/report/crawl.process.ts';
import { collect } from '../../../support/collect.ts';
import {
  candidate,
  collection,
  decideAs,
  dropped,
  expectTally,
  fetched,
  kept,
} from '../../../support/catalogue-fixtures.ts';
import { useDatabase } from '../../../support/database.ts';
import { sha256Of } from '../../../support/sha256.ts';

const database = useDatabase();
let scope: DecisionScope;

const add = async (name: string): Promise<number> => fetched(database.db, [candidate(name)], name);
const policy = { cap: 2, nearDuplicateDistance: 0 };
const build = (crawlSample?: number): Promise<ShortlistRow[]> =>
  buildShortlist(database.db, scope, { policy, backboneId: null, crawlSample });
const drawnOf = (rows: readonly ShortlistRow[]): string[] =>
  rows.filter(({ state }) => state === 'crawl-sample').map(({ sha256 }) => sha256);

async function judge(sha256s: readonly string[], verdict: 'accept' | 'reject' = 'accept'): Promise<void> {
  const said = { wnid: 'n01', verdict, reason: null, reviewer: 'ana', note: '', at: undefined } as const;
  const rows = sha256s.map((sha256, i) => ({ ...said, line: i + 2, sha256: sha256 as ReturnType<typeof sha256Of> }));
  expect(await importVerdicts(database.db, scope, rows)).toMatchObject({ notListed: [] });
}

async function crawlNow() {
  return readCrawl({ app: { db: database.db }, collection: { mode: 'A' }, scope } as unknown as Workspace);
}

const KEPT = ['a', 'b', 'c', 'd', 'e', 'f'];
const CORRECT = ['g', 'h', 'i', 'j', 'k'];
const CONFIDENT = ['l', 'm', 'n'];

beforeAll(async () => {
  scope = await collection(database.db, 'crawled');
  const decided = [];
  for (const name of KEPT) decided.push(kept(await add(name), 'n01'));
  for (const name of CORRECT) decided.push(dropped(await add(name), 'n01', 'correct'));
  for (const name of CONFIDENT) decided.push(dropped(await add(name), 'n01', 'confident'));
  await decideAs(database.db, scope, decided);
});

describe('a sample of the crawl', () => {
  let listed: string[] = [];
  let three: string[] = [];

  it('is drawn once every listed photo has a final verdict', async () => {
    await expect(build(2)).rejects.toMatchObject({
      code: 'crawl-sample-open',
      message: expect.stringContaining('2 of 2'),
    });
    listed = (await build()).filter(({ state }) => state === 'listed').map(({ sha256 }) => sha256);
    await judge(listed);
    const before = countShortlist(await build());
    const rows = await build(2);
    expect(drawnOf(rows)).toHaveLength(6);
    expect(countShortlist(rows)).toEqual(before);
    expect((await readCrawlSample(database.db, scope))?.strata).toMatchObject([
      { name: 'listed', photos: 2 },
      { name: 'left-out', photos: 4, drawn: 2 },
      { name: 'correct', photos: 5, drawn: 2 },
      { name: 'confident', photos: 3, drawn: 2 },
    ]);
    await expectTally(database.db, scope);
  });

  it('grows without losing a photo, stays on later shortlists, hides what models say, and keeps its bytes', async () => {
    const two = drawnOf(await build());
    expect(two).toHaveLength(6);
    three = drawnOf(await build(3));
    expect(three).toHaveLength(9);
    expect(three).toEqual(expect.arrayContaining(two));
    expect(drawnOf(await build())).toEqual(three);
    expect(await hasUnlisted(database.db, scope.collectionId)).toBe(true);
    const rows = await database.db
      .selectFrom('shortlist_entry')
      .select('photo_id')
      .where('state', '=', 'crawl-sample')
      .execute();
    const held = await holdsOf(
      database.db,
      [{ name: 'crawled', scope }],
      rows.map(({ photo_id: id }) => id),
    );
    expect(held.size).toBe(9);
  });

  it('counts nowhere when it is reviewed, and is never listed or exported', async () => {
    expect(await crawlNow()).toEqual({ reason: expect.stringContaining('9 drawn photos without a final verdict') });
    expect(await countOpenControls(database.db, scope)).toBe(9);
    const wrong = three.filter((one) => sha256sOf(CONFIDENT).includes(one)).slice(0, 1);
    await judge(wrong, 'reject');
    await judge(three.filter((one) => !wrong.includes(one)));
    expect(await countOpenControls(database.db, scope)).toBe(0);
    const { rows: waiting } = await sql`
      select 1 from ${listedVerdicts(scope, 1, null)} as v where not v.is_listed and v.wants_more`.execute(database.db);
    expect(waiting).toEqual([]);
    const again = await build();
    expect(again.filter(({ state }) => state === 'listed').map(({ sha256 }) => sha256)).toEqual(listed);
    expect(await countVerdicts(database.db, scope)).toMatchObject([{ verdict: 'accepted', count: 2 }]);
    const app = { db: database.db, config: (await loadConfig()).config };
    expect((await readAcceptance({ app, scope })).accepted).toBe(2);
    const reasons = await notCounting(database.db, scope);
    expect(reasons.map(({ whyNot }) => whyNot)).toEqual(Array.from({ length: 9 }, () => 'crawl-sample'));
    const query = { folders: 'class', isLicenceAllowed: () => true, secondPass: 1, importedMembers: [] } as const;
    const exported = await collect(exportCandidates(database.db, scope, query));
    expect(exported.map(({ sha256 }) => sha256).toSorted()).toEqual(listed.toSorted());
    await expectTally(database.db, scope);
  });

  it('gives an estimate, until the crawl changes', async () => {
    const crawl = (await crawlNow()) as JudgedCrawl;
    const valid = crawl.photos.filter(isValid);
    const answer = { predicted: 0, confidence: 1, truth: 0 };
    const seen = [
      { name: 'member', isMember: true, answers: valid.map(() => answer) },
      { name: 'right', isMember: false, answers: valid.map(() => answer) },
      {
        name: 'some',
        isMember: false,
        answers: valid.map(({ sha256 }) => ({ ...answer, predicted: Number(sha256 === three[0]) })),
      },
      { name: 'head', isMember: false, answers: valid.map(() => null) },
    ];
    const models = seen.map(({ name, isMember, answers }) => ({ model: { card: { name }, isMember }, crawl: answers }));
    expect(crawlPart(crawl, models as never).crawl).toEqual({
      valid: { share: null, reason: expect.stringContaining('Draw more') },
      strata: [
        { name: 'listed', photos: 2, drawn: 2, valid: 2 },
        { name: 'left-out', photos: 4, drawn: 3, valid: 3 },
        { name: 'correct', photos: 5, drawn: 3, valid: 3 },
        { name: 'confident', photos: 3, drawn: 3, valid: 2 },
      ],
      models: [
        { model: 'right', accuracy: null, reason: expect.stringContaining('Draw more') },
        { model: 'some', accuracy: expect.any(Number), low: expect.any(Number), high: expect.any(Number) },
        { model: 'head', accuracy: null, reason: expect.stringContaining('fitted on 10 photos') },
      ],
    });
    await decideAs(database.db, scope, [dropped(await add('new'), 'n01', 'correct')]);
    expect(await crawlNow()).toEqual({ reason: expect.stringContaining('--crawl-sample 3 draws again') });
    expect(drawnOf(await build(3))).toHaveLength(9);
  });

  it('ends with 0, and its photos stay off the list', async () => {
    const rows = await build(0);
    expect(rows.filter(({ state }) => state === 'listed').map(({ sha256 }) => sha256)).toEqual(listed);
    expect(drawnOf(rows)).toEqual([]);
    const reviewed = await collect(listReviewed(database.db, scope.collectionId, { wnids: ['n01'] }));
    // Agreement leaves out `isControl`: of all photos that were ever drawn.
    expect(reviewed.filter(({ isControl }) => !isControl).map(({ sha256 }) => sha256)).toEqual(listed.toSorted());
    const app = { db: database.db, config: (await loadConfig()).config };
    expect((await readAcceptance({ app, scope })).accepted).toBe(2);
    expect(await hasUnlisted(database.db, scope.collectionId)).toBe(false);
    expect(await crawlNow()).toEqual({ reason: expect.stringContaining('--crawl-sample 100') });
  });
});

function sha256sOf(names: readonly string[]): string[] {
  return names.map((name) => sha256Of(name));
}
