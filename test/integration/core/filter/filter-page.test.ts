import { beforeEach, describe, expect, it } from 'vitest';
import { whatIf } from '../../../../src/core/filter/what-if/what-if.process.ts';
import type { EvaluationResult, EvaluationTask } from '../../../../src/core/filter/engine/evaluated-photo.ts';
import { filterPage, type FilterDeps } from '../../../../src/core/filter/run/filter.process.ts';
import type { FilterPolicy, Policy } from '../../../../src/core/filter/rule/policy.ts';
import type { DecisionScope } from '../../../../src/core/models/workspace/scope.ts';
import type { LostPhoto } from '../../../../src/core/photo/lost-bytes.process.ts';
import type { CompletedCounts } from '../../../../src/core/filter/run/complete.process.ts';
import { countUndecided, forgetFailed } from '../../../../src/core/filter/run/decision.repository.ts';
import { undecidedPhotoIds } from '../../../../src/core/filter/run/photo-tally.repository.ts';
import { countIncomplete } from '../../../../src/core/filter/run/incomplete.repository.ts';
import { readEvidence, registerClassList } from '../../../../src/core/models/evidence/evidence.repository.ts';
import { findRelatedMembers } from '../../../../src/core/models/evidence/related-members.repository.ts';
import { LostBytes } from '../../../../src/core/kernel/blobs.ts';
import { GiveUpOnItem } from '../../../../src/core/kernel/errors.ts';
import { evaluateBatch } from '../../../support/evaluate-batch.ts';
import { useDatabase } from '../../../support/database.ts';
import { ownBackbones } from '../../../support/own-backbones.ts';
import { sha256Of } from '../../../support/sha256.ts';
import { POLICIES } from '../../../unit/core/filter/rule/cases.ts';
import {
  candidate,
  collection,
  emptyCatalogue,
  fetched,
  photo,
  versionsOf,
  cpuMember,
} from '../../../support/catalogue-fixtures.ts';

const database = useDatabase({ poolSize: 6 });
beforeEach(() => emptyCatalogue(database.db));

const POLICY: Policy = { threshold: 0.15, aggregation: 'max', members: 'any' };
const INPUT = {
  size: 4,
  shorterSide: 5,
  isSquare: false,
  interpolation: 'bilinear-antialias',
  mean: [0, 0, 0],
  std: [1, 1, 1],
} as const;

/** A member that predicts class `floor(g / 10)` for a picture of level g, with certainty. */
const memberOver = (classes: number) => ({
  input: INPUT,
  run: (tensor: Float32Array, crops: number): Promise<Float32Array[]> =>
    Promise.resolve(
      Array.from({ length: crops }, (_, crop) => {
        const level = tensor[crop * 3 * INPUT.size ** 2] ?? 0;
        return Float32Array.from([0, 1, 2].slice(0, classes), (at) => (at === Math.floor(level / 10) ? 9 : level % 10));
      }),
    ),
});

const BROKEN = {
  input: INPUT,
  run: (_: Float32Array, crops: number) =>
    Promise.resolve(Array.from({ length: crops }, () => Float32Array.of(Number.NaN, 0, 0))),
};

interface Choices {
  readonly name?: string;
  readonly scope?: Partial<DecisionScope>;
  readonly levels: Readonly<Record<string, number | Error>>;
  readonly stopAfter?: number;
  readonly policy?: FilterPolicy;
  readonly evaluate?: 'needed' | 'all';
  readonly list?: string;
  /** True if the second member gives NaN for everything. */
  readonly isSecondBroken?: boolean;
}

const WHAT_IF = {
  grid: { policies: [POLICY], caps: [15], nearDuplicateDistance: 6 },
  samples: 1,
  signal: new AbortController().signal,
};

/** A collection with two such members. `levels` has the picture's level by the name of its photo. */
async function setting({
  name = 'birds',
  scope: changes = {},
  levels,
  stopAfter,
  policy = POLICY,
  evaluate,
  list: listName = 'list',
  isSecondBroken = false,
}: Choices) {
  const scope = await collection(database.db, name, changes);
  const list = await registerClassList(database.db, sha256Of(listName), scope.wnids);
  const memberIds: number[] = [];
  for (const model of ['one', 'two']) memberIds.push(await cpuMember(database.db, model, list));
  const batches: (readonly EvaluationTask[])[] = [];
  const decoded: string[] = [];
  /** Crops that ran, by photo. */
  const ran = new Map<string, number>();
  const counts = { kept: 0, dropped: 0, failed: 0 };
  const levelOf = new Map(Object.entries(levels).map(([photoName, level]) => [photo(photoName).sha256, level]));
  let asked = 0;
  const engine = {
    async evaluate(tasks: readonly EvaluationTask[]): Promise<readonly EvaluationResult[]> {
      batches.push(tasks);
      const results = await evaluateBatch(tasks, {
        ...ownBackbones([memberOver(scope.wnids.length), isSecondBroken ? BROKEN : memberOver(scope.wnids.length)]),
        policies: [policy],
        evaluate: evaluate ?? 'needed',
        cropsPerPass: 3,
        shouldStop: () => (asked += 1) > (stopAfter ?? Number.POSITIVE_INFINITY),
        async decode(sha256, use) {
          decoded.push(sha256);
          const level = levelOf.get(sha256);
          if (typeof level !== 'number') throw level ?? new Error('no such picture');
          return use({ width: 6, height: 5, data: new Uint8Array(90).fill(level) });
        },
      });
      for (const [i, { fresh }] of results.entries()) {
        const crops = fresh.flat().filter((cell) => cell !== null).length;
        const sha256 = tasks[i]?.sha256 ?? '';
        if (crops > 0) ran.set(sha256, (ran.get(sha256) ?? 0) + crops);
      }
      return results;
    },
  };
  const deps: FilterDeps = {
    db: database.db,
    scope,
    policy,
    memberIds,
    batchPhotos: 2,
    engine,
    shouldStop: () => stopAfter !== undefined && asked > stopAfter,
    onDecided(decided) {
      counts.kept += decided.kept;
      counts.dropped += decided.dropped;
      counts.failed += decided.failed;
    },
  };
  return { deps, scope, batches, decoded, ran, counts };
}
type Setting = Awaited<ReturnType<typeof setting>>;

async function decisions(): Promise<unknown[]> {
  const rows = await database.db
    .selectFrom('decision')
    .innerJoin('collection', 'collection.id', 'decision.collection_id')
    .select(['name', 'photo_id', 'wnid', 'state', 'decision.reason', 'confusion_wnid'])
    .orderBy('name')
    .orderBy('photo_id')
    .orderBy('wnid')
    .execute();
  return rows.map((row) => [row.name, row.photo_id, row.wnid, row.state, row.reason ?? row.confusion_wnid]);
}

/** Cells of one photo: how many there are, and how many have logits. */
async function cells(photoId: number, memberIds: readonly number[]): Promise<[number, number]> {
  const matrix = (await readEvidence(database.db, [photoId], memberIds)).get(photoId)?.flat() ?? [];
  const stored = matrix.filter((cell) => cell !== null);
  return [stored.length, stored.filter((cell) => cell.logits !== null).length];
}

describe('filterPage', () => {
  it('decides every photo of the page for each of its classes, in batches, with the evidence for it', async () => {
    const a = await fetched(database.db, [candidate('a'), candidate('a', { wnid: 'n02' })], 'A');
    const b = await fetched(database.db, [candidate('b')], 'B');
    const c = await fetched(database.db, [candidate('c', { wnid: 'n03' })], 'C');
    const levels = { A: 10, B: 0, C: new GiveUpOnItem('cut off', { code: 'unreadable' }) };
    const { deps, scope, batches, counts } = await setting({ levels });
    await filterPage({ page: 0 }, deps);
    expect(await decisions()).toEqual([
      ['birds', a, 'n01', 'kept', 'n02'],
      ['birds', a, 'n02', 'dropped', 'correct'],
      ['birds', b, 'n01', 'dropped', 'correct'],
      ['birds', c, 'n03', 'failed', 'undecodable'],
    ]);
    expect(counts).toEqual({ kept: 1, dropped: 2, failed: 1 });
    expect(batches.map((tasks) => tasks.length).toSorted((one, other) => one - other)).toEqual([1, 2]);
    // Kept: all crops and their logits; dropped: one crop and none; failed: nothing.
    expect(await cells(a, deps.memberIds)).toEqual([20, 20]);
    expect(await cells(b, deps.memberIds)).toEqual([1, 0]);
    expect(await cells(c, deps.memberIds)).toEqual([0, 0]);
    expect(await countUndecided(database.db, scope)).toBe(0);
  });

  it('does nothing when run again', async () => {
    await fetched(database.db, [candidate('a')], 'A');
    const { deps, batches } = await setting({ levels: { A: 10 } });
    await filterPage({ page: 0 }, deps);
    const before = [await versionsOf(database.db, 'decision'), await versionsOf(database.db, 'evidence')];
    await filterPage({ page: 0 }, deps);
    await filterPage({ page: 1 }, deps);
    expect([await versionsOf(database.db, 'decision'), await versionsOf(database.db, 'evidence')]).toEqual(before);
    expect(batches).toHaveLength(1);
  });

  it('decides everything once and equally if two workers run it at the same moment', async () => {
    for (let i = 0; i < 12; i += 1) await fetched(database.db, [candidate(`p${i}`)], `photo ${i}`);
    const levels = Object.fromEntries(Array.from({ length: 12 }, (_, i) => [`photo ${i}`, 10 * (i % 3)]));
    const { deps } = await setting({ levels });
    await Promise.all([filterPage({ page: 0 }, deps), filterPage({ page: 0 }, deps), filterPage({ page: 0 }, deps)]);
    expect((await decisions()).length).toBe(12);
    expect(await countUndecided(database.db, deps.scope)).toBe(0);
  });

  it('uses evidence of another collection over the same classes, and both keep their evidence', async () => {
    const a = await fetched(database.db, [candidate('a'), candidate('a', { wnid: 'n02' })], 'A');
    const birds = await setting({ levels: { A: 10 }, scope: { licences: 'any' } });
    await filterPage({ page: 0 }, birds.deps);
    const cats = await setting({ name: 'cats', levels: { A: new Error('opened again') } });
    await filterPage({ page: 0 }, cats.deps);
    expect(await decisions()).toEqual([
      ['birds', a, 'n01', 'kept', 'n02'],
      ['birds', a, 'n02', 'dropped', 'correct'],
      ['cats', a, 'n01', 'kept', 'n02'],
      ['cats', a, 'n02', 'dropped', 'correct'],
    ]);
  });

  it('keeps the evidence when stopped half-way, and continues from there', async () => {
    const a = await fetched(database.db, [candidate('a')], 'A');
    const stopped = await setting({ levels: { A: 10 }, stopAfter: 6 });
    await filterPage({ page: 0 }, stopped.deps);
    expect(await decisions()).toEqual([]);
    const [known] = await cells(a, stopped.deps.memberIds);
    expect(known).toBeGreaterThan(0);
    expect(known).toBeLessThan(20);
    const again = await setting({ name: 'cats', levels: { A: 10 } });
    await filterPage({ page: 0 }, again.deps);
    expect(again.batches[0]?.[0]?.evidence.flat().filter((cell) => cell !== null)).toHaveLength(known);
    expect(await cells(a, again.deps.memberIds)).toEqual([20, 20]);
  });

  it('decides no photo without bytes, decides the others, and says what to check', async () => {
    const [, b, c] = [
      await fetched(database.db, [candidate('a')], 'A'),
      await fetched(database.db, [candidate('b')], 'B'),
      await fetched(database.db, [candidate('c')], 'C'),
    ];
    const gone = new LostBytes('missing', 'no such file');
    const { deps, scope } = await setting({ levels: { A: gone, B: 10, C: 0 } });
    await expect(filterPage({ page: 0 }, deps)).rejects.toMatchObject({
      name: 'RetryLater',
      code: 'bytes-absent',
      message: expect.stringMatching(/bytes of the photo .*no such file.*--data/),
    });
    expect(await decisions()).toEqual([
      ['birds', b, 'n01', 'kept', 'n02'],
      ['birds', c, 'n01', 'dropped', 'correct'],
    ]);
    expect(await countUndecided(database.db, scope)).toBe(1);
  });

  it('leaves out photos with lost bytes in a run that sets them aside, and decides the others', async () => {
    const a = await fetched(database.db, [candidate('a')], 'A');
    const b = await fetched(database.db, [candidate('b')], 'B');
    const wrong = new LostBytes('wrong', 'they hash to others');
    const { deps, scope, decoded } = await setting({ levels: { A: wrong, B: 10 } });
    const ids = new Set<number>();
    const setAside = {
      has: (photoId: number) => ids.has(photoId),
      add(lost: readonly LostPhoto[]) {
        for (const { photoId } of lost) ids.add(photoId);
        return Promise.resolve(true);
      },
    };
    expect(await filterPage({ page: 0 }, { ...deps, setAside })).toBe(1);
    expect([await decisions(), [...ids]]).toEqual([[['birds', b, 'n01', 'kept', 'n02']], [a]]);
    expect(await filterPage({ page: 0 }, { ...deps, setAside })).toBe(0);
    expect(decoded).toEqual([photo('A').sha256, photo('B').sha256]);
    expect(await undecidedPhotoIds(database.db, scope, { after: 0, limit: 9 })).toEqual([a]);
    expect(await undecidedPhotoIds(database.db, scope, { after: 0, limit: 9, except: [a] })).toEqual([]);
    expect([await countUndecided(database.db, scope, [a]), await countUndecided(database.db, scope, [])]).toEqual([
      1, 0,
    ]);
    // If the whole store is missing, nothing is set aside.
    const unmounted = { ...setAside, has: () => false, add: () => Promise.resolve(false) };
    await expect(filterPage({ page: 0 }, { ...deps, setAside: unmounted })).rejects.toMatchObject({
      code: 'bytes-absent',
    });
  });

  it('ends, storing nothing, once another filter has started on the collection with other rules', async () => {
    await fetched(database.db, [candidate('a')], 'A');
    const { deps, scope } = await setting({ levels: { A: 10 } });
    const others = Buffer.from(sha256Of('other rules'), 'hex');
    await database.db
      .updateTable('collection')
      .set({ decision_sha256: others })
      .where('id', '=', scope.collectionId)
      .execute();
    await expect(filterPage({ page: 0 }, deps)).rejects.toMatchObject({ name: 'StopTheRun', code: 'other-rules' });
    expect([await decisions(), await versionsOf(database.db, 'evidence')]).toEqual([[], []]);
  });

  it('uses evidence of the same models over more classes, and runs only the crops that it leaves open', async () => {
    // A is kept for n01, B and C are dropped as n01 and n03, D has not been decided yet.
    const ids: number[] = [];
    for (const [name, wnid] of Object.entries({ A: 'n01', B: 'n01', C: 'n03', D: 'n01' }))
      ids.push(await fetched(database.db, [candidate(name, { wnid })], name));
    const [a = -1, b = -1, , d = -1] = ids;
    const levels = { A: 10, B: 0, C: 20, D: 10 };
    const more = await setting({ levels: { ...levels, D: new LostBytes('missing', 'not yet') } });
    await expect(filterPage({ page: 0 }, more.deps)).rejects.toMatchObject({ code: 'bytes-absent' });

    const fewer = await setting({ name: 'two', scope: { wnids: ['n01', 'n02'] }, list: 'shorter', levels });
    const related = await findRelatedMembers(database.db, fewer.deps.memberIds);
    expect(related.map(({ memberId, member, places }) => [memberId, member, places])).toEqual(
      more.deps.memberIds.map((memberId, member) => [memberId, member, [0, 1]]),
    );
    expect(await findRelatedMembers(database.db, more.deps.memberIds)).toEqual([]);
    const source = { db: database.db, scope: fewer.scope, memberIds: fewer.deps.memberIds };
    const before = await whatIf(source, WHAT_IF);
    expect(before.settings[0]?.totals).toMatchObject({ kept: 1, dropped: 1, undecided: 1, missingCrops: 20 });
    await filterPage({ page: 0 }, { ...fewer.deps, related });
    expect((await decisions()).filter((row) => Array.isArray(row) && row[0] === 'two')).toEqual([
      ['two', a, 'n01', 'kept', 'n02'],
      ['two', b, 'n01', 'dropped', 'correct'],
      ['two', d, 'n01', 'kept', 'n02'],
    ]);
    // The kept photo's evidence is now ours, with logits. The dropped photos need no evidence of ours. Only D ran.
    expect(await cells(a, fewer.deps.memberIds)).toEqual([20, 20]);
    expect(await cells(b, fewer.deps.memberIds)).toEqual([0, 0]);
    expect(fewer.decoded).toEqual([photo('D').sha256]);
    const after = await whatIf(source, WHAT_IF);
    expect(after.settings[0]?.totals).toMatchObject({ kept: 2, dropped: 1, undecided: 0 });
    expect(after.settings[0]?.changed).toBe(0);
  });

  it('completes the evidence of decided photos if every crop is wanted, and leaves the decisions unchanged', async () => {
    const ids = new Map<string, number>();
    for (const name of ['A', 'B', 'C', 'D']) ids.set(name, await fetched(database.db, [candidate(name)], name));
    const levels = { A: 10, B: 0, C: 0, D: 0 };
    const first = await setting({ levels });
    await filterPage({ page: 0 }, first.deps);
    const decided = await versionsOf(database.db, 'decision');
    const { memberIds, scope } = first.deps;
    expect(await countIncomplete(database.db, { scope, policy: POLICY, memberIds, givenUp: new Set() })).toBe(3);

    const gone = new LostBytes('missing', 'no such file');
    const givenUp = new Set<number>();
    const completed: CompletedCounts[] = [];
    const completing = { givenUp, onCompleted: (counts: CompletedCounts) => completed.push(counts) };
    // Interrupted and resumed. One photo has lost its bytes, which does not keep the run from ending.
    const stopped = await setting({ name: 'stopped', levels: { ...levels, D: gone }, evaluate: 'all', stopAfter: 3 });
    await filterPage({ page: 0 }, { ...stopped.deps, scope, completing });
    const again = await setting({ name: 'again', levels: { ...levels, D: gone }, evaluate: 'all' });
    await filterPage({ page: 0 }, { ...again.deps, scope, completing });
    // Stopped, the first run could not tell yet whether some setting needs the logits of the crops that it ran.
    for (const name of ['B', 'C'])
      expect(await cells(ids.get(name) ?? -1, memberIds)).toEqual([20, expect.toSatisfy((logits) => logits < 4)]);
    expect(await cells(ids.get('D') ?? -1, memberIds)).toEqual([1, 0]);
    expect([...givenUp]).toEqual([ids.get('D')]);
    const sum = (of: (counts: CompletedCounts) => number): number => completed.reduce((all, one) => all + of(one), 0);
    expect([sum(({ done }) => done), sum(({ crops }) => crops)]).toEqual([2, 38]);
    expect(await countIncomplete(database.db, { scope, policy: POLICY, memberIds, givenUp })).toBe(0);
    expect(await versionsOf(database.db, 'decision')).toEqual(decided);
    expect(again.counts).toEqual({ kept: 0, dropped: 0, failed: 0 });
  });

  describe.each(['A', 'O'] as const)('where every crop is wanted, in mode %s', (mode) => {
    const settings: FilterPolicy[] =
      mode === 'A'
        ? POLICIES.flatMap((rules) => [0.01, 0.15, 0.5, 0.99].map((threshold) => ({ mode, ...rules, threshold })))
        : [0, 0.3, 0.9, 1].map((minConfidence) => ({ mode, minConfidence, predictable: [1] }));
    const [policy = POLICY] = mode === 'A' ? [POLICY] : [{ mode, minConfidence: 0.9, predictable: [1] }];
    const scope = mode === 'A' ? {} : { concepts: { only: null, not: ['n01', 'n02', 'n03'] as const } };
    const wnid = mode === 'A' ? 'n01' : 'a concept';
    const levels = { sure: 0, unsure: 9, other: 10 };
    const completing = { givenUp: new Set<number>(), onCompleted: () => undefined };

    const undecidedOf = async ({ deps: { db, memberIds }, scope: of }: Setting): Promise<number[]> => {
      const grid = { policies: settings, caps: [15], nearDuplicateDistance: 6 };
      const { settings: told } = await whatIf({ db, scope: of, memberIds }, { ...WHAT_IF, grid });
      return told.map(({ totals }) => totals.undecided + totals.missingCrops);
    };
    const ranOf = ({ ran }: Setting): (number | undefined)[] =>
      Object.keys(levels).map((name) => ran.get(photo(name).sha256));

    beforeEach(async () => {
      for (const name of Object.keys(levels)) await fetched(database.db, [candidate(name, { wnid })], name);
    });

    it('leaves no photo undecided under any setting, and runs no crop twice', async () => {
      const first = await setting({ scope, policy, levels, evaluate: 'all' });
      await filterPage({ page: 0 }, { ...first.deps, completing });
      expect(ranOf(first)).toEqual([20, 20, 20]);
      expect(await undecidedOf(first)).toEqual(settings.map(() => 0));
      const { memberIds } = first.deps;
      expect(await countIncomplete(database.db, { scope: first.scope, policy, memberIds, ...completing })).toBe(0);
      const again = await setting({ name: 'again', scope, policy, levels, evaluate: 'all' });
      await filterPage({ page: 0 }, { ...again.deps, scope: first.scope, completing });
      expect(again.batches).toEqual([]);
    });

    it('runs crops of early decided photos again only if some setting needs their logits', async () => {
      const early = await setting({ scope, policy, levels });
      await filterPage({ page: 0 }, early.deps);
      const before = ranOf(early);
      expect(Math.max(...(await undecidedOf(early)))).toBeGreaterThan(0);
      const all = await setting({ name: 'all', scope, policy, levels, evaluate: 'all' });
      await filterPage({ page: 0 }, { ...all.deps, scope: early.scope, completing });
      expect(await undecidedOf(early)).toEqual(settings.map(() => 0));
      // Mode A keeps the last photo, mode O keeps it by its first member alone. The first one is dropped whatever the setting.
      const keptCrops = mode === 'A' ? 20 : 10;
      expect(before).toEqual(mode === 'A' ? [1, 1, keptCrops] : [2, 2, keptCrops]);
      expect(ranOf(all)).toEqual(mode === 'A' ? [19, 20, undefined] : [18, 20, 10]);
      const again = await setting({ name: 'again', scope, policy, levels, evaluate: 'all' });
      await filterPage({ page: 0 }, { ...again.deps, scope: early.scope, completing });
      expect(again.batches).toEqual([]);
    });
  });

  it('sets aside photos without finite numbers from a model, keeps the evidence of others, and retries only the rest', async () => {
    const a = await fetched(database.db, [candidate('a'), candidate('a', { wnid: 'n02' })], 'A');
    const b = await fetched(database.db, [candidate('b')], 'B');
    const levels = { A: 10, B: 0 };
    const broken = await setting({ levels, isSecondBroken: true, evaluate: 'all' });
    const givenUp = new Set<number>();
    await filterPage({ page: 0 }, { ...broken.deps, completing: { givenUp, onCompleted: () => undefined } });
    expect(await decisions()).toEqual([
      ['birds', a, 'n01', 'failed', 'poison'],
      ['birds', a, 'n02', 'dropped', 'correct'],
      ['birds', b, 'n01', 'dropped', 'correct'],
    ]);
    const { detail } = await database.db
      .selectFrom('decision')
      .select('detail')
      .where('reason', '=', 'poison')
      .executeTakeFirstOrThrow();
    expect(detail).toMatch(
      /^a model gave no finite numbers for it: 'member 1' on crop 0 \(NaN at class 0 of 3\) and on crops 1, 2, .*, 9$/,
    );
    expect(broken.counts).toEqual({ kept: 0, dropped: 2, failed: 1 });
    // No caller waits for crops that cannot be evaluated.
    expect([...givenUp]).toEqual([a, b]);
    const { memberIds } = broken.deps;
    expect([await cells(a, memberIds), await cells(b, memberIds)]).toEqual([
      [10, 10],
      [10, 10],
    ]);
    expect(await countUndecided(database.db, broken.scope)).toBe(0);

    expect(await forgetFailed(database.db, 'poison')).toBe(1);
    const sound = await setting({ levels, name: 'sound' });
    await filterPage({ page: 0 }, { ...sound.deps, scope: broken.scope });
    expect(sound.batches.flat().map(({ evidence }) => evidence.flat().filter((cell) => cell !== null).length)).toEqual([
      10,
    ]);
    expect((await decisions())[0]).toEqual(['birds', a, 'n01', 'kept', 'n02']);
  });

  it('stores nothing of a batch that fails', async () => {
    await fetched(database.db, [candidate('a')], 'A');
    await fetched(database.db, [candidate('b')], 'B');
    const { deps } = await setting({ levels: { A: 10, B: new Error('too many open files') } });
    await expect(filterPage({ page: 0 }, deps)).rejects.toThrow('too many open files');
    expect([await decisions(), await versionsOf(database.db, 'evidence')]).toEqual([[], []]);
  });
});
