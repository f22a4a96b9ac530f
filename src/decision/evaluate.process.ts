import {
  CROPS_PER_MEMBER,
  mergeEvidence,
  summariseCrop,
  type CropEvidence,
  type PhotoEvidence,
} from '../evidence/evidence.ts';
import type { ModelInput } from '../evidence/member.ts';
import { PreparedPicture } from '../evidence/prepared-picture.ts';
import { codeOf, GiveUpOnItem, messageOf } from '../kernel/errors.ts';
import type { Sha256 } from '../kernel/ids.ts';
import type { RgbImage } from '../photo/rgb-image.ts';
import { CROP_ORDER, decide } from './decide.ts';
import type { Policy } from './policy.ts';
import { nextRound, type ForwardPass, type OpenPhoto } from './schedule.ts';

/** A photo to be evaluated until every one of its classes is decided. */
export interface EvaluationTask {
  readonly sha256: Sha256;
  /** Positions in the class list: the classes that the photo is a candidate of. */
  readonly truths: readonly number[];
  /** What is stored already. */
  readonly evidence: PhotoEvidence;
}

export interface EvaluationResult {
  /** Only what was evaluated now. */
  readonly fresh: PhotoEvidence;
  /** Why the photo could not be decoded, or null. */
  readonly undecodable: string | null;
}

/** A member that can be run; `run` takes `crops * 3 * size * size` floats and gives `crops` rows of logits over the class list. */
export interface RunnableMember {
  readonly input: ModelInput;
  run(tensor: Float32Array, crops: number): Promise<Float32Array[]>;
}

export interface EvaluationDeps {
  readonly members: readonly RunnableMember[];
  readonly policy: Policy;
  /** `needed` stops at the decision; `all` evaluates every crop (benchmarks, checks against a reference). */
  readonly evaluate: 'needed' | 'all';
  /** Crops in one forward pass at most. */
  readonly cropsPerPass: number;
  /** Rejects with `GiveUpOnItem`, or `ENOENT`, if there are no stored bytes that can be decoded; with another error if it may be tried again. */
  decode(sha256: Sha256): Promise<RgbImage>;
  /** True once the run is asked to end: the batch then returns what it has; undecided photos stay undecided. */
  shouldStop(): boolean;
}

interface OpenTask {
  readonly task: EvaluationTask;
  readonly picture: PreparedPicture | null;
  readonly undecodable: string | null;
  readonly fresh: (CropEvidence | null)[][];
}

/**
 * Evaluates a batch of photos in rounds, most useful crops first, until each is decided for each of its classes.
 * State and confusion are those of evaluating everything; the work is several times less.
 *
 * @returns one result a task, in order
 */
export async function evaluateBatch(
  tasks: readonly EvaluationTask[],
  deps: EvaluationDeps,
): Promise<EvaluationResult[]> {
  const open: OpenTask[] = [];
  for (const task of tasks) open.push(await openTask(task, deps));
  for (;;) {
    const round = nextRound(openPhotos(open, deps), deps.cropsPerPass);
    if (round.length === 0) break;
    for (const pass of round) {
      if (deps.shouldStop()) return results(open);
      await runPass(pass, open, deps);
    }
  }
  return results(open);
}

async function openTask(task: EvaluationTask, deps: EvaluationDeps): Promise<OpenTask> {
  const fresh = deps.members.map(() => Array.from({ length: CROPS_PER_MEMBER }, () => null));
  if (deps.shouldStop() || missingCrops({ task, fresh }, deps).length === 0) {
    return { task, fresh, picture: null, undecodable: null };
  }
  try {
    const image = await deps.decode(task.sha256);
    const picture = new PreparedPicture(
      image,
      deps.members.map((member) => member.input),
    );
    return { task, fresh, picture, undecodable: null };
  } catch (error) {
    // Only what no second try can change condemns a photo: a full table of file handles or a failing disk does not.
    if (!(error instanceof GiveUpOnItem || codeOf(error) === 'ENOENT')) throw error;
    return { task, fresh, picture: null, undecodable: messageOf(error) };
  }
}

function openPhotos(tasks: readonly OpenTask[], deps: EvaluationDeps): OpenPhoto[] {
  return tasks.flatMap((open, photo) => (open.picture === null ? [] : [{ photo, missing: missingCrops(open, deps) }]));
}

function missingCrops(open: Pick<OpenTask, 'task' | 'fresh'>, deps: EvaluationDeps): OpenPhoto['missing'] {
  if (deps.evaluate === 'all') return unevaluated(open.fresh);
  const evidence = mergeEvidence(open.task.evidence, open.fresh);
  for (const truth of open.task.truths) {
    const verdict = decide(evidence, truth, deps.policy);
    if (verdict.state === 'undecided') return verdict.missing;
  }
  return [];
}

function unevaluated(fresh: PhotoEvidence): OpenPhoto['missing'] {
  const cells = CROP_ORDER.flatMap((crop) => fresh.map((_, member) => ({ member, crop })));
  return cells.filter(({ member, crop }) => fresh[member]?.[crop] === null);
}

async function runPass(pass: ForwardPass, open: readonly OpenTask[], deps: EvaluationDeps): Promise<void> {
  const member = deps.members[pass.member];
  if (member === undefined)
    throw new RangeError(`Expected a member 0..${deps.members.length - 1} but received ${pass.member}`);
  const cropFloats = 3 * member.input.size ** 2;
  const tensor = new Float32Array(pass.crops.length * cropFloats);
  pass.crops.forEach(({ photo, crop }, i) => {
    open[photo]?.picture?.fill({ tensor, offset: i * cropFloats }, member.input, crop);
  });
  const logits = await member.run(tensor, pass.crops.length);
  pass.crops.forEach(({ photo, crop }, i) => {
    const row = logits[i];
    const target = open[photo];
    const cells = target?.fresh[pass.member];
    if (row !== undefined && target !== undefined && cells !== undefined)
      cells[crop] = summariseCrop(row, target.task.truths);
  });
}

function results(open: readonly OpenTask[]): EvaluationResult[] {
  return open.map(({ fresh, undecodable }) => ({ fresh, undecodable }));
}
