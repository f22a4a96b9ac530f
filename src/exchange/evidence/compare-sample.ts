import { LOGIT_TOLERANCE } from '../../core/filter/rule/near-limits.ts';
import type { ImportedLogits } from './imported-engine.ts';
import type { RefusalReason } from './refusals.ts';

export interface SampledPhoto {
  readonly sha256: string;
  readonly imported: ImportedLogits;
  /** For each member winnow's logits of each crop; null where the model gave no finite numbers. */
  readonly own: readonly (readonly (Float32Array | null)[])[];
}

interface Difference {
  readonly sha256: string;
  readonly member: number;
  readonly imported: readonly Float32Array[];
  readonly own: readonly Float32Array[];
  readonly largest: number;
}

/** The cause is found in so many differences: each holds the logits of a photo. */
const MOST_DIFFERENCES = 50;

/** Compares imported logits with winnow's own, photo by photo. */
export class LogitComparison {
  readonly #members: readonly string[];
  readonly #differences: Difference[] = [];
  #wrong = 0;
  photos = 0;

  constructor(members: readonly string[]) {
    this.#members = members;
  }

  addAll(photos: readonly SampledPhoto[]): void {
    for (const photo of photos) this.#add(photo);
  }

  #add(photo: SampledPhoto): void {
    const differences = differencesOf(photo);
    this.photos += 1;
    if (differences.length > 0) this.#wrong += 1;
    if (this.#differences.length < MOST_DIFFERENCES) this.#differences.push(...differences);
  }

  /** Null if all logits agree; otherwise the first difference, and its likely cause. */
  get problem(): { readonly reason: RefusalReason; readonly detail: string } | null {
    const [first] = this.#differences;
    if (first === undefined) return null;
    const detail = `of ${this.photos} photos that winnow evaluated itself, ${this.#wrong} differ by more than ${LOGIT_TOLERANCE}; in ${first.sha256}, logits of '${this.#members[first.member] ?? ''}' by up to ${first.largest.toPrecision(3)}`;
    return { reason: causeOf(this.#differences), detail };
  }
}

function differencesOf({ sha256, imported, own }: SampledPhoto): Difference[] {
  return imported.flatMap((crops, member): Difference[] => {
    const mine = own[member]?.filter((logits) => logits !== null) ?? [];
    if (crops === null || mine.length !== crops.length) return [];
    const largest = Math.max(...crops.map((logits, crop) => distance(logits, mine[crop])));
    return largest <= LOGIT_TOLERANCE ? [] : [{ sha256, member, imported: crops, own: mine, largest }];
  });
}

function causeOf(differences: readonly Difference[]): RefusalReason {
  if (differences.every(isOtherCropOrder)) return 'crop-order';
  if (differences.every(isOtherClassOrder)) return 'class-order';
  return differences.every(isNearby) ? 'other-pixels' : 'other-model';
}

function isOtherCropOrder({ imported, own }: Difference): boolean {
  return imported.every((one) => isAmong(own, one)) && own.every((one) => isAmong(imported, one));
}

function isAmong(some: readonly Float32Array[], one: Float32Array): boolean {
  return some.some((other) => distance(other, one) <= LOGIT_TOLERANCE);
}

function isOtherClassOrder({ imported, own }: Difference): boolean {
  return imported.every((logits, crop) => distance(logits.toSorted(), own[crop]?.toSorted()) <= LOGIT_TOLERANCE);
}

/** Other weights give unrelated logits. Other pixels give logits that rise and fall with winnow's. */
const NEARBY_CORRELATION = 0.6;

function isNearby({ imported, own }: Difference): boolean {
  return imported.every((logits, crop) => correlation(logits, own[crop] ?? logits) > NEARBY_CORRELATION);
}

function correlation(a: Float32Array, b: Float32Array): number {
  const [meanA, meanB] = [a, b].map((list) => list.reduce((sum, value) => sum + value, 0) / list.length);
  let [ab, aa, bb] = [0, 0, 0];
  for (const [i, value] of a.entries()) {
    const [x, y] = [value - (meanA ?? 0), (b[i] ?? 0) - (meanB ?? 0)];
    ab += x * y;
    aa += x * x;
    bb += y * y;
  }
  return ab / Math.sqrt(aa * bb);
}

function distance(a: Float32Array, b: Float32Array | undefined): number {
  let largest = 0;
  for (let i = 0; i < a.length; i += 1) largest = Math.max(largest, Math.abs((a[i] ?? 0) - (b?.[i] ?? Infinity)));
  return largest;
}
