import { beforeEach, describe, expect, it } from 'vitest';
import type { NewCandidate } from '../../../../src/core/crawl/candidates/candidate.ts';
import { allowedLicence, storeLicences } from '../../../../src/core/crawl/candidates/licence.repository.ts';
import { listDecisions, type DecisionRow } from '../../../../src/core/filter/run/decision-list.repository.ts';
import { countUndecided, photosToDecide } from '../../../../src/core/filter/run/decision.repository.ts';
import { undecidedPhotoIds } from '../../../../src/core/filter/run/photo-tally.repository.ts';
import type { DecisionScope } from '../../../../src/core/models/workspace/scope.ts';
import { topConfusions } from '../../../../src/web/status/overview.repository.ts';
import { keptPhotos } from '../../../../src/core/shortlist/shortlist.repository.ts';
import { sql } from 'kysely';
import { registerClassList, storeEvidence } from '../../../../src/core/models/evidence/evidence.repository.ts';
import { noEvidence, summariseCrop } from '../../../../src/core/models/evidence/evidence.ts';
import { isLicenceAllowed, normaliseLicence } from '../../../../src/core/collection/licence.ts';
import { collect } from '../../../support/collect.ts';
import { useDatabase } from '../../../support/database.ts';
import { sha256Of } from '../../../support/sha256.ts';
import {
  candidate,
  collection,
  decideAs,
  dropped,
  emptyCatalogue,
  fetched,
  kept,
  photo,
  store,
  versionsOf,
  cpuMember,
} from '../../../support/catalogue-fixtures.ts';

const database = useDatabase();
beforeEach(() => emptyCatalogue(database.db));

/** The results of all functions that look for work, checked against each other: classes by photo id. */
async function undecided(scope: DecisionScope): Promise<Record<number, string[]>> {
  const ids = await undecidedPhotoIds(database.db, scope, { after: 0, limit: 1_000 });
  const photos = (await Promise.all([0, 1].map((page) => photosToDecide(database.db, scope, page)))).flat();
  expect(photos.map((one) => one.photoId)).toEqual(ids);
  expect(await countUndecided(database.db, scope)).toBe(photos.flatMap((one) => one.wnids).length);
  return Object.fromEntries(photos.map((one) => [one.photoId, [...one.wnids]]));
}

describe('work to decide', () => {
  it('is every class of the collection that a photo was fetched for, once each', async () => {
    const scope = await collection(database.db, 'birds');
    const a = await fetched(database.db, [candidate('a'), candidate('a', { wnid: 'n03' })], 'A');
    // The same bytes from another place, once for the same class and once for another.
    await fetched(database.db, [candidate('a2'), candidate('a2', { wnid: 'n02' })], 'A');
    const b = await fetched(database.db, [candidate('b', { wnid: 'n02' })], 'B');
    // No candidates that wait, are refused, failed, or belong to other collections.
    await store(database.db, [
      candidate('w'),
      candidate('f', { problem: { state: 'failed', reason: 'truncated', detail: '' } }),
    ]);
    await fetched(database.db, [candidate('o', { wnid: 'n09' })], 'O');
    const refusal = { reason: 'unknown-class', detail: '' } as const;
    await fetched(database.db, [candidate('r', { wnid: 'n09' }), candidate('r', { refusal })], 'R');
    expect(await undecided(scope)).toEqual({ [a]: ['n01', 'n02', 'n03'], [b]: ['n02'] });
    expect(await undecided({ ...scope, wnids: ['n03'] })).toEqual({ [a]: ['n03'] });
    expect(await undecided({ ...scope, wnids: [] })).toEqual({});
  });

  it('excludes classes that the models only choose among', async () => {
    const { db } = database;
    const scope = await collection(db, 'birds', { classes: ['n02'] });
    await fetched(db, [candidate('a', { wnid: 'n01' })], 'A');
    await fetched(db, [candidate('b', { wnid: 'n02' })], 'B');
    expect(await photosToDecide(db, scope, 0)).toMatchObject([{ sha256: photo('B').sha256, wnids: ['n02'] }]);
    // Decisions of a class that was removed from the collection stay in the catalogue and are not counted.
    await decideAs(db, scope, [kept(1, 'n01'), kept(2, 'n02')]);
    expect(await topConfusions(db, scope, 10)).toEqual([
      { wnid: 'n02', confusionWnid: 'n03', count: 1, photo: photo('B').sha256 },
    ]);
    expect((await keptPhotos(db, scope)).map(({ wnid }) => wnid)).toEqual(['n02']);
  });

  it('includes only allowed candidates, branch by branch', async () => {
    const scope = await collection(database.db, 'birds');
    const id = async (name: string, licence: string): Promise<number> =>
      fetched(database.db, [candidate(name, { licence })], name);
    const [zero, by, choice, unknown] = [
      await id('zero', 'CC0-1.0'),
      await id('by', 'CC-BY-4.0'),
      await id('choice', 'GFDL-1.2-or-later OR CC-BY-4.0'),
      await id('unknown', 'unknown'),
    ];
    const idsUnder = async (licences: DecisionScope['licences']): Promise<number[]> =>
      Object.keys(await undecided({ ...scope, licences })).map(Number);
    expect(await idsUnder('any')).toEqual([zero, by, choice, unknown]);
    expect(await idsUnder(['CC-BY-4.0'])).toEqual([by, choice]);
    expect(await idsUnder(['cc-by-4.0', 'CC0-1.0'])).toEqual([zero, by, choice]);
    expect(await idsUnder(['gfdl-1.2-or-later'])).toEqual([choice]);
    expect(await idsUnder(['unknown'])).toEqual([unknown]);
    expect(await idsUnder([])).toEqual([]);
  });

  it('includes a photo if one of two sources of the same bytes allows it', async () => {
    const scope = await collection(database.db, 'birds', { licences: ['CC0-1.0'] });
    const a = await fetched(database.db, [candidate('a', { licence: 'all-rights-reserved' })], 'A');
    expect(await undecided(scope)).toEqual({});
    await fetched(database.db, [candidate('b', { licence: 'CC0-1.0' })], 'A');
    expect(await undecided(scope)).toEqual({ [a]: ['n01'] });
  });

  it('excludes decided photos until the rules change', async () => {
    const scope = await collection(database.db, 'birds');
    const a = await fetched(database.db, [candidate('a'), candidate('a', { wnid: 'n02' })], 'A');
    await decideAs(database.db, scope, [kept(a, 'n01')]);
    expect(await undecided(scope)).toEqual({ [a]: ['n02'] });
    await decideAs(database.db, scope, [dropped(a, 'n02')]);
    expect(await undecided(scope)).toEqual({});
    const changed = { ...scope, decisionSha256: sha256Of('other rules') };
    expect(await undecided(changed)).toEqual({ [a]: ['n01', 'n02'] });
    expect(await undecided(await collection(database.db, 'cats'))).toEqual({ [a]: ['n01', 'n02'] });
  });

  it('comes in pages of ids', async () => {
    const scope = await collection(database.db, 'birds');
    const ids: number[] = [];
    for (let i = 0; i < 70; i += 1) ids.push(await fetched(database.db, [candidate(`p${i}`)], `photo ${i}`));
    expect(Object.keys(await undecided(scope))).toHaveLength(70);
    expect(await undecidedPhotoIds(database.db, scope, { after: ids[9] ?? 0, limit: 5 })).toEqual(ids.slice(10, 15));
    const [first] = await photosToDecide(database.db, scope, 1);
    expect(first).toEqual({ photoId: 64, sha256: photo('photo 63').sha256, wnids: ['n01'] });
  });
});

describe('the licence check of the database', () => {
  it('agrees with the check of a crawl for any text of a source', async () => {
    const given = [
      'CC0-1.0',
      'cc-by-4.0',
      'CC BY 4.0 OR MIT',
      'MIT  OR  CC0-1.0',
      '(MIT OR CC0-1.0)',
      'X OR (Y) OR CC0-1.0',
      'MIT or CC0-1.0',
      'GPL 2.0 or later',
      'MIT OR Apache-2.0 OR CC0-1.0',
      'MITOR CC0-1.0',
      'CC0-1.0 AND MIT',
      'CC0-1.0 WITH x',
      '100% OR_CC0-1.0',
      "it's OR CC0-1.0",
      `${'x'.repeat(500)} OR CC0-1.0`,
      '',
    ];
    const licences = given.map((text) => normaliseLicence(text).id);
    await storeLicences(database.db, licences);
    await storeLicences(database.db, ['MIT']);
    for (const allowed of [['CC0-1.0'], ['mit', 'CC-BY-4.0'], ['later', 'or', 'x'], ['CC-BY-4.0 OR MIT'], []]) {
      const scope = { ...(await collection(database.db, allowed.join())), licences: allowed };
      const { rows } = await sql<{ licence: string; allowed: boolean }>`
        select p.licence, ${allowedLicence(scope)} as allowed from unnest(${licences}::text[]) as p(licence)`.execute(
        database.db,
      );
      expect(rows).toEqual(licences.map((licence) => ({ licence, allowed: isLicenceAllowed(licence, allowed) })));
    }
  });
});

describe('storing decisions', () => {
  it('changes nothing when a second writer stores decisions under the same rules', async () => {
    const scope = await collection(database.db, 'birds');
    const a = await fetched(database.db, [candidate('a'), candidate('a', { wnid: 'n02' })], 'A');
    expect(await decideAs(database.db, scope, [dropped(a, 'n01', 'confident')])).toBe(1);
    const before = await versionsOf(database.db, 'decision');
    expect(await decideAs(database.db, scope, [dropped(a, 'n01', 'correct')])).toBe(0);
    expect(await versionsOf(database.db, 'decision')).toEqual(before);
    expect(await decideAs(database.db, scope, [kept(a, 'n01'), kept(a, 'n02')])).toBe(1);
  });

  it('replaces decisions of other rules as a whole', async () => {
    const scope = await collection(database.db, 'birds');
    const a = await fetched(database.db, [candidate('a')], 'A');
    await decideAs(database.db, scope, [{ ...dropped(a, 'n01'), detail: 'old' }]);
    const before = await database.db.selectFrom('decision').select('decided_at').executeTakeFirstOrThrow();
    const changed = { ...scope, decisionSha256: sha256Of('other rules') };
    expect(await decideAs(database.db, changed, [kept(a, 'n01')])).toBe(1);
    const after = await database.db.selectFrom('decision').selectAll().execute();
    expect(after).toMatchObject([
      {
        state: 'kept',
        reason: null,
        detail: null,
        max_true_prob: 0.01,
        is_lower_bound: false,
        crop: null,
        confusion_wnid: 'n03',
        confusion_prob: 0.9,
      },
    ]);
    expect(after[0]?.decision_sha256.toString('hex')).toBe(changed.decisionSha256);
    expect(after[0]?.decided_at.getTime()).toBeGreaterThan(before.decided_at.getTime());
  });

  it('keeps collections apart', async () => {
    const [birds, cats] = [await collection(database.db, 'birds'), await collection(database.db, 'cats')];
    const a = await fetched(database.db, [candidate('a')], 'A');
    await decideAs(database.db, birds, [kept(a, 'n01')]);
    await decideAs(database.db, cats, [dropped(a, 'n01')]);
    expect(await versionsOf(database.db, 'decision')).toHaveLength(2);
  });

  it('stores each decision once if two processes store them in opposite order', async () => {
    const scope = await collection(database.db, 'birds');
    const ids: number[] = [];
    for (let i = 0; i < 30; i += 1) ids.push(await fetched(database.db, [candidate(`p${i}`)], `photo ${i}`));
    const decisions = ids.map((id) => kept(id, 'n01'));
    const stored = await Promise.all([
      decideAs(database.db, scope, decisions),
      decideAs(database.db, scope, decisions.toReversed()),
    ]);
    expect(stored[0] + stored[1]).toBe(30);
    expect(await decideAs(database.db, scope, [])).toBe(0);
  });

  it('stores a batch in which every photo is a candidate of many classes', async () => {
    const wnids = Array.from({ length: 400 }, (_, i) => `n${String(i).padStart(4, '0')}`);
    const scope = await collection(database.db, 'birds', { wnids });
    const page: NewCandidate[] = wnids.map((wnid) => candidate('a', { wnid }));
    const ids = [await fetched(database.db, page, 'A')];
    for (let i = 0; i < 15; i += 1)
      ids.push(
        await fetched(
          database.db,
          page.map((one) => ({ ...one, sourceId: `p${i}` })),
          `photo ${i}`,
        ),
      );
    const decisions = ids.flatMap((id) => wnids.map((wnid) => dropped(id, wnid)));
    expect(await countUndecided(database.db, scope)).toBe(6_400);
    expect(await decideAs(database.db, scope, decisions)).toBe(6_400);
    expect(await countUndecided(database.db, scope)).toBe(0);
  });
});

describe('the list of decisions', () => {
  async function list(scope: DecisionScope, filter: object = {}, memberIds: number[] = []): Promise<DecisionRow[]> {
    const options = { filter: { wnids: scope.wnids, ...filter }, memberIds };
    return collect(listDecisions(database.db, scope, options));
  }

  it('has every photo and class in scope once, by class and hash, with its candidates', async () => {
    const scope = await collection(database.db, 'birds', { licences: ['CC0-1.0'] });
    const free = { licence: 'CC0-1.0' };
    const a = await fetched(database.db, [candidate('a0', { licence: 'unknown' })], 'A');
    await fetched(database.db, [candidate('a', free), candidate('a', { ...free, wnid: 'n02' })], 'A');
    await fetched(database.db, [candidate('77', { ...free, source: 'flickr' })], 'A');
    const b = await fetched(database.db, [candidate('b', free)], 'B');
    await decideAs(database.db, scope, [kept(a, 'n01'), dropped(b, 'n01', 'confident')]);
    const rows = await list(scope);
    const inOrder = [photo('A').sha256, photo('B').sha256].toSorted();
    expect(rows.map((row) => [row.wnid, row.sha256])).toEqual([
      ...inOrder.map((sha256) => ['n01', sha256]),
      ['n02', photo('A').sha256],
    ]);
    const ofA = rows.find((row) => row.wnid === 'n01' && row.sha256 === photo('A').sha256);
    expect(ofA).toMatchObject({
      state: 'kept',
      maxTrueProb: 0.01,
      confusionWnid: 'n03',
      // Not the source whose licence the collection refuses, although it came first.
      candidates: [
        { source: 'folder', sourceId: 'a' },
        { source: 'flickr', sourceId: '77' },
      ],
    });
    expect(rows.at(-1)).toMatchObject({ wnid: 'n02', state: 'undecided', reason: null, isLowerBound: null, crops: [] });
    expect(await list(scope, { state: 'undecided' })).toHaveLength(1);
    expect((await list(scope, { reason: 'confident' })).map((row) => row.sha256)).toEqual([photo('B').sha256]);
    expect(await list(scope, { source: 'flickr' })).toHaveLength(1);
    expect(await list(scope, { sha256: photo('A').sha256 })).toHaveLength(2);
    expect(await list(scope, { wnids: ['n02'] })).toHaveLength(1);
  });

  it('shows decisions of other rules as undecided', async () => {
    const scope = await collection(database.db, 'birds');
    const a = await fetched(database.db, [candidate('a')], 'A');
    await decideAs(database.db, { ...scope, decisionSha256: sha256Of('old rules') }, [kept(a, 'n01')]);
    expect(await list(scope)).toMatchObject([{ state: 'undecided', maxTrueProb: null, confusionWnid: null }]);
  });

  it('has the evaluated crops in the order of members and crops, with p of the class if it is known', async () => {
    const scope = await collection(database.db, 'birds');
    const classList = await registerClassList(database.db, sha256Of('list'), scope.wnids);
    const [one = 0, two = 0] = await Promise.all(['one', 'two'].map((name) => cpuMember(database.db, name, classList)));
    const a = await fetched(database.db, [candidate('a'), candidate('a', { wnid: 'n03' })], 'A');
    const [first, second] = [Float32Array.from([1, 2, 0]), Float32Array.from([3, 0, 0])];
    const cell = { ...summariseCrop(first, [0]), logits: null };
    const evidence = noEvidence(2).map((cells, m) => (m === 0 ? cells.with(9, cell).with(4, cell) : cells));
    const logitsOnly = noEvidence(2).map((cells, m) => (m === 1 ? cells.with(0, summariseCrop(second, [])) : cells));
    await database.db.transaction().execute(async (trx) => {
      await storeEvidence(trx, [{ photoId: a, evidence, withLogits: false }], [one, two]);
      await storeEvidence(trx, [{ photoId: a, evidence: logitsOnly, withLogits: true }], [one, two]);
    });
    const hex = Buffer.from(second.buffer).toString('hex');
    const [forFirst, forThird] = await list(scope, {}, [two, one]);
    const top = summariseCrop(second, [0]).top1Prob;
    const p = cell.trueProbs.get(0);
    expect(forFirst?.crops).toEqual([
      { memberId: two, crop: 0, top1: 0, pTop1: top, pTrue: top, logits: hex },
      { memberId: one, crop: 4, top1: 1, pTop1: cell.top1Prob, pTrue: p, logits: null },
      { memberId: one, crop: 9, top1: 1, pTop1: cell.top1Prob, pTrue: p, logits: null },
    ]);
    expect(forThird?.crops.map(({ pTrue, logits }) => [pTrue, logits])).toEqual([
      [null, hex],
      [null, null],
      [null, null],
    ]);
    expect((await list(scope, {}, [one]))[0]?.crops).toHaveLength(2);
  });
});
