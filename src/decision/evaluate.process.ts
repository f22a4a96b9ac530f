import {
  CROPS_PER_MEMBER,
  mergeEvidence,
  noEvidence,
  summariseCrop,
  type CropEvidence,
  type CropRef,
  type PhotoEvidence,
} from '../evidence/evidence.ts';
import type { ModelInput } from '../evidence/member.ts';
import { PreparedPicture } from '../evidence/prepared-picture.ts';
import { codeOf, GiveUpOnItem, messageOf } from '../kernel/errors.ts';
import type { Sha256 } from '../kernel/ids.ts';
import type { RgbImage } from '../photo/rgb-image.ts';
import type { CropOrder } from './crop-order.ts';
import { CROP_ORDER } from './decide.ts';
import { cropsMissing, type Truth } from './judge.ts';
import type { FilterPolicy } from './policy.ts';
import { nextPass, type ForwardPass, type OpenPhoto } from './schedule.ts';

/** A photo to be evaluated until every one of its classes is decided. */
export interface EvaluationTask {
  readonly sha256: Sha256;
  /** Positions in the class list: the classes that the photo is a candidate of; null for none of them (mode O). */
  readonly truths: readonly Truth[];
  /** What is stored already. */
  readonly evidence: PhotoEvidence;
}

export interface EvaluationResult {
  /** Only what was evaluated now. */
  readonly fresh: PhotoEvidence;
  /** Why the photo could not be evaluated, or null. */
  readonly problem: EvaluationProblem | null;
}

/** `undecodable`: no second try can change it. `absent`: there are no bytes where they should be, which says nothing of the photo. */
export interface EvaluationProblem {
  readonly kind: 'undecodable' | 'absent';
  readonly detail: string;
}

/** A member that can be run; `run` takes `crops * 3 * size * size` floats and gives `crops` rows of logits over the class list. */
export interface RunnableMember {
  readonly input: ModelInput;
  run(tensor: Float32Array, crops: number): Promise<Float32Array[]>;
}

export interface EvaluationDeps {
  readonly members: readonly RunnableMember[];
  readonly policy: FilterPolicy;
  /** Other policies that photos must be decided under, too. */
  readonly alsoUnder?: readonly FilterPolicy[] | undefined;
  /** `needed` stops at the decision; `all` evaluates every crop (benchmarks, checks against a reference). */
  readonly evaluate: 'needed' | 'all';
  /** Crops in one forward pass at most. */
  readonly cropsPerPass: number;
  readonly order: CropOrder;
  /** Rejects with `GiveUpOnItem` if the bytes cannot be decoded, `ENOENT` if there are none; with another error if it may be tried again. */
  decode(sha256: Sha256): Promise<RgbImage>;
  /** True once the run is asked to end: the batch then returns what it has; undecided photos stay undecided. */
  shouldStop(): boolean;
}

/**
 * Evaluates a batch of photos, most useful crops first, until each is decided for each of its classes; the next photos
 * are decoded meanwhile. State and confusion are those of evaluating everything; the work is several times less.
 *
 * @returns one result a task, in order
 */
export async function evaluateBatch(
  tasks: readonly EvaluationTask[],
  deps: EvaluationDeps,
): Promise<EvaluationResult[]> {
  return new Batch(tasks, deps).run();
}

interface OpenTask {
  readonly task: EvaluationTask;
  readonly picture: PreparedPicture;
  readonly fresh: (CropEvidence | null)[][];
  /** Crops that can still decide; empty once it is decided. */
  missing: readonly CropRef[];
}

class Batch {
  readonly #tasks: readonly EvaluationTask[];
  readonly #deps: EvaluationDeps;
  readonly #results: EvaluationResult[];
  /** Decoded and undecided, by position in the batch. */
  readonly #open = new Map<number, OpenTask>();
  readonly #decoding = new Set<Promise<void>>();
  /** Floats of one pass, by member: written anew for each. */
  readonly #tensors = new Map<number, Float32Array>();
  #nextTask = 0;
  #failure: { readonly error: unknown } | null = null;

  constructor(tasks: readonly EvaluationTask[], deps: EvaluationDeps) {
    this.#tasks = tasks;
    this.#deps = deps;
    this.#results = tasks.map(() => ({ fresh: noEvidence(deps.members.length), problem: null }));
  }

  async run(): Promise<EvaluationResult[]> {
    while (this.#failure === null && !this.#deps.shouldStop()) {
      this.#startDecoding();
      const pass = nextPass(this.#waiting(), this.#deps.cropsPerPass);
      if (pass !== null) await this.#runPass(pass);
      else if (this.#decoding.size > 0) await Promise.race(this.#decoding);
      else break;
    }
    await Promise.all(this.#decoding);
    if (this.#failure !== null) throw this.#failure.error;
    return this.#results;
  }

  /** Keeps a pass's worth of photos open and as many on their way, so that neither waits for the other. */
  #startDecoding(): void {
    while (this.#nextTask < this.#tasks.length && this.#open.size + this.#decoding.size < 2 * this.#deps.cropsPerPass) {
      const decoding = this.#openTask(this.#nextTask)
        .catch((error: unknown) => {
          this.#failure ??= { error };
        })
        .finally(() => this.#decoding.delete(decoding));
      this.#decoding.add(decoding);
      this.#nextTask += 1;
    }
  }

  async #openTask(index: number): Promise<void> {
    const task = this.#tasks[index];
    if (task === undefined) return;
    const fresh = this.#deps.members.map(() => Array.from({ length: CROPS_PER_MEMBER }, () => null));
    const missing = missingCrops({ task, fresh }, this.#deps);
    if (missing.length === 0) return;
    try {
      const image = await this.#deps.decode(task.sha256);
      const inputs = this.#deps.members.map((member) => member.input);
      this.#open.set(index, { task, fresh, missing, picture: new PreparedPicture(image, inputs) });
      this.#results[index] = { fresh, problem: null };
    } catch (error) {
      // Only what no second try can change condemns a photo: a full table of file handles or a failing disk does not.
      const kind = error instanceof GiveUpOnItem ? 'undecodable' : codeOf(error) === 'ENOENT' ? 'absent' : null;
      if (kind === null) throw error;
      this.#results[index] = { fresh, problem: { kind, detail: messageOf(error) } };
    }
  }

  *#waiting(): Generator<OpenPhoto> {
    for (const [photo, { missing }] of this.#open) {
      const next = this.#deps.order.next(missing);
      if (next !== undefined) yield { photo, next };
    }
  }

  async #runPass({ member: position, crops }: ForwardPass): Promise<void> {
    const { members, order } = this.#deps;
    const member = members[position];
    if (member === undefined)
      throw new RangeError(`Expected a member 0..${members.length - 1} but received ${position}`);
    const startMs = performance.now();
    const tensor = this.#tensorOf(position, { input: member.input, crops: crops.length });
    const cropFloats = tensor.length / crops.length;
    crops.forEach(({ photo, crop }, i) => {
      this.#open.get(photo)?.picture.fill({ tensor, offset: i * cropFloats }, member.input, crop);
    });
    const logits = await member.run(tensor, crops.length);
    crops.forEach(({ photo, crop }, i) => this.#take(photo, { member: position, crop }, logits[i]));
    order.learnCost(position, { crops: crops.length, durationMs: performance.now() - startMs });
  }

  #take(photo: number, crop: CropRef, logits: Float32Array | undefined): void {
    const open = this.#open.get(photo);
    const cells = open?.fresh[crop.member];
    if (open === undefined || cells === undefined) return;
    if (logits === undefined) throw new Error('Expected a row of logits for each crop of a pass but one is missing');
    const truths = open.task.truths.filter((truth) => truth !== null);
    cells[crop.crop] = summariseCrop(logits, truths);
    const spared = open.missing.length > 1;
    open.missing = missingCrops(open, this.#deps);
    const decided = open.missing.length === 0;
    // The last crop of a photo decides it, too, but spares nothing.
    this.#deps.order.learn(crop, decided && spared);
    // The picture goes with it: no more than a few are in memory at once.
    if (decided) this.#open.delete(photo);
  }

  #tensorOf(member: number, pass: { readonly input: ModelInput; readonly crops: number }): Float32Array {
    const floats = 3 * pass.input.size ** 2;
    const tensor = this.#tensors.get(member) ?? new Float32Array(floats * this.#deps.cropsPerPass);
    this.#tensors.set(member, tensor);
    return tensor.subarray(0, floats * pass.crops);
  }
}

function missingCrops(open: Pick<OpenTask, 'task' | 'fresh'>, deps: EvaluationDeps): readonly CropRef[] {
  const evidence = mergeEvidence(open.task.evidence, open.fresh);
  for (const truth of open.task.truths) {
    for (const policy of [deps.policy, ...(deps.alsoUnder ?? [])]) {
      const missing = cropsMissing(evidence, truth, policy);
      if (missing.length > 0) return missing;
    }
  }
  return deps.evaluate === 'all' ? unevaluated(evidence) : [];
}

function unevaluated(evidence: PhotoEvidence): readonly CropRef[] {
  const cells = CROP_ORDER.flatMap((crop) => evidence.map((_, member) => ({ member, crop })));
  return cells.filter(({ member, crop }) => {
    const cell = evidence[member]?.[crop] ?? null;
    return cell === null || cell.isBound === true;
  });
}
