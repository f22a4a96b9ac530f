import { describe, expect, it } from 'vitest';
import { LostBytes } from '../../../../../src/core/kernel/blobs.ts';
import { WorkTally } from '../../../../../src/core/filter/engine/engine-tally.ts';
import { decide, type Outcome } from '../../../../../src/core/filter/rule/decide.ts';
import { EvaluatedPhoto, type EvaluationTask } from '../../../../../src/core/filter/engine/evaluated-photo.ts';
import type { Policy } from '../../../../../src/core/filter/rule/policy.ts';
import { CropStream } from '../../../../../src/core/models/evidence/crop-stream.process.ts';
import { evaluateBatch, type EvaluationDeps } from '../../../../support/evaluate-batch.ts';
import {
  mergeEvidence,
  noEvidence,
  type CropEvidence,
  type PhotoEvidence,
} from '../../../../../src/core/models/evidence/evidence.ts';
import type { ModelInput } from '../../../../../src/core/models/evidence/member.ts';
import { GiveUpOnItem } from '../../../../../src/core/kernel/errors.ts';
import { toSha256, type Sha256 } from '../../../../../src/core/kernel/ids.ts';
import type { RgbImage } from '../../../../../src/core/platform/image/raster.ts';
import { essence, POLICIES } from '../rule/cases.ts';
import { ownBackbones } from '../../../../support/own-backbones.ts';
import { seededRandom } from '../../../../support/random.ts';

const CLASSES = 4;
const MAX_ANY: Policy = { threshold: 0.15, aggregation: 'max', members: 'any' };

/** A picture of patches, so that its crops differ. */
function picture(sha256: Sha256): RgbImage {
  const random = seededRandom(Number.parseInt(sha256.slice(-8), 16));
  const [width, height] = [14 + random.below(10), 14 + random.below(10)];
  const patches = Array.from({ length: 27 }, () => random.below(256));
  const data = Uint8Array.from({ length: width * height * 3 }, (_, i) => {
    const [x, y] = [Math.floor(i / 3) % width, Math.floor(i / 3 / width)];
    return patches[(Math.floor((3 * x) / width) * 3 + Math.floor((3 * y) / height)) * 3 + (i % 3)] ?? 0;
  });
  return { width, height, data };
}

const photo = (n: number): Sha256 => toSha256(n.toString(16).padStart(64, '0'));

/** A small model: each class likes the values of its own part of the picture. Counts what it is asked. */
class PatchMember {
  readonly input: ModelInput;
  readonly passes: number[] = [];
  constructor(size: number) {
    this.input = {
      size,
      shorterSide: size + 3,
      isSquare: false,
      interpolation: 'bilinear-antialias',
      mean: [127, 127, 127],
      std: [64, 64, 64],
    };
  }

  get crops(): number {
    return this.passes.reduce((total, crops) => total + crops, 0);
  }

  run(tensor: Float32Array, crops: number): Promise<Float32Array[]> {
    this.passes.push(crops);
    const values = tensor.length / crops;
    return Promise.resolve(
      Array.from({ length: crops }, (_, crop) => logitsOf(tensor.subarray(crop * values, (crop + 1) * values))),
    );
  }
}

function logitsOf(values: Float32Array): Float32Array {
  const part = values.length / CLASSES;
  return Float32Array.from({ length: CLASSES }, (_, at) => {
    const some = values.subarray(Math.floor(at * part), Math.floor((at + 1) * part));
    return (3 * some.reduce((total, value) => total + value, 0)) / some.length;
  });
}

function setting(changes: Partial<EvaluationDeps> = {}) {
  const members = [new PatchMember(8), new PatchMember(9)] as const;
  const decoded: Sha256[] = [];
  const decode: EvaluationDeps['decode'] = (sha256, use) => {
    decoded.push(sha256);
    return Promise.resolve(use(picture(sha256)));
  };
  const always = {
    ...ownBackbones(members),
    policies: [MAX_ANY],
    evaluate: 'needed',
    cropsPerPass: 4,
    decode,
    shouldStop: () => false,
  } as const;
  const deps: EvaluationDeps = { ...always, ...changes };
  return { members, decoded, deps, crops: () => members[0].crops + members[1].crops };
}

const task = (n: number, truths: readonly number[], evidence: PhotoEvidence = noEvidence(2)): EvaluationTask => ({
  sha256: photo(n),
  truths,
  evidence,
});
/** Photos of one class each; with `hasTwo`, each fifth is of two. */
const tasksOf = (count: number, hasTwo = true): EvaluationTask[] =>
  Array.from({ length: count }, (_, n) => task(n, hasTwo && n % 5 === 0 ? [0, 3] : [n % CLASSES]));

const outcomesOf = (tasks: readonly EvaluationTask[], fresh: readonly PhotoEvidence[], policy: Policy): Outcome[] =>
  tasks.flatMap((one, i) =>
    one.truths.map((truth) => decide(mergeEvidence(one.evidence, fresh[i] ?? []), truth ?? -1, policy)),
  );

async function evaluate(
  tasks: readonly EvaluationTask[],
  { deps }: ReturnType<typeof setting>,
): Promise<PhotoEvidence[]> {
  return (await evaluateBatch(tasks, deps)).map((result) => {
    expect(result.problem).toBeNull();
    return result.fresh;
  });
}

/** As it is stored of a photo that is not kept. */
const summaryOf = (cell: CropEvidence | null): CropEvidence | null =>
  cell === null ? null : { ...cell, logits: null };

/** Everything decided in batches of any size and order, some of which end early; what they did is stored and gone on with. */
async function evaluateAtRandom(
  tasks: readonly EvaluationTask[],
  policy: Policy,
  seed: number,
): Promise<PhotoEvidence[]> {
  const random = seededRandom(seed);
  const stored = tasks.map((one) => ({ ...one, evidence: noEvidence(2) }));
  let open = random.shuffle(tasks.map((_, n) => n));
  while (open.length > 0) {
    const batch = open.splice(0, 1 + random.below(9));
    let passes = random.below(12);
    const deps = {
      policies: [policy],
      cropsPerPass: 1 + random.below(6),
      shouldStop: () => open.length > 0 && (passes -= 1) < 0,
    };
    const asked = batch.flatMap((n) => stored[n] ?? []);
    const fresh = await evaluate(asked, setting(deps));
    const states = asked.map((one, i) => outcomesOf([one], fresh.slice(i, i + 1), policy).map(({ state }) => state));
    const left = batch.filter((_, i) => states[i]?.includes('undecided') === true);
    for (const [i, n] of batch.entries()) {
      const one = stored[n];
      const merged = mergeEvidence(one?.evidence ?? [], fresh[i] ?? []);
      const keepsLogits = !left.includes(n) || random.next() < 0.9;
      if (one !== undefined) one.evidence = keepsLogits ? merged : merged.map((row) => row.map(summaryOf));
    }
    open = random.shuffle([...open, ...left]);
  }
  return stored.map(({ evidence }) => evidence);
}

const cellsOf = (fresh: PhotoEvidence): number => fresh.flat().filter((cell) => cell !== null).length;

describe('evaluateBatch', () => {
  it.each(POLICIES)('decides as all crops do, with fewer of them: $aggregation, $members', async (rules) => {
    const policy = { ...rules, threshold: 0.15 };
    const tasks = tasksOf(40);
    const [needed, all] = [setting({ policies: [policy] }), setting({ policies: [policy], evaluate: 'all' })];
    const some = await evaluate(tasks, needed);
    const every = await evaluate(tasks, all);
    expect(every.map(cellsOf)).toEqual(tasks.map(() => 20));
    const wanted = outcomesOf(tasks, every, policy).map(essence);
    expect(outcomesOf(tasks, some, policy).map(essence)).toEqual(wanted);
    expect(new Set(wanted.map((outcome) => JSON.stringify(outcome).slice(0, 12))).size).toBe(2);
    expect(needed.crops()).toBe(some.reduce((total, fresh) => total + cellsOf(fresh), 0));
    expect(needed.members[0].crops).toBeLessThan(all.members[0].crops);
  });

  it.each(POLICIES)('decides the same however photos arrive and stop: $aggregation, $members', async (rules) => {
    const policy = { ...rules, threshold: 0.15 };
    const tasks = tasksOf(16);
    const every = await evaluate(tasks, setting({ policies: [policy], evaluate: 'all' }));
    const wanted = outcomesOf(tasks, every, policy).map(essence);
    for (let seed = 0; seed < 4; seed += 1) {
      const evidence = await evaluateAtRandom(tasks, policy, seed);
      expect(outcomesOf(tasks, evidence, policy).map(essence)).toEqual(wanted);
    }
  });

  it('decides under every policy that is asked for, with no crop more than they need', async () => {
    const policies = POLICIES.flatMap((rules) => [0.1, 0.4].map((threshold) => ({ ...rules, threshold })));
    const tasks = tasksOf(20, false);
    const fresh = await evaluate(tasks, setting({ policies }));
    const every = await evaluate(tasks, setting({ evaluate: 'all' }));
    for (const one of policies)
      expect(outcomesOf(tasks, fresh, one).map(essence)).toEqual(outcomesOf(tasks, every, one).map(essence));
    const again = setting({ policies });
    await evaluate(
      tasks.map((one, i) => ({ ...one, evidence: fresh[i] ?? [] })),
      again,
    );
    expect(again.decoded).toEqual([]);
  });

  it('runs only the member that an ensemble gained, on the photos that the others have kept', async () => {
    const tasks = Array.from({ length: 40 }, (_, n) => task(n, [n % CLASSES], noEvidence(1)));
    const [first] = setting().members;
    const alone = setting(ownBackbones([first]));
    const fresh = await evaluate(tasks, alone);
    const states = outcomesOf(tasks, fresh, MAX_ANY).map(({ state }) => state);
    const kept = states.filter((state) => state === 'kept').length;
    expect(kept).toBeGreaterThan(2);
    const both = setting();
    await evaluate(
      tasks.map((one, i) => ({ ...one, evidence: [...(fresh[i] ?? []), ...noEvidence(1)] })),
      both,
    );
    expect(both.members[0].crops).toBe(0);
    expect(both.decoded).toHaveLength(kept);
    expect(both.members[1].crops).toBeLessThanOrEqual(10 * kept);
  });

  it('tells what cannot be decoded, and goes on with the rest', async () => {
    const one = setting({
      decode: (sha256, use) =>
        sha256 === photo(1)
          ? Promise.reject(new GiveUpOnItem('Expected a photo but received noise', { code: 'unreadable' }))
          : Promise.resolve(use(picture(sha256))),
    });
    const results = await evaluateBatch([task(0, [0]), task(1, [0]), task(2, [0])], one.deps);
    const problem = { kind: 'undecodable', detail: 'Expected a photo but received noise' };
    expect(results.map((result) => result.problem)).toEqual([null, problem, null]);
    expect(results.map((result) => cellsOf(result.fresh) > 0)).toEqual([true, false, true]);
  });

  it('tells that bytes are gone', async () => {
    const gone = new LostBytes('missing', 'no such file');
    const results = await evaluateBatch([task(0, [0])], setting({ decode: () => Promise.reject(gone) }).deps);
    expect(results).toEqual([{ problem: { kind: 'absent', detail: 'no such file' }, fresh: noEvidence(2) }]);
  });

  it('condemns no photo for what may pass: the batch fails as a whole', async () => {
    const passing = Object.assign(new Error('too many open files'), { code: 'EMFILE' });
    await expect(
      evaluateBatch([task(0, [0])], setting({ decode: () => Promise.reject(passing) }).deps),
    ).rejects.toThrow(passing);
  });

  it('ends early when asked to, with what it has, and goes on from there', async () => {
    const tasks = tasksOf(6, false);
    let asked = 0;
    const stopped = setting({ shouldStop: () => (asked += 1) > 12 });
    const part = await evaluate(tasks, stopped);
    const ran = part.reduce((total, fresh) => total + cellsOf(fresh), 0);
    expect(ran).toBe(stopped.crops());
    expect(ran).toBeGreaterThan(0);
    expect(outcomesOf(tasks, part, MAX_ANY).map((outcome) => outcome.state)).toContain('undecided');

    const again = tasks.map((one, i) => ({ ...one, evidence: mergeEvidence(one.evidence, part[i] ?? []) }));
    const whole = setting();
    const rest = await evaluate(again, setting());
    expect(outcomesOf(again, rest, MAX_ANY)).toEqual(outcomesOf(tasks, await evaluate(tasks, whole), MAX_ANY));
    expect(ran + rest.reduce((total, fresh) => total + cellsOf(fresh), 0)).toBe(whole.crops());
  });

  it('decodes nothing once it is asked to stop', async () => {
    const one = setting({ shouldStop: () => true });
    expect(await evaluate([task(0, [0])], one)).toEqual([noEvidence(2)]);
    expect(one.decoded).toEqual([]);
  });

  it('runs no crop that is stored, and opens no photo that is decided', async () => {
    const full = await evaluate([task(3, [1])], setting({ evaluate: 'all' }));
    const stored = task(3, [1], full[0]);
    const one = setting();
    expect(await evaluate([stored], one)).toEqual([noEvidence(2)]);
    expect(one.decoded).toEqual([]);
    const half = task(3, [1], full[0]?.map((cells) => cells.map((cell, crop) => (crop % 2 === 0 ? cell : null))) ?? []);
    await evaluate([half], one);
    expect(one.crops()).toBeLessThanOrEqual(10);
  });

  it('runs crops again whose logits are not stored, for a photo that is kept', async () => {
    const kept = await findKept();
    const withoutLogits = kept.fresh.map((cells) => cells.map(summaryOf));
    const one = setting();
    const fresh = await evaluate([{ ...kept.task, evidence: withoutLogits }], one);
    expect(fresh).toEqual([kept.fresh]);
    expect([one.members[0].crops, one.members[1].crops]).toEqual([10, 10]);
  });

  it('names the models and the crops of a photo that gave no numbers, and goes on with other photos of the pass', async () => {
    const photos = tasksOf(3, false);
    const wanted = await evaluate(photos, setting({ evaluate: 'all' }));
    const one = setting({ evaluate: 'all' });
    for (const [at, wrong] of [Number.NaN, Number.POSITIVE_INFINITY].entries()) {
      const member = one.members[at] ?? one.members[0];
      const run = member.run.bind(member);
      const hit = [4, 9].map((crop) => wanted[1]?.[at]?.[crop]?.logits?.[0]);
      member.run = async (...asked) =>
        (await run(...asked)).map((row) => (hit.includes(row[0]) ? row.with(1 + at, wrong) : row));
    }
    const results = await evaluateBatch(photos, one.deps);
    expect(results.map(({ problem }) => problem)).toEqual([
      null,
      {
        kind: 'not-finite',
        detail:
          "a model gave no finite numbers for it: 'member 0' on crop 4 (NaN at class 1 of 4) and on crop 9; 'member 1' on crop 4 (Infinity at class 2 of 4) and on crop 9",
        members: [0, 1],
      },
      null,
    ]);
    const without = wanted.map((cells, i) =>
      i === 1 ? cells.map((row) => row.map((cell, crop) => (crop === 4 || crop === 9 ? null : cell))) : cells,
    );
    expect(results.map(({ fresh }) => fresh)).toEqual(without);
  });

  it.each(POLICIES)(
    'decides alike, whatever the size of a pass, when some crops give no numbers: %j',
    async (rules) => {
      const policy = { ...rules, threshold: 0.15 };
      const tasks = tasksOf(16);
      const ends = [];
      for (let i = 0; i < 4; i += 1) {
        const evaluated = i === 1 ? 'all' : 'needed';
        const { deps, members } = setting({ policies: [policy], cropsPerPass: 1 + i, evaluate: evaluated });
        for (const member of members) {
          const run = member.run.bind(member);
          // By what is seen, as a model does.
          member.run = async (...asked) =>
            (await run(...asked)).map((row) => ((row[0] ?? 0) % 0.1 > 0.085 ? row.with(0, Number.NaN) : row));
        }
        const results = await evaluateBatch(tasks, deps);
        const fresh = results.map((result) => result.fresh);
        const open = tasks.flatMap((one, at) => one.truths.map(() => results[at]?.problem?.kind ?? null));
        ends.push(
          outcomesOf(tasks, fresh, policy).map((outcome, at) =>
            outcome.state === 'undecided' ? open[at] : essence(outcome),
          ),
        );
      }
      expect(new Set(ends.map((end) => JSON.stringify(end))).size).toBe(1);
      expect(ends[0]).toContain('not-finite');
      expect(ends[0]).toContainEqual(expect.objectContaining({ state: 'dropped' }));
    },
  );
});

describe('two members with one backbone', () => {
  /** One small network; the second head turns its logits round. */
  function pair(isShared: boolean): Pick<EvaluationDeps, 'members' | 'backbones'> & { readonly network: PatchMember } {
    const network = new PatchMember(8);
    const heads = [(row: Float32Array) => row, (row: Float32Array) => row.toReversed()];
    const backbone = (members: readonly number[]): EvaluationDeps['backbones'][number] => ({
      input: network.input,
      members,
      run: async (tensor, crops) =>
        (await network.run(tensor, crops)).map((row) => members.map((member) => heads[member]?.(row) ?? row)),
    });
    const backbones = isShared ? [backbone([0, 1])] : [backbone([0]), backbone([1])];
    return { network, members: ['one', 'two'], backbones };
  }

  it.each(POLICIES)('leave the evidence of two separate ones: $aggregation, $members', async (rules) => {
    const policy = { ...rules, threshold: 0.15 };
    const tasks = tasksOf(30);
    const [apart, together] = [pair(false), pair(true)];
    const wanted = await evaluate(tasks, setting({ policies: [policy], ...apart }));
    expect(await evaluate(tasks, setting({ policies: [policy], ...together }))).toEqual(wanted);
    expect(together.network.crops).toBeLessThan(apart.network.crops);
  });

  it('names the head that gave no numbers, and keeps what the other one gave', async () => {
    const { backbones, ...rest } = pair(true);
    const broken = backbones.map((one) => ({
      ...one,
      run: async (tensor: Float32Array, crops: number) =>
        (await one.run(tensor, crops)).map(([row = new Float32Array(), other]) => [
          row,
          other?.with(0, Number.NaN) ?? row,
        ]),
    }));
    const [result] = await evaluateBatch([task(0, [0])], setting({ ...rest, backbones: broken, evaluate: 'all' }).deps);
    expect(result?.problem).toMatchObject({ kind: 'not-finite', members: [1] });
    expect(cellsOf(result?.fresh ?? [])).toBe(10);
  });
});

describe('a stream of photos', () => {
  it('finds the same of photos that come one after the other as of a batch', async () => {
    const tasks = tasksOf(9, false);
    const { deps } = setting();
    const stream = new CropStream(deps);
    const collect = (one: EvaluationTask): Promise<PhotoEvidence> =>
      new Promise((resolve, fail) =>
        stream.push(new EvaluatedPhoto(one, deps, { settle: ({ fresh }) => resolve(fresh), fail })),
      );
    const first = tasks.slice(0, 2).map(collect);
    await first[0];
    expect(await Promise.all([...first, ...tasks.slice(2).map(collect)])).toEqual(await evaluate(tasks, setting()));
    await stream.idle();
  });

  it('has bytes read ahead of those photos only that are to be decoded, and counts what it does', async () => {
    const full = await evaluate([task(3, [1])], setting({ evaluate: 'all' }));
    const ahead: Sha256[] = [];
    const work = new WorkTally();
    const one = setting({ readAhead: (sha256) => ahead.push(sha256), work });
    await evaluate([task(3, [1], full[0]), task(4, [0])], one);
    expect(ahead).toEqual([photo(4)]);
    const passes = [...one.members[0].passes, ...one.members[1].passes];
    expect(work.work).toMatchObject({
      photos: 1,
      crops: passes.reduce((total, crops) => total + crops, 0),
      passes: passes.length,
    });
  });
});

/** The first photo that is kept for its class, with all its evidence. */
async function findKept(): Promise<{ task: EvaluationTask; fresh: PhotoEvidence }> {
  for (let n = 0; n < 100; n += 1) {
    const one = task(n, [n % CLASSES]);
    const [fresh] = await evaluate([one], setting({ evaluate: 'all' }));
    if (fresh !== undefined && decide(fresh, n % CLASSES, MAX_ANY).state === 'kept') return { task: one, fresh };
  }
  throw new Error('no photo is kept');
}
