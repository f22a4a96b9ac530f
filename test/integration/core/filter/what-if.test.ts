import { sql } from 'kysely';
import { beforeEach, describe, expect, it } from 'vitest';
import { whatIf, type WhatIf, type WhatIfSource } from '../../../../src/core/filter/what-if/what-if.process.ts';
import { completeEvidence } from '../../../../src/core/filter/run/complete.process.ts';
import { decide } from '../../../../src/core/filter/rule/decide.ts';
import { statesOfPhotos } from '../../../../src/core/filter/run/decision.repository.ts';
import { evaluateBatch } from '../../../support/evaluate-batch.ts';
import { decisionFor } from '../../../../src/core/filter/rule/judge.ts';
import type { FilterPolicy, Policy } from '../../../../src/core/filter/rule/policy.ts';
import type { DecisionScope } from '../../../../src/core/models/workspace/scope.ts';
import { readWithout } from '../../../../src/core/filter/what-if/left-out.process.ts';
import { storedPages } from '../../../../src/core/filter/what-if/stored-page.repository.ts';
import { readEvidenceUnder, readStored } from '../../../../src/core/filter/what-if/policy-readings.ts';
import {
  registerClassList,
  readEvidence,
  storeEvidence,
} from '../../../../src/core/models/evidence/evidence.repository.ts';
import { findRelatedMembers, readKnown } from '../../../../src/core/models/evidence/related-members.repository.ts';
import { overOurs } from '../../../../src/core/models/evidence/related-members.ts';
import { summariseCrop, type PhotoEvidence } from '../../../../src/core/models/evidence/evidence.ts';
import { LostBytes } from '../../../../src/core/kernel/blobs.ts';
import { setBytesState } from '../../../../src/core/photo/pruned.repository.ts';
import { keptPhotos } from '../../../../src/core/shortlist/shortlist.repository.ts';
import { countShortlist } from '../../../../src/core/shortlist/shortlist.ts';
import { shortlistAll } from '../../../unit/core/shortlist/sample-rows.ts';
import { collect } from '../../../support/collect.ts';
import type { RgbImage } from '../../../../src/core/platform/image/raster.ts';
import { useDatabase } from '../../../support/database.ts';
import {
  cellOf,
  cropsOf,
  emptyMatrix,
  POLICIES,
  randomCase,
  reveal,
  type Matrix,
} from '../../../unit/core/filter/rule/cases.ts';
import { seededRandom } from '../../../support/random.ts';
import { ownBackbones } from '../../../support/own-backbones.ts';
import { sha256Of } from '../../../support/sha256.ts';
import {
  candidate,
  collection,
  decideAs,
  dropped,
  emptyCatalogue,
  fetched,
  fetchedAll,
  versionsOf,
  cpuMember,
} from '../../../support/catalogue-fixtures.ts';

const database = useDatabase({ poolSize: 6 });
beforeEach(() => emptyCatalogue(database.db));

const PAPERS: Policy = { mode: 'A', threshold: 0.15, aggregation: 'max', members: 'any' };
const NEVER = new AbortController().signal;

/** A collection of three or other classes, and the members of the evidence. */
async function source(
  members: number,
  changes: Partial<DecisionScope> = {},
  sigmoid: readonly boolean[] = [],
): Promise<WhatIfSource> {
  const scope = await collection(database.db, 'birds', changes);
  const list = await registerClassList(database.db, sha256Of('list'), scope.wnids);
  const memberIds: number[] = [];
  for (let i = 0; i < members; i += 1)
    memberIds.push(await cpuMember(database.db, `${sigmoid[i] === true ? 'sigmoid' : 'model'} ${i}`, list));
  return { db: database.db, scope, memberIds };
}

/** Stores a photo's evidence, with logits if the matrix has them. */
async function store(photoId: number, matrix: Matrix, memberIds: readonly number[]): Promise<void> {
  await storeAll([[photoId, matrix]], memberIds);
}

async function storeAll(photos: readonly (readonly [number, Matrix])[], memberIds: readonly number[]): Promise<void> {
  const part = (withLogits: boolean) =>
    photos.map(([photoId, matrix]) => {
      const isWanted = (cell: Matrix[number][number]): boolean => (cell?.logits === null) !== withLogits;
      const evidence = matrix.map((row) => row.map((cell) => (isWanted(cell) ? cell : null)));
      return { photoId, evidence, withLogits };
    });
  await database.db.transaction().execute(async (trx) => {
    await storeEvidence(trx, part(false), memberIds);
    await storeEvidence(trx, part(true), memberIds);
  });
}

/** Decides everything in the collection under a policy from the stored evidence, as the filter does. */
async function decideAll({ scope, memberIds }: WhatIfSource, policy: FilterPolicy): Promise<void> {
  const { db } = database;
  const ids = (await db.selectFrom('photo').select('id').execute()).map(({ id }) => id);
  const evidence = await readEvidence(db, ids, memberIds);
  const decisions = (await statesOfPhotos(db, scope, ids)).flatMap(({ photoId, wnids }) =>
    wnids.flatMap(
      (wnid) => decisionFor({ photoId, wnid }, evidence.get(photoId) ?? [], { scope, policy, memberIds }) ?? [],
    ),
  );
  await decideAs(db, scope, decisions);
}

async function settingsOf(from: WhatIfSource, policies: readonly FilterPolicy[], caps = [15]): Promise<WhatIf> {
  return whatIf(from, { grid: { policies, caps, nearDuplicateDistance: 6 }, samples: 2, signal: NEVER });
}

/** Two members' logits over three classes, the same on every crop, for a photo of class n01. */
function uniform(logits: readonly number[], crops = 10): Matrix {
  const cell = summariseCrop(Float32Array.from(logits), [0]);
  return [0, 1].map(() => Array.from({ length: 10 }, (_, crop) => (crop < crops ? cell : null)));
}

const withoutLogits = (matrix: Matrix): Matrix =>
  matrix.map((row) => row.map((cell) => (cell === null ? null : { ...cell, logits: null })));

describe('readings from stored summaries', () => {
  it.each([{ classes: ['n01', 'n02', 'n03', 'n04'] }, { classes: ['n02'] }])(
    'agree with decisions from the evidence, for any stored part of it and candidates of $classes',
    async ({ classes }) => {
      const random = seededRandom(5);
      const sigmoid = [false, true, false];
      const from = await source(3, { wnids: ['n01', 'n02', 'n03', 'n04'], classes }, sigmoid);
      const positions = classes.map((wnid) => from.scope.wnids.indexOf(wnid));
      const photos: { truth: number; matrix: Matrix }[] = [];
      for (let i = 0; i < 150; i += 1) {
        const rules = random.pick([
          { aggregation: 'max', members: 'any' } as const,
          { aggregation: 'mean', members: 'all' } as const,
        ]);
        const one = { ...randomCase(random, rules), sigmoid };
        const matrix = emptyMatrix(3);
        const logitShare = random.pick([0, 0.5, 1]);
        const share = random.pick([0.2, 1]);
        for (const ref of cropsOf(one))
          if (random.next() < share) reveal(matrix, ref, cellOf(one, ref, random.next() < logitShare));
        // Some photos are candidates of another class than the one that p was stored for.
        const isOwn = random.next() < 0.8 && positions.includes(one.truth);
        const truth = isOwn ? one.truth : (positions[random.below(positions.length)] ?? -1);
        photos.push({ truth, matrix });
      }
      const ids = await fetchedAll(
        database.db,
        photos.map(({ truth }, i) => candidate(`p${i}`, { wnid: from.scope.wnids[truth] ?? '' })),
      );
      await storeAll(
        photos.map(({ matrix }, i) => [ids[i] ?? -1, matrix]),
        from.memberIds,
      );
      const truths = new Map(photos.map(({ truth }, i) => [ids[i], truth]));
      const policies = POLICIES.flatMap((rules) => [0.1, 0.15, 0.4].map((threshold) => ({ ...rules, threshold })));
      const counts = { stored: 0, read: 0 };
      await database.db.transaction().execute(async (trx) => {
        const [page = []] = await collect(
          storedPages(trx, from.scope, { memberIds: from.memberIds, subjects: classes }),
        );
        expect(page.map(({ photoId }) => photoId)).toEqual(ids.toSorted((a, b) => a - b));
        const evidence = await readEvidence(trx, ids, from.memberIds);
        for (const photo of page) {
          const whole = evidence.get(photo.photoId) ?? [];
          const truth = truths.get(photo.photoId) ?? -1;
          expect([photo.truth, photo.subject]).toEqual([truth, positions.indexOf(truth)]);
          const told = readStored(photo, policies);
          counts[told === null ? 'read' : 'stored'] += 1;
          const { outcomes } = told ?? readEvidenceUnder(whole, { truth, policies });
          const wanted = policies.map((policy) => decide(whole, truth, policy));
          expect(outcomes.map(({ state, missing }) => [state, missing])).toEqual(
            wanted.map((outcome) => [outcome.state, outcome.state === 'undecided' ? outcome.missing.length : 0]),
          );
        }
      });
      expect(counts.stored).toBeGreaterThan(50);
      expect(counts.read).toBeGreaterThan(5);
    },
  );

  it('agree with decisions that use the same models over more classes', async () => {
    const random = seededRandom(9);
    const from = await source(2, { wnids: ['n01', 'n02', 'n04'] });
    const list = await registerClassList(database.db, sha256Of('longer list'), ['n00', 'n01', 'n02', 'n03', 'n04']);
    const relatedIds = [await cpuMember(database.db, 'model 0', list), await cpuMember(database.db, 'model 1', list)];
    const related = await findRelatedMembers(database.db, from.memberIds);
    expect(related.map(({ memberId }) => memberId)).toEqual(relatedIds);
    const photos: { truth: number; ours: Matrix; theirs: Matrix }[] = [];
    for (let i = 0; i < 100; i += 1) {
      const truth = random.below(3);
      const place = related[0]?.places[truth] ?? -1;
      const [share, relatedShare, logitShare] = [random.pick([0, 0.3, 1]), random.pick([0.3, 1]), random.pick([0, 1])];
      const dislike = random.below(6);
      const theirs = emptyMatrix(2).map((row) =>
        row.map(() => {
          const logits = Float32Array.from({ length: 5 }, (_, at) => random.below(4) - (at === place ? dislike : 0));
          return summariseCrop(logits, [place]);
        }),
      );
      const ours = theirs.map((row, member) =>
        row.map((cell) => (related[member] === undefined ? cell : overOurs(cell, related[member].places, [truth]))),
      );
      const some = (matrix: Matrix, part: number): Matrix =>
        matrix.map((row) =>
          row.map((cell) =>
            cell === null || random.next() > part
              ? null
              : random.next() < logitShare
                ? cell
                : { ...cell, logits: null },
          ),
        );
      photos.push({ truth, ours: some(ours, share), theirs: some(theirs, relatedShare) });
    }
    const ids = await fetchedAll(
      database.db,
      photos.map(({ truth }, i) => candidate(`p${i}`, { wnid: from.scope.wnids[truth] ?? '' })),
    );
    const of = (whose: 'ours' | 'theirs') => photos.map((one, i) => [ids[i] ?? -1, one[whose]] as const);
    await storeAll(of('ours'), from.memberIds);
    await storeAll(of('theirs'), relatedIds);
    const policies = POLICIES.flatMap((rules) => [0.1, 0.4].map((threshold) => ({ ...rules, threshold })));
    const told = { stored: 0, read: 0 };
    const states = new Set<string>();
    await database.db.transaction().execute(async (trx) => {
      const { memberIds } = from;
      const [page = []] = await collect(
        storedPages(trx, from.scope, { memberIds, related, subjects: from.scope.wnids }),
      );
      const asked = photos.map(({ truth }, i) => ({ photoId: ids[i] ?? -1, truths: [truth] }));
      const known = await readKnown(trx, asked, { memberIds, related });
      for (const photo of page) {
        const evidence = known.get(photo.photoId)?.evidence ?? [];
        const reading = readStored(photo, policies, related);
        told[reading === null ? 'read' : 'stored'] += 1;
        const { outcomes } = reading ?? readEvidenceUnder(evidence, { truth: photo.truth, policies });
        const wanted = policies.map((policy) => decide(evidence, photo.subject, policy));
        for (const { state } of wanted) states.add(state);
        expect(outcomes.map(({ state, missing }) => [state, missing])).toEqual(
          wanted.map((outcome) => [outcome.state, outcome.state === 'undecided' ? outcome.missing.length : 0]),
        );
      }
    });
    expect(Math.min(told.stored, told.read)).toBeGreaterThan(10);
    expect(states).toEqual(new Set(['kept', 'dropped', 'undecided']));
  });

  it('agree with decisions from the evidence in mode O', async () => {
    const random = seededRandom(7);
    const from = await source(1, { wnids: ['n01', 'n02', 'n03', 'n04', 'n05'], concepts: { only: null, not: [] } });
    const subjects = ['a concept'];
    const matrices: Matrix[] = [];
    for (let i = 0; i < 80; i += 1) {
      const top = 1 + random.below(4);
      const matrix = emptyMatrix(1).map((row) =>
        row.map(() => {
          const logits = Float32Array.from({ length: 5 }, (_, at) => (at === top ? 4 * random.next() : random.next()));
          return random.next() < 0.5 ? null : { ...summariseCrop(logits, []), logits: i % 8 === 0 ? logits : null };
        }),
      );
      matrices.push(matrix);
    }
    const stored = await fetchedAll(
      database.db,
      matrices.map((_, i) => candidate(`p${i}`, { wnid: 'a concept' })),
    );
    await storeAll(
      matrices.map((matrix, i) => [stored[i] ?? -1, matrix]),
      from.memberIds,
    );
    const policies = [0.2, 0.5, 0.8, 0.9].flatMap((minConfidence) =>
      [[0, 3], [4], [1, 2, 3]].map((predictable): FilterPolicy => ({ mode: 'O', minConfidence, predictable })),
    );
    const states = new Set<string>();
    await database.db.transaction().execute(async (trx) => {
      const [page = []] = await collect(storedPages(trx, from.scope, { memberIds: from.memberIds, subjects }));
      const ids = page.map(({ photoId }) => photoId);
      const evidence = await readEvidence(trx, ids, from.memberIds);
      expect(ids).toHaveLength(80);
      for (const photo of page) {
        const wanted = readEvidenceUnder(evidence.get(photo.photoId) ?? [], { truth: 0, policies });
        expect(readStored(photo, policies) ?? wanted).toEqual(wanted);
        for (const { state } of wanted.outcomes) states.add(state);
      }
    });
    expect(states).toEqual(new Set(['undecided', 'dropped']));
  });

  it('agree in mode O with decisions that use the same model over more classes', async () => {
    const random = seededRandom(10);
    const from = await source(1, { wnids: ['n01', 'n02', 'n03', 'n04'], concepts: { only: null, not: [] } });
    const list = await registerClassList(database.db, sha256Of('longer list'), ['n00', 'n01', 'n02', 'n03', 'n04']);
    const relatedId = await cpuMember(database.db, 'model 0', list);
    const related = await findRelatedMembers(database.db, from.memberIds);
    const places = related[0]?.places ?? [];
    const photos: { ours: Matrix; theirs: Matrix }[] = [];
    for (let i = 0; i < 120; i += 1) {
      const [top, second] = [random.below(5), random.below(5)];
      const theirs = Array.from({ length: 10 }, () =>
        summariseCrop(
          Float32Array.from({ length: 5 }, (_, at) => 6 * Number(at === top) + 5 * Number(at === second)),
          [],
        ),
      );
      const ours = theirs.map((cell) => overOurs(cell, places, []));
      const some = (row: Matrix[number], share: number, logitShare: number): Matrix => [
        row.map((cell) => {
          if (cell === null || random.next() > share) return null;
          return random.next() < logitShare ? cell : { ...cell, logits: null };
        }),
      ];
      photos.push({
        ours: some(ours, random.pick([0, 0.3]), 0.5),
        theirs: some(theirs, random.pick([0.5, 1]), random.pick([0, 0, 1])),
      });
    }
    const ids = await fetchedAll(
      database.db,
      photos.map((_, i) => candidate(`p${i}`, { wnid: 'a concept' })),
    );
    const of = (whose: 'ours' | 'theirs') => photos.map((one, i) => [ids[i] ?? -1, one[whose]] as const);
    await storeAll(of('ours'), from.memberIds);
    await storeAll(of('theirs'), [relatedId]);
    const predictables = [
      [0, 3],
      [1, 2, 3],
    ];
    const policies = [0.2, 0.6, 0.9].flatMap((minConfidence) =>
      predictables.map((predictable): FilterPolicy => ({ mode: 'O', minConfidence, predictable })),
    );
    const states = new Set<string>();
    const told = { stored: 0, read: 0 };
    await database.db.transaction().execute(async (trx) => {
      const { memberIds, scope } = from;
      const [page = []] = await collect(storedPages(trx, scope, { memberIds, related, subjects: ['a concept'] }));
      const asked = page.map(({ photoId }) => ({ photoId, truths: [] }));
      const known = await readKnown(trx, asked, { memberIds, related });
      for (const photo of page) {
        const evidence = known.get(photo.photoId)?.evidence ?? [];
        const wanted = readEvidenceUnder(evidence, { truth: photo.truth, policies });
        const reading = readStored(photo, policies, related);
        told[reading === null ? 'read' : 'stored'] += 1;
        expect(reading ?? wanted).toEqual(wanted);
        for (const { state } of wanted.outcomes) states.add(state);
      }
    });
    expect(Math.min(told.stored, told.read)).toBeGreaterThan(10);
    expect(states).toEqual(new Set(['kept', 'undecided', 'dropped']));
  });

  it('follow evidence that is added, also by two at once, changed, and removed', async () => {
    const { memberIds } = await source(2);
    const photoId = await fetched(database.db, [candidate('a')], 'A');
    const whole = uniform([0, 3, 1]);
    const half = (of: number): PhotoEvidence =>
      whole.map((row) => row.map((cell, crop) => (crop % 2 === of ? cell : null)));
    const put = (evidence: PhotoEvidence, withLogits: boolean): Promise<void> =>
      database.db.transaction().execute((trx) => storeEvidence(trx, [{ photoId, evidence, withLogits }], memberIds));
    await Promise.all([half(0), half(1), half(0)].map((evidence) => put(evidence, false)));
    expect(await problemsOfDigest()).toEqual([]);
    await put(half(1), true);
    expect(await problemsOfDigest()).toEqual([]);
    await database.db.deleteFrom('evidence').where('crop', '>', 3).execute();
    expect(await problemsOfDigest()).toEqual([]);
    expect(await versionsOf(database.db, 'evidence_digest')).toHaveLength(2);
    await database.db.deleteFrom('evidence').execute();
    expect(await versionsOf(database.db, 'evidence_digest')).toEqual([]);
    await store(photoId, whole, memberIds);
    await sql`truncate evidence`.execute(database.db);
    expect(await versionsOf(database.db, 'evidence_digest')).toEqual([]);
  });
});

/** Rows whose crops differ from those of the evidence. */
async function problemsOfDigest(): Promise<unknown[]> {
  const { rows } = await sql`
    select coalesce(g.photo_id, e.photo_id) as photo, length(g.cells) as bytes, e.bytes as expected from evidence_digest g
    full join (select photo_id, member_id, sum(14 + 10 * cardinality(true_classes))::int as bytes from evidence group by 1, 2) as e
      on e.photo_id = g.photo_id and e.member_id = g.member_id
    where length(g.cells) is distinct from e.bytes`.execute(database.db);
  return rows;
}

describe('whatIf', () => {
  it('counts the results of filter and shortlist under each setting, and writes nothing', async () => {
    const random = seededRandom(6);
    const from = await source(2);
    const truths = Array.from({ length: 60 }, () => random.below(3));
    const ids = await fetchedAll(
      database.db,
      truths.map((truth, i) => candidate(`p${i}`, { wnid: from.scope.wnids[truth] ?? '' })),
    );
    await storeAll(
      truths.map((truth, i) => {
        const logits = [0, 1, 2].map((at) => (at === truth ? 3 * random.next() - 2 : 3 * random.next()));
        return [ids[i] ?? -1, uniform(logits)];
      }),
      from.memberIds,
    );
    await decideAll(from, PAPERS);
    const before = [await versionsOf(database.db, 'decision'), await versionsOf(database.db, 'evidence')];
    const policies = [0.05, 0.15, 0.3].map((threshold) => ({ ...PAPERS, threshold }));
    const found = await settingsOf(from, policies, [1, 4]);
    expect([await versionsOf(database.db, 'decision'), await versionsOf(database.db, 'evidence')]).toEqual(before);
    expect(found.photos).toBe(60);
    for (const { policy, cap, totals, bySubject } of found.settings) {
      const scope = { ...from.scope, decisionSha256: sha256Of(JSON.stringify(policy)) };
      await decideAll({ ...from, scope }, policy);
      const kept = await keptPhotos(database.db, scope);
      const rows = shortlistAll(kept, { cap, nearDuplicateDistance: 6 });
      expect(totals).toMatchObject({ kept: kept.length, undecided: 0, missingCrops: 0, dropped: 60 - kept.length });
      expect(totals.shortlisted).toBe(countShortlist(rows).listed);
      expect(bySubject.map((counts) => counts.kept)).toEqual(
        from.scope.wnids.map((wnid) => kept.filter((photo) => photo.wnid === wnid).length),
      );
    }
    const [strict, , , , loose] = found.settings;
    expect(strict?.totals.kept).toBeLessThan(loose?.totals.kept ?? 0);
  });

  it('lists the photos that change, always the same ones, and leaves out photos that no policy decides', async () => {
    const from = await source(2);
    const make = async (name: string, matrix: Matrix): Promise<number> => {
      const id = await fetched(database.db, [candidate(name)], name);
      await store(id, matrix, from.memberIds);
      return id;
    };
    const [a] = [await make('kept', uniform([0, 2, 1])), await make('safe', uniform([-6, 2, 1]))];
    const b = await make('dropped early', withoutLogits(uniform([1, 2, 0], 1)));
    const c = await fetched(database.db, [candidate('broken')], 'broken');
    const d = await fetched(database.db, [candidate('known')], 'known');
    await decideAll(from, PAPERS);
    await decideAs(database.db, from.scope, [
      { ...dropped(c, 'n01'), state: 'failed', reason: 'undecodable', maxTrueProb: null },
      { ...dropped(d, 'n01'), reason: 'in-reference-set', maxTrueProb: null, crop: null },
    ]);
    const policies = [0.05, 0.15, 0.3].map((threshold) => ({ ...PAPERS, threshold }));
    const found = await settingsOf(from, policies);
    expect(found.present).toEqual({ kept: 2, undecided: 0, dropped: 2, failed: 1 });
    expect(found.settings.map(({ totals }) => totals)).toEqual([
      { kept: 1, undecided: 0, missingCrops: 0, dropped: 3, failed: 1, shortlisted: 1 },
      { kept: 2, undecided: 0, missingCrops: 0, dropped: 2, failed: 1, shortlisted: 2 },
      { kept: 2, undecided: 1, missingCrops: 18, dropped: 1, failed: 1, shortlisted: 2 },
    ]);
    expect(found.settings.map(({ changed }) => changed)).toEqual([1, 0, 1]);
    expect(found.samples).toMatchObject([
      { photoId: a, subject: 0, from: 'kept', to: 'dropped', under: [0] },
      { photoId: b, subject: 0, from: 'dropped', to: 'undecided', under: [2] },
    ]);
    expect(found.undecidedIds).toEqual([b]);
    expect(await settingsOf(from, policies)).toEqual(found);
  });

  it('counts in mode O what another confidence would keep', async () => {
    const from = await source(1, { concepts: { only: null, not: ['n01', 'n02', 'n03'] } });
    const row = (logits: readonly number[], crops: number): Matrix => uniform(logits, crops).slice(0, 1);
    const make = async (name: string, matrix: Matrix): Promise<void> => {
      const id = await fetched(database.db, [candidate(name, { wnid: `concept of ${name}` })], name);
      await store(id, matrix, from.memberIds);
    };
    await make('sure', row([0, 5, 0], 10));
    await make('fairly sure', row([0, 2.5, 0], 10));
    await make('unsure', withoutLogits(row([0.5, 0.2, 0], 2)));
    const policies = [0.3, 0.8, 0.9].map((minConfidence): FilterPolicy => ({
      mode: 'O',
      minConfidence,
      predictable: [1, 2],
    }));
    await decideAll(from, policies[1] ?? PAPERS);
    const found = await settingsOf(from, policies);
    expect(found.present).toMatchObject({ kept: 2, dropped: 0, undecided: 1 });
    const looser = { kept: 2, undecided: 1, missingCrops: 10, dropped: 0, shortlisted: 2 };
    const strictest = { kept: 1, undecided: 0, missingCrops: 0, dropped: 2, shortlisted: 1 };
    expect(found.settings.map(({ totals }) => totals)).toMatchObject([looser, looser, strictest]);
  });
});

describe('completing evidence', () => {
  const INPUT = {
    size: 4,
    shorterSide: 5,
    isSquare: false,
    interpolation: 'bilinear-antialias',
    mean: [0, 0, 0],
    std: [1, 1, 1],
  } as const;

  /** An engine with two members that give a picture of level g the logits [g / 10, 2, 0], and count their crops. */
  function engineFor(policies: readonly Policy[], isThere: (sha256: string) => boolean = () => true) {
    const crops = [0, 0];
    const members = crops.map((_, member) => ({
      input: INPUT,
      run: (tensor: Float32Array, count: number): Promise<Float32Array[]> => {
        crops[member] = (crops[member] ?? 0) + count;
        return Promise.resolve(
          Array.from({ length: count }, (__, i) => Float32Array.of((tensor[i * 48] ?? 0) / 10, 2, 0)),
        );
      },
    }));
    const deps = {
      ...ownBackbones(members),
      policies,
      evaluate: 'needed' as const,
      cropsPerPass: 3,
      shouldStop: () => false,
      async decode<T>(sha256: string, use: (image: RgbImage) => T) {
        if (!isThere(sha256)) throw new LostBytes('missing', 'no such file');
        return use({ width: 6, height: 5, data: new Uint8Array(90).fill(Number.parseInt(sha256.slice(0, 1), 16)) });
      },
    };
    return { crops, engine: { evaluate: (tasks: Parameters<typeof evaluateBatch>[0]) => evaluateBatch(tasks, deps) } };
  }

  it('runs crops that a looser setting lacks once, and changes no decision; a stricter setting needs none', async () => {
    const from = await source(2);
    for (let i = 0; i < 12; i += 1) {
      const id = await fetched(database.db, [candidate(`p${i}`)], `photo ${i}`);
      await store(
        id,
        withoutLogits(uniform([0.9, 2, 0], 1)).map((row, member) => (member === 0 ? row : row.map(() => null))),
        from.memberIds,
      );
    }
    await decideAll(from, PAPERS);
    const decisions = await versionsOf(database.db, 'decision');
    const [stricter, looser]: Policy[] = [0.05, 0.6].map((threshold) => ({ ...PAPERS, threshold }));
    const found = await settingsOf(from, [stricter ?? PAPERS, looser ?? PAPERS]);
    expect(found.settings.map(({ totals }) => [totals.dropped, totals.undecided, totals.missingCrops])).toEqual([
      [12, 0, 0],
      [0, 12, 12 * 19],
    ]);
    const fill = async (isThere?: (sha256: string) => boolean) => {
      const { undecidedIds } = await settingsOf(from, [looser ?? PAPERS]);
      const photos = (await statesOfPhotos(database.db, from.scope, undecidedIds)).map((one) => ({
        ...one,
        truths: [0],
      }));
      const policies = [looser ?? PAPERS];
      const { crops, engine } = engineFor(policies, isThere);
      const { db, memberIds } = from;
      const counts = await completeEvidence(photos, { db, memberIds, policies, evaluate: 'needed', engine });
      return { ...counts, ran: crops.reduce((a, b) => a + b, 0) };
    };
    // Photos without bytes are reported and stay undecided.
    const lost = (await database.db.selectFrom('photo').select('sha256').where('id', '<=', 2).execute()).map(
      ({ sha256 }) => sha256.toString('hex'),
    );
    const first = await fill((sha256) => !lost.includes(sha256));
    expect(first.absent).toHaveLength(2);
    expect(first.lost.map(({ sha256 }) => sha256).toSorted()).toEqual(lost.toSorted());
    // Pruned photos are not reported: they have no bytes for a good reason.
    const setBytes = async (state: 'stored' | 'pruned'): Promise<void> =>
      database.db.transaction().execute((trx) => setBytesState(trx, [1], state));
    await setBytes('pruned');
    const others = await fill((sha256) => !lost.includes(sha256));
    expect([others.absent, others.lost.map(({ photoId }) => photoId), others.ran]).toEqual([[1, 2], [2], 0]);
    await setBytes('stored');
    // The only known crop has no logits, which a kept photo needs.
    expect([first.photos, first.crops, first.ran]).toEqual([10, 200, 200]);
    const second = await fill();
    expect([second.photos, second.crops, second.ran, second.absent]).toEqual([2, 40, 40, []]);
    const third = await fill();
    expect([third.photos, third.ran]).toEqual([0, 0]);
    const after = await settingsOf(from, [looser ?? PAPERS]);
    expect(after.settings.map(({ totals }) => [totals.kept, totals.undecided])).toEqual([[12, 0]]);
    expect(await versionsOf(database.db, 'decision')).toEqual(decisions);
  });
});

it('the set without a member has photos that only it drops, and loses those that only it keeps', async () => {
  const from = await source(2);
  const [right, wrong] = [
    [4, 0, 0],
    [0, 4, 0],
  ].map((logits) => uniform(logits)[0] ?? []);
  const none = (right ?? []).map(() => null);
  const matrices = {
    both: [right, right],
    first: [right, wrong],
    second: [wrong, right],
    kept: [wrong, wrong],
    early: [right, none],
  };
  const ids = new Map<string, number>();
  for (const [name, matrix] of Object.entries(matrices)) {
    const id = await fetched(database.db, [candidate(name)], name);
    ids.set(name, id);
    await store(id, name === 'kept' ? (matrix as Matrix) : withoutLogits(matrix as Matrix), from.memberIds);
  }
  const read = async (policy: Policy) => {
    await decideAll(from, policy);
    const policies = [0, 1].map((without) => ({ ...policy, without }));
    const nameOf = (photoId: number) => [...ids].find(([, id]) => id === photoId)?.[0] ?? '';
    return (await readWithout(from, { policies, signal: NEVER })).map(({ lost, gained, undecidedIds }) => ({
      lost: [...lost].map((key) => nameOf(Number.parseInt(key, 10))),
      gained: gained.map(({ photoId, wnid }) => `${nameOf(photoId)} ${wnid}`),
      undecided: undecidedIds.map(nameOf),
    }));
  };
  expect(await read(PAPERS)).toEqual([
    { lost: [], gained: ['first n01'], undecided: ['early'] },
    { lost: [], gained: ['second n01'], undecided: [] },
  ]);
});
