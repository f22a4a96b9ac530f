import { beforeEach, describe, expect, it } from 'vitest';
import { countUndecided } from '../../../../src/core/filter/run/decision.repository.ts';
import type { DecisionScope } from '../../../../src/core/models/workspace/scope.ts';
import { funnelOf, sumsThatFail } from '../../../../src/core/status/funnel.ts';
import type { Funnel } from '../../../../src/core/kernel/funnel.ts';
import { listCandidates } from '../../../../src/core/status/candidate-list.repository.ts';
import { countCandidates, countVerdicts } from '../../../../src/core/status/funnel.repository.ts';
import { recountPhotos } from '../../../../src/core/filter/run/photo-counts.repository.ts';
import { readClassNames, readStories } from '../../../../src/core/status/story.repository.ts';
import { registerClassList, storeEvidence } from '../../../../src/core/models/evidence/evidence.repository.ts';
import { softmax } from '../../../../src/core/models/evidence/softmax.ts';
import { noEvidence, summariseCrop } from '../../../../src/core/models/evidence/evidence.ts';
import { shortlistAll } from '../../../unit/core/shortlist/sample-rows.ts';
import { buildShortlist as buildAnew } from '../../../../src/core/shortlist/make-shortlist.process.ts';
import {
  keptPhotos,
  listShortlist,
  readBuiltAt,
  replaceShortlist,
} from '../../../../src/core/shortlist/shortlist.repository.ts';
import { exportCandidates } from '../../../../src/core/export/select/candidate.repository.ts';
import { collect } from '../../../support/collect.ts';
import { useDatabase } from '../../../support/database.ts';
import { sha256Of } from '../../../support/sha256.ts';
import {
  candidate,
  collection,
  decideAs,
  dropped,
  emptyCatalogue,
  expectTally,
  fetched,
  kept,
  photo,
  store,
  stored,
  versionsOf,
  cpuMember,
} from '../../../support/catalogue-fixtures.ts';

const database = useDatabase();
beforeEach(() => emptyCatalogue(database.db));

async function funnel(scope: DecisionScope): Promise<Omit<Funnel, 'distinctPhotos'>> {
  const classes = scope.wnids.map((wnid) => ({ wnid, name: wnid }));
  await expectTally(database.db, scope);
  const counted = funnelOf(
    { collection: 'birds', mode: 'A', classes },
    {
      candidates: await countCandidates(database.db, scope),
      photos: await recountPhotos(database.db, scope),
      verdicts: await countVerdicts(database.db, scope),
    },
  );
  for (const totals of [counted.totals, ...counted.classes, ...counted.sources])
    expect(sumsThatFail(totals)).toEqual([]);
  return counted;
}

async function buildShortlist(scope: DecisionScope, cap: number): Promise<void> {
  const policy = { cap, nearDuplicateDistance: 6 };
  await database.db.transaction().execute(async (trx) => {
    const rows = shortlistAll(await keptPhotos(trx, scope), policy);
    await replaceShortlist(trx, scope, { policy, rows });
  });
}

const by = { licence: 'CC-BY-4.0' };

/** Everything that can happen to a candidate, at once. */
async function messyCatalogue(scope: DecisionScope): Promise<Record<string, number>> {
  const { db } = database;
  const unknownClass = { reason: 'unknown-class', detail: '' } as const;
  const ids = {
    // The same bytes from two sources and twice from one, under two classes.
    a: await fetched(db, [candidate('a', by), candidate('a', { ...by, wnid: 'n02' })], 'A'),
    b: await fetched(db, [candidate('b', by)], 'B'),
    c: await fetched(db, [candidate('c', { ...by, source: 'flickr' })], 'C'),
    d: await fetched(db, [candidate('d', by), candidate('d', { wnid: 'spoon', refusal: unknownClass })], 'D'),
    e: await fetched(db, [candidate('e', by)], 'E'),
    f: await fetched(db, [candidate('f', { ...by, wnid: 'n02' })], 'F'),
    g: await fetched(db, [candidate('g', { ...by, wnid: 'n02' })], 'G'),
    // Under a licence that the narrower collection does not take.
    h: await fetched(db, [candidate('h')], 'H'),
  };
  await fetched(db, [candidate('a copy.jpg', by)], 'A');
  const flickr = { ...by, source: 'flickr' };
  await fetched(db, [candidate('77', flickr), candidate('77', { ...flickr, wnid: 'n02' })], 'A');
  // Bytes that the narrower collection has from elsewhere, too.
  await fetched(db, [candidate('h2', { source: 'flickr' })], 'B');
  await store(db, [
    candidate('waits', by),
    candidate('waits under another licence'),
    candidate('cut', { ...by, problem: { state: 'failed', reason: 'truncated', detail: '' } }),
    candidate('cut under another licence', { problem: { state: 'failed', reason: 'truncated', detail: '' } }),
    candidate('link', { ...by, problem: { state: 'dropped', reason: 'outside-folder', detail: '' } }),
    candidate('stranger', { wnid: 'fork', refusal: unknownClass }),
    candidate('unlabelled', { wnid: '', refusal: unknownClass }),
    candidate('of another collection', { wnid: 'n09' }),
    candidate('refused', { refusal: { reason: 'licence-not-allowed', detail: 'unknown' } }),
  ]);
  await decideAs(db, scope, [
    kept(ids.a, 'n01'),
    dropped(ids.a, 'n02'),
    kept(ids.b, 'n01', { maxTrueProb: 0.02 }),
    kept(ids.c, 'n01', { maxTrueProb: 0.03 }),
    { ...dropped(ids.d, 'n01'), state: 'failed', reason: 'undecodable', maxTrueProb: null },
    dropped(ids.f, 'n02', 'confident'),
  ]);
  await decideAs(db, { ...scope, decisionSha256: sha256Of('older rules') }, [kept(ids.e, 'n01')]);
  return ids;
}

describe('the funnel of a messy catalogue', () => {
  it('adds up in total, by class and by source', async () => {
    const scope = await collection(database.db, 'birds');
    await messyCatalogue(scope);
    await buildShortlist(scope, 1);
    const { totals, classes, sources } = await funnel(scope);
    expect(totals).toEqual({
      found: 22,
      waiting: 2,
      fetched: 13,
      dropped: { 'outside-folder': 1, 'unknown-class': 3, 'licence-not-allowed': 1 },
      failed: { truncated: 2 },
      duplicates: 4,
      decided: {
        kept: 3,
        correct: 1,
        confident: 1,
        notConfident: 0,
        otherClass: 0,
        inReferenceSet: 0,
        undecided: 3,
        failed: 1,
      },
      shortlisted: 1,
      leftOut: { cap: 2, nearDuplicate: 0, target: 0 },
      unlisted: 0,
      selected: 0,
      rejected: 0,
      unsure: 0,
      disputed: 0,
      unreviewed: 1,
      pruned: 0,
      undecidedPruned: 0,
      poisoned: 0,
    });
    expect(classes.map(({ wnid, found, fetched: had }) => [wnid, found, had])).toEqual([
      ['n01', 15, 9],
      ['n02', 4, 4],
      ['n03', 0, 0],
      [null, 3, 0],
    ]);
    expect(sources.map(({ source, found, duplicates, decided }) => [source, found, duplicates, decided.kept])).toEqual([
      ['flickr', 4, 3, 1],
      ['folder', 18, 1, 2],
    ]);
    expect(await countUndecided(database.db, scope)).toBe(totals.decided.undecided);
  });

  it('agrees with the list of candidates, also after the collection allows other licences', async () => {
    const all = await collection(database.db, 'birds');
    await messyCatalogue(all);
    for (const scope of [all, { ...all, wnids: ['n01'], licences: ['CC-BY-4.0'] }, { ...all, licences: ['CC0-1.0'] }]) {
      const lines = await collect(listCandidates(database.db, scope, { wnids: scope.wnids, unknownClasses: true }));
      const counts: Record<string, number> = {};
      for (const { state, reason } of lines) {
        const key = `${state} ${reason ?? ''}`;
        counts[key] = (counts[key] ?? 0) + 1;
      }
      const { totals } = await funnel(scope);
      const behind = [
        ['found ', totals.waiting],
        ['fetched ', totals.fetched],
        ...Object.entries(totals.dropped).map(([reason, count]) => [`dropped ${reason}`, count]),
        ...Object.entries(totals.failed).map(([reason, count]) => [`failed ${reason}`, count]),
      ].filter(([, count]) => count !== 0);
      expect(counts).toEqual(Object.fromEntries(behind));
    }
    const refused = { wnids: ['n01'], unknownClasses: false, reason: 'licence-not-allowed' };
    const scope = { ...all, licences: ['CC0-1.0'] };
    expect(await collect(listCandidates(database.db, scope, refused))).toContainEqual(
      expect.objectContaining({ sourceId: 'b', state: 'dropped', detail: 'CC-BY-4.0' }),
    );
  });

  it('counts photos that were kept since the shortlist was built', async () => {
    const scope = await collection(database.db, 'birds');
    const { g = 0 } = await messyCatalogue(scope);
    await buildShortlist(scope, 15);
    await decideAs(database.db, scope, [kept(g, 'n02')]);
    expect((await funnel(scope)).totals).toMatchObject({ shortlisted: 3, unlisted: 1 });
  });
});

describe('the stored shortlist', () => {
  it('equals the one that was built, in its order, with the rights of the photo', async () => {
    const scope = await collection(database.db, 'birds');
    await messyCatalogue(scope);
    await buildShortlist(scope, 2);
    const listed = await collect(listShortlist(database.db, scope));
    expect(listed.map(({ rank, state, reason, sha256 }) => [rank, state, reason, sha256])).toEqual([
      [1, 'listed', null, photo('A').sha256],
      [2, 'listed', null, photo('B').sha256],
      [null, 'left-out', 'cap', photo('C').sha256],
    ]);
    expect(listed[0]).toMatchObject({
      wnid: 'n01',
      maxTrueProb: 0.01,
      confusionWnid: 'n03',
      confusionProb: 0.9,
      twinSha256: null,
      alsoIn: [],
      rights: { source: 'folder', licence: 'CC-BY-4.0' },
    });
  });

  it('has the rights of the first source whose licence the collection takes, not of the first that had the bytes', async () => {
    const scope = await collection(database.db, 'birds', { licences: ['CC-BY-4.0'] });
    const a = await fetched(database.db, [candidate('a', { licence: 'all-rights-reserved', creator: 'thief' })], 'A');
    for (const creator of ['Ann', 'Bob'])
      await fetched(database.db, [candidate(`of ${creator}`, { ...by, creator })], 'A');
    await decideAs(database.db, scope, [kept(a, 'n01')]);
    await buildShortlist(scope, 15);
    const [listed] = await collect(listShortlist(database.db, scope));
    expect(listed).toMatchObject({ rights: { licence: 'CC-BY-4.0', creator: 'Ann' } });
    const rightsUnder = async (...licences: string[]): Promise<unknown> => {
      const isLicenceAllowed = (licence: string): boolean => licences.includes(licence);
      return collect(
        exportCandidates(database.db, scope, {
          folders: 'class',
          isLicenceAllowed,
          importedMembers: [],
          secondPass: 0,
        }),
      );
    };
    expect(await rightsUnder('all-rights-reserved')).toMatchObject([{ rank: 1, rights: { creator: 'thief' } }]);
    expect(await rightsUnder()).toMatchObject([{ rank: 1, rights: { creator: 'Ann' } }]);
  });

  it('remembers the twin of a near-duplicate, and the other classes of the same bytes', async () => {
    const scope = await collection(database.db, 'birds');
    const a = await fetched(database.db, [candidate('a'), candidate('a', { wnid: 'n02' })], 'A');
    const { waiting } = await store(database.db, [candidate('b')]);
    const twin = photo('B', { perceptualHash: photo('A').perceptualHash });
    const b = await stored(database.db, waiting[0] ?? 0, twin);
    await decideAs(database.db, scope, [kept(a, 'n01'), kept(a, 'n02'), kept(b, 'n01', { maxTrueProb: 0.1 })]);
    await buildShortlist(scope, 15);
    const listed = await collect(listShortlist(database.db, scope));
    expect(
      listed.map(({ wnid, sha256, reason, twinSha256, alsoIn }) => [wnid, sha256, reason, twinSha256, alsoIn]),
    ).toEqual([
      ['n01', photo('A').sha256, null, null, ['n02']],
      ['n01', photo('B').sha256, 'near-duplicate', photo('A').sha256, []],
      ['n02', photo('A').sha256, null, null, ['n01']],
    ]);
    expect((await funnel(scope)).totals.leftOut).toEqual({ cap: 0, nearDuplicate: 1, target: 0 });
  });

  it('is replaced as a whole, and the same catalogue gives the same', async () => {
    const [birds, cats] = [await collection(database.db, 'birds'), await collection(database.db, 'cats')];
    const ids = await messyCatalogue(birds);
    await decideAs(database.db, cats, [kept(ids['b'] ?? 0, 'n01')]);
    await buildShortlist(cats, 15);
    await buildShortlist(birds, 1);
    const first = await collect(listShortlist(database.db, birds));
    await buildShortlist(birds, 1);
    expect(await collect(listShortlist(database.db, birds))).toEqual(first);
    await buildShortlist({ ...birds, decisionSha256: sha256Of('new rules') }, 1);
    expect(await collect(listShortlist(database.db, birds))).toEqual([]);
    expect(await collect(listShortlist(database.db, cats))).toHaveLength(1);
    expect(await versionsOf(database.db, 'shortlist')).toHaveLength(2);
  });

  it('keeps the time of its building as long as nothing changes', async () => {
    const scope = await collection(database.db, 'birds');
    const { g = 0 } = await messyCatalogue(scope);
    const built = async (cap: number) => {
      await buildAnew(database.db, scope, { policy: { cap, nearDuplicateDistance: 6 }, backboneId: null });
      return {
        at: (await readBuiltAt(database.db, scope.collectionId)).getTime(),
        rows: await versionsOf(database.db, 'shortlist_entry'),
      };
    };
    const first = await built(15);
    expect(await built(15)).toEqual(first);
    const otherCap = await built(1);
    expect(otherCap.at).toBeGreaterThan(first.at);
    await decideAs(database.db, scope, [kept(g, 'n02')]);
    expect((await built(1)).at).toBeGreaterThan(otherCap.at);
  });

  it('excludes a photo whose licence the collection no longer allows', async () => {
    const scope = await collection(database.db, 'birds');
    await messyCatalogue(scope);
    expect(await keptPhotos(database.db, scope)).toHaveLength(3);
    expect(await keptPhotos(database.db, { ...scope, licences: ['CC0-1.0'] })).toEqual([]);
  });
});

describe('the story of a photo', () => {
  it('has everything that is known about it, for every way to ask for it', async () => {
    const scope = await collection(database.db, 'birds');
    const { a = 0 } = await messyCatalogue(scope);
    const list = await registerClassList(database.db, sha256Of('list'), scope.wnids);
    const memberId = await cpuMember(database.db, 'lite0', list);
    const cell = summariseCrop(Float32Array.from([0, 1, 5]), [0]);
    const evidence = noEvidence(1).map((cells) => cells.with(4, cell));
    await database.db
      .transaction()
      .execute((trx) => storeEvidence(trx, [{ photoId: a, evidence, withLogits: true }], [memberId]));
    await buildShortlist(scope, 15);
    const { sha256, perceptualHash } = photo('A');
    const stories = await readStories(database.db, { sha256Prefix: sha256 });
    expect(stories).toHaveLength(1);
    const [story] = stories;
    expect(story?.photo).toMatchObject({ id: a, sha256, width: 640, bytes: 100_000, perceptualHash });
    expect(story?.candidates.map(({ source, sourceId, wnid, state }) => [source, sourceId, wnid, state])).toEqual([
      ['folder', 'a', 'n01', 'fetched'],
      ['folder', 'a', 'n02', 'fetched'],
      ['folder', 'a copy.jpg', 'n01', 'fetched'],
      ['flickr', '77', 'n01', 'fetched'],
      ['flickr', '77', 'n02', 'fetched'],
    ]);
    expect(story?.decisions).toMatchObject([
      { collection: 'birds', wnid: 'n01', state: 'kept', isCurrent: true, shortlist: { state: 'listed', rank: 1 } },
      { collection: 'birds', wnid: 'n02', state: 'dropped', reason: 'correct', shortlist: null },
    ]);
    const [, ofN02] = softmax([0, 1, 5]);
    expect(story?.evidence).toEqual([
      {
        classList: sha256Of('list'),
        collections: [],
        model: 'lite0',
        executionProvider: 'cpu',
        crop: 4,
        top1: 'n03',
        pTop1: cell.top1Prob,
        hasLogits: true,
        // Stored for the first class, computed from the logits for the second.
        pTrue: { n01: cell.trueProbs.get(0), n02: ofN02 },
        decides: [],
      },
    ]);
    for (const key of [{ sha256Prefix: sha256.slice(0, 9) }, { source: 'flickr', sourceId: '77' }])
      expect(await readStories(database.db, key)).toEqual(stories);
  });

  it('names the class list of evidence, the names of its classes, and the crop that decided', async () => {
    const { db } = database;
    const scope = await collection(db, 'birds');
    const photoId = await fetched(db, [candidate('a')], 'A');
    const lists = [sha256Of('list'), sha256Of('another')] as const;
    await db
      .updateTable('collection')
      .set({ definition: JSON.stringify({ classListSha256: lists[0], names: { n01: 'my own bird' } }) })
      .where('name', '=', 'birds')
      .execute();
    for (const sha256 of lists) {
      const list = await registerClassList(db, sha256, scope.wnids);
      const memberId = await cpuMember(db, 'lite0', list);
      const evidence = noEvidence(1).map((cells) => cells.with(4, summariseCrop(Float32Array.from([5, 1, 0]), [0])));
      await db
        .transaction()
        .execute((trx) => storeEvidence(trx, [{ photoId, evidence, withLogits: false }], [memberId]));
      if (sha256 === lists[0]) await decideAs(db, scope, [{ ...dropped(photoId, 'n01'), memberId }]);
    }
    const [story] = await readStories(db, { source: 'folder', sourceId: 'a' });
    expect(story?.evidence).toMatchObject([
      { classList: lists[0], collections: ['birds'], decides: [{ collection: 'birds', wnid: 'n01' }] },
      { classList: lists[1], collections: [], decides: [] },
    ]);
    const usual = (name: string): Map<string, { name: string }> => new Map([['n01', { name }]]);
    expect(await readClassNames(db, usual('bird'))).toEqual(new Map([['n01', 'my own bird']]));
    expect(await readClassNames(db, usual('my own bird'))).toEqual(new Map());
  });

  it('says why a picture never became a photo', async () => {
    await messyCatalogue(await collection(database.db, 'birds'));
    expect(await readStories(database.db, { source: 'folder', sourceId: 'link' })).toMatchObject([
      { photo: null, candidates: [{ state: 'dropped', reason: 'outside-folder' }], decisions: [], evidence: [] },
    ]);
    expect(await readStories(database.db, { source: 'folder', sourceId: 'stranger' })).toMatchObject([
      { candidates: [{ state: 'dropped', reason: 'unknown-class', wnid: 'fork' }] },
    ]);
  });

  it('says that a decision was made under other rules', async () => {
    const scope = await collection(database.db, 'birds');
    await messyCatalogue(scope);
    const [story] = await readStories(database.db, { source: 'folder', sourceId: 'e' });
    expect(story?.decisions).toMatchObject([{ state: 'kept', isCurrent: false }]);
  });

  it('is empty for an unknown photo, and has several photos for a hash prefix of several', async () => {
    await messyCatalogue(await collection(database.db, 'birds'));
    expect(await readStories(database.db, { sha256Prefix: 'f'.repeat(64) })).toEqual([]);
    expect(await readStories(database.db, { source: 'folder', sourceId: 'nothing' })).toEqual([]);
    expect((await readStories(database.db, { sha256Prefix: '' })).length).toBe(8);
  });
});
