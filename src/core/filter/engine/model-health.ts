import type { EvaluationResult, EvaluationTask } from './evaluated-photo.ts';
import { StopTheRun } from '../../kernel/errors.ts';
import type { Sha256 } from '../../kernel/ids.ts';

/** After this many photos in a row without a finite number, a model that never worked before ends the run. Equals a batch. */
export const PHOTOS_OF_UNKNOWN = 32;
/**
 * The same limit for a model that has given evidence in this catalogue before. The model is sound if its file is. If only
 * these photos remain (`winnow retry`), they may be to blame. A faulty graphics card still ends the run.
 */
const PHOTOS_OF_KNOWN = 1_000;

export interface ModelHealthDeps {
  readonly names: readonly string[];
  readonly hasWorked: (member: number) => Promise<boolean>;
}

/**
 * A photo without finite numbers is set aside. A model without finite numbers for any photo ends the run, because otherwise
 * 100,000 photos would fail for nothing. One finite crop shows that the model is not to blame.
 */
export class ModelHealth {
  readonly #deps: ModelHealthDeps;
  readonly #sound = new Set<number>();
  readonly #failed = new Map<number, Set<Sha256>>();
  readonly #limits = new Map<number, number>();
  /** The error that ended the run. Batches that finish later are rejected with it. */
  #broken: StopTheRun | null = null;

  constructor(deps: ModelHealthDeps) {
    this.#deps = deps;
  }

  /** Call it before any result of the batch is stored. Throws StopTheRun `model-output`. */
  async look(tasks: readonly EvaluationTask[], results: readonly EvaluationResult[]): Promise<void> {
    for (const { fresh } of results) {
      for (const [member, cells] of fresh.entries()) if (cells.some((cell) => cell !== null)) this.#sound.add(member);
    }
    for (const member of membersNotFinite(results)) if (!this.#sound.has(member)) await this.#readLimit(member);
    this.#count(tasks, results);
  }

  /** Several batches may finish at once. Nothing is awaited here, so the run ends exactly at the limit. */
  #count(tasks: readonly EvaluationTask[], results: readonly EvaluationResult[]): void {
    for (const [i, { problem }] of results.entries()) {
      const { sha256 } = tasks[i] ?? {};
      if (problem?.kind !== 'not-finite' || sha256 === undefined) continue;
      for (const member of problem.members) if (!this.#sound.has(member)) this.#suspect(member, sha256, problem);
    }
  }

  #suspect(member: number, sha256: Sha256, { detail }: { readonly detail: string }): void {
    const photos = this.#failed.get(member) ?? new Set();
    this.#failed.set(member, photos.add(sha256));
    if (photos.size < (this.#limits.get(member) ?? PHOTOS_OF_UNKNOWN)) return;
    const name = this.#deps.names[member] ?? `member ${member}`;
    this.#broken ??= modelBroken({ name, photos: photos.size, sha256, detail });
    throw this.#broken;
  }

  async #readLimit(member: number): Promise<void> {
    if (this.#limits.has(member)) return;
    this.#limits.set(member, (await this.#deps.hasWorked(member)) ? PHOTOS_OF_KNOWN : PHOTOS_OF_UNKNOWN);
  }
}

function membersNotFinite(results: readonly EvaluationResult[]): Set<number> {
  return new Set(results.flatMap(({ problem }) => (problem?.kind === 'not-finite' ? problem.members : [])));
}

export function modelBroken(last: {
  readonly name: string;
  readonly photos: number;
  readonly sha256: Sha256;
  readonly detail: string;
}): StopTheRun {
  const { name, photos, sha256, detail } = last;
  return new StopTheRun(
    `Expected finite numbers from the model '${name}' but it gave none for any of the first ${photos} photos of this run, the last of them ${sha256}: ${detail}; \`winnow models verify ${name}\` tries it, a wrong normalisation in its card or filter.executionProvider may be the cause (photos set aside before: winnow retry --reason poison)`,
    { code: 'model-output' },
  );
}
