import {
  CROPS_PER_MEMBER,
  summariseCrop,
  type CropEvidence,
  type CropRef,
  type PhotoEvidence,
} from '../evidence/evidence.ts';
import type { ModelInput } from '../evidence/member.ts';
import { PreparedPicture } from '../evidence/prepared-picture.ts';
import { notFiniteText } from '../evidence/not-finite.ts';
import { LostBytes } from '../kernel/blobs.ts';
import { GiveUpOnItem, messageOf } from '../kernel/errors.ts';
import type { Sha256 } from '../kernel/ids.ts';
import type { RgbImage } from '../photo/rgb-image.ts';
import type { CropOrder } from './crop-order.ts';
import type { Truth } from './judge.ts';
import { missingCrops } from './missing-crops.ts';
import { notFiniteProblem, type NotFinite, type NotFiniteCrop } from './not-finite.ts';
import type { FilterPolicy } from './policy.ts';
import type { WorkTally } from './evaluation-work.ts';
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
  /** Why the photo could not be evaluated, or not whole; null if it was. */
  readonly problem: EvaluationProblem | null;
}

/**
 * `undecodable`: no second try can change it. `absent`: its bytes are lost (there are none, others, or some that cannot
 * be read), which says nothing of the photo. `poison`: evaluating it ends the process. `not-finite`: every crop that could decide it ran, but some gave no numbers.
 */
export type EvaluationProblem =
  | { readonly kind: 'undecodable' | 'absent' | 'poison'; readonly detail: string }
  | NotFinite;

/** A member that can be run; `run` takes `crops * 3 * size * size` floats and gives `crops` rows of logits over the class list. */
export interface RunnableMember {
  /** For messages. */
  readonly name?: string;
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
  /** Told what evaluating costs. */
  readonly work?: WorkTally;
  /** Told which crops run next, each of another photo. */
  onPass?(member: number, crops: readonly number[]): void;
  /** Told that a photo will be decoded before long: its bytes can be read already. */
  readAhead?(sha256: Sha256): void;
  /**
   * What `use` makes of the picture. Rejects with GiveUpOnItem if the bytes cannot be decoded, LostBytes if they are lost; with
   * another error if it may be tried again.
   */
  decode<T>(sha256: Sha256, use: (image: RgbImage) => T): Promise<T>;
  /** True once the run is asked to end: the batch then returns what it has; undecided photos stay undecided. */
  shouldStop(): boolean;
}

/**
 * Evaluates a batch of photos, most useful crops first, until each is decided for each of its classes; the next photos
 * are decoded meanwhile. State and confusion are those of evaluating everything; the work is several times less.
 *
 * @returns one result a task, in order
 * @throws whatever kept a photo from being evaluated and says nothing of the photo, once the others are evaluated
 */
export async function evaluateBatch(
  tasks: readonly EvaluationTask[],
  deps: EvaluationDeps,
): Promise<EvaluationResult[]> {
  const stream = new PhotoStream(deps);
  const results = tasks.map(
    (task) => new Promise<EvaluationResult>((settle, fail) => stream.push({ task, settle, fail })),
  );
  // All of them, so that nothing runs on after a failure.
  await Promise.allSettled(results);
  return Promise.all(results);
}

/** A photo on its way through a stream: exactly one of the two is called, once. */
export interface StreamedTask {
  readonly task: EvaluationTask;
  readonly settle: (result: EvaluationResult) => void;
  /** With what kept the photo from being evaluated, and says nothing of the photo. */
  readonly fail: (error: unknown) => void;
}

interface WaitingTask extends StreamedTask {
  readonly fresh: (CropEvidence | null)[][];
  /** Crops that can still decide and be had; empty once it is decided, or cannot be. */
  missing: readonly CropRef[];
  readonly notFinite: NotFiniteCrop[];
}

interface OpenTask extends WaitingTask {
  readonly picture: PreparedPicture;
}

/**
 * Evaluates photos as they come: whenever one is decided the next one takes its place, so that passes stay full from one
 * batch to the next.
 */
export class PhotoStream {
  readonly #deps: EvaluationDeps;
  readonly #pending: WaitingTask[] = [];
  /** Decoded and undecided, in the order of decoding. */
  readonly #open = new Map<number, OpenTask>();
  readonly #decoding = new Set<Promise<void>>();
  /** Floats of one pass, by member: written anew for each. */
  readonly #tensors = new Map<number, Float32Array>();
  #opened = 0;
  #working: Promise<void> | null = null;

  constructor(deps: EvaluationDeps) {
    this.#deps = deps;
  }

  /** A photo that is decided by what is stored is settled at once. */
  push({ task, settle, fail }: StreamedTask): void {
    const fresh = noCells(this.#deps);
    const missing = missingCrops({ task, fresh }, this.#deps);
    if (missing.length === 0) {
      settle({ fresh, problem: null });
      return;
    }
    this.#pending.push({ task, settle, fail, fresh, missing, notFinite: [] });
    this.#deps.readAhead?.(task.sha256);
    this.#working ??= this.#work();
  }

  /** Resolves once every photo has been settled or has failed, and no pass is under way. */
  async idle(): Promise<void> {
    while (this.#working !== null) await this.#working;
  }

  async #work(): Promise<void> {
    // What is pushed in one go is there before the first pass.
    await Promise.resolve();
    while (!this.#deps.shouldStop()) {
      this.#startDecoding();
      const pass = nextPass(this.#waiting(), this.#deps.cropsPerPass);
      if (pass !== null) await this.#runPass(pass);
      else if (this.#decoding.size > 0) await Promise.race(this.#decoding);
      else break;
    }
    if (this.#deps.shouldStop()) await this.#settleAll();
    this.#working = null;
    // Somebody may have come while the last ones were settled.
    if (this.#pending.length > 0) this.#working = this.#work();
  }

  /** Keeps passes' worth of photos open and a pass's worth on their way, so that neither waits for the other. */
  #startDecoding(): void {
    const { cropsPerPass } = this.#deps;
    while (
      this.#decoding.size < 2 * cropsPerPass &&
      this.#open.size + this.#decoding.size < photosInHand(cropsPerPass)
    ) {
      const photo = this.#pending.shift();
      if (photo === undefined) return;
      const decoding = this.#openTask(photo)
        .catch((error: unknown) => photo.fail(error))
        .finally(() => this.#decoding.delete(decoding));
      this.#decoding.add(decoding);
    }
  }

  async #openTask(photo: WaitingTask): Promise<void> {
    const { task, fresh, settle } = photo;
    try {
      const inputs = this.#deps.members.map((member) => member.input);
      const picture = await this.#deps.decode(task.sha256, (image) => new PreparedPicture(image, inputs));
      this.#open.set((this.#opened += 1), { ...photo, picture });
      this.#deps.work?.addPhoto();
    } catch (error) {
      // Only what no second try can change condemns a photo: a full table of file handles or a failing disk does not.
      const kind = error instanceof GiveUpOnItem ? 'undecodable' : error instanceof LostBytes ? 'absent' : null;
      if (kind === null) throw error;
      settle({ fresh, problem: { kind, detail: messageOf(error) } });
    }
  }

  *#waiting(): Generator<OpenPhoto> {
    for (const [photo, { missing }] of this.#open) {
      const next = this.#deps.order.next(missing);
      if (next !== undefined) yield { photo, next };
    }
  }

  async #runPass({ member: position, crops }: ForwardPass): Promise<void> {
    const { members, order, work } = this.#deps;
    try {
      const member = members[position];
      if (member === undefined)
        throw new RangeError(`Expected a member 0..${members.length - 1} but received ${position}`);
      this.#deps.onPass?.(
        position,
        crops.map(({ crop }) => crop),
      );
      const startMs = performance.now();
      const tensor = this.#tensorOf(position, { input: member.input, crops: crops.length });
      const cropFloats = tensor.length / crops.length;
      crops.forEach(({ photo, crop }, i) => {
        this.#open.get(photo)?.picture.fill({ tensor, offset: i * cropFloats }, member.input, crop);
      });
      const preparedMs = performance.now();
      const logits = await member.run(tensor, crops.length);
      const endMs = performance.now();
      // Before photos are settled: what is told with the last of them is all.
      work?.addPass({ crops: crops.length, prepareMs: preparedMs - startMs, inferMs: endMs - preparedMs });
      crops.forEach(({ photo, crop }, i) => this.#take(photo, { member: position, crop }, logits[i]));
      order.learnCost(position, { crops: crops.length, durationMs: endMs - startMs });
    } catch (error) {
      for (const { photo } of crops) this.#fail(photo, error);
    }
  }

  #take(photo: number, crop: CropRef, logits: Float32Array | undefined): void {
    const open = this.#open.get(photo);
    const cells = open?.fresh[crop.member];
    if (open === undefined || cells === undefined) return;
    if (logits === undefined) throw new Error('Expected a row of logits for each crop of a pass but one is missing');
    // Said of one crop, of one photo: other crops may decide it whatever the schedule, and other photos go on.
    const said = notFiniteText(logits, 'class');
    if (said === null) cells[crop.crop] = summaryOf(open.task, logits);
    else open.notFinite.push({ ...crop, said });
    const spared = open.missing.length > 1;
    open.missing = missingCrops(open, this.#deps);
    const decided = open.missing.length === 0;
    // The last crop of a photo decides it, too, but spares nothing.
    this.#deps.order.learn(crop, decided && spared);
    if (!decided) return;
    // The picture goes with it: no more than a few are in memory at once.
    this.#open.delete(photo);
    const nameOf = (member: number): string => this.#deps.members[member]?.name ?? `member ${member}`;
    open.settle({ fresh: open.fresh, problem: notFiniteProblem(open.notFinite, nameOf) });
  }

  #fail(photo: number, error: unknown): void {
    const open = this.#open.get(photo);
    this.#open.delete(photo);
    open?.fail(error);
  }

  /** The run is to end: each photo gets what it has so far. */
  async #settleAll(): Promise<void> {
    await Promise.all(this.#decoding);
    for (const { settle, fresh } of this.#open.values()) settle({ fresh, problem: null });
    this.#open.clear();
    for (const { settle, fresh } of this.#pending.splice(0)) settle({ fresh, problem: null });
  }

  #tensorOf(member: number, pass: { readonly input: ModelInput; readonly crops: number }): Float32Array {
    const floats = 3 * pass.input.size ** 2;
    const tensor = this.#tensors.get(member) ?? new Float32Array(floats * this.#deps.cropsPerPass);
    this.#tensors.set(member, tensor);
    return tensor.subarray(0, floats * pass.crops);
  }
}

/** Photos that a stream has decoded or decodes at a time. */
export function photosInHand(cropsPerPass: number): number {
  return 4 * cropsPerPass;
}

function summaryOf({ truths }: EvaluationTask, logits: Float32Array): CropEvidence {
  return summariseCrop(
    logits,
    truths.filter((truth) => truth !== null),
  );
}

function noCells({ members }: EvaluationDeps): (CropEvidence | null)[][] {
  return members.map(() => Array.from({ length: CROPS_PER_MEMBER }, () => null));
}
