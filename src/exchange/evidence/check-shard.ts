import { CROPS_PER_MEMBER } from '../../core/models/evidence/evidence.ts';
import type { Plan, PlannedPhoto } from './format.ts';
import type { ImportedLogits } from './imported-engine.ts';
import type { Refusals } from './refusals.ts';

/** A row of a result file, as it was read. */
export interface ReadRow {
  /** True if the logits are float16. */
  readonly isHalf: boolean;
  readonly planId: unknown;
  readonly sha256: unknown;
  readonly member: unknown;
  readonly crop: unknown;
  readonly logits: unknown;
}

export type ShardPhoto = Pick<PlannedPhoto, 'sha256' | 'members'>;

export interface ImportedPhoto {
  readonly sha256: string;
  /** Null if the other program could not evaluate the photo. */
  readonly logits: ImportedLogits | null;
}

interface OpenPhoto {
  /** For each member the rows by crop. Null logits: the photo is left to winnow. */
  readonly rows: (Float32Array | null | undefined)[][];
  readonly wanted: readonly boolean[];
  seen: number;
  isDone: boolean;
}

/** Checks the rows of one shard's results, and gives each photo once its last row was read. Photos may be in any order. */
export class ShardRows {
  readonly #plan: Plan;
  readonly #refusals: Refusals;
  readonly #photos: ReadonlyMap<string, OpenPhoto>;

  constructor(plan: Plan, photos: readonly ShardPhoto[], refusals: Refusals) {
    this.#plan = plan;
    this.#refusals = refusals;
    this.#photos = new Map(
      photos.map(({ sha256, members }) => {
        const wanted = plan.members.map(({ member }) => members.includes(member));
        return [sha256, { wanted, rows: wanted.map(() => []), seen: 0, isDone: false }];
      }),
    );
  }

  /** The photo whose last row this is; otherwise null. */
  take(row: ReadRow, place: string): ImportedPhoto | null {
    const refuse = (reason: Parameters<Refusals['add']>[0], detail: string): null =>
      this.#refusals.add(reason, `${place}: ${detail}`);
    if (row.planId !== this.#plan.id)
      return refuse('other-plan', `plan_id is '${String(row.planId)}', not '${this.#plan.id}'`);
    const sha256 = String(row.sha256);
    const photo = this.#photos.get(sha256);
    if (photo === undefined) return refuse('unknown-photo', `the photo '${sha256}' is not in this shard of the plan`);
    const member = this.#plan.members.findIndex((one) => one.member === row.member);
    if (member === -1) return refuse('unknown-member', `the plan has no member '${String(row.member)}'`);
    const crop = Number(row.crop ?? Number.NaN);
    if (!Number.isInteger(crop) || crop < 0 || crop >= CROPS_PER_MEMBER)
      return refuse('wrong-crop', `crop is '${String(row.crop)}', not 0 to ${CROPS_PER_MEMBER - 1}`);
    const rows = photo.rows[member] ?? [];
    const what = `crop ${crop} of '${String(row.member)}' for the photo ${sha256}`;
    if (rows[crop] !== undefined) return refuse('duplicate', `${what} comes again`);
    // A refused row counts as one that was read, so that it is refused once.
    rows[crop] = this.#logits(row, member, `${place}: ${what}`);
    if (photo.wanted[member] === true) photo.seen += 1;
    return this.#done(sha256, photo);
  }

  /** Call it after the last row. */
  finish(place: string): void {
    for (const [sha256, { isDone, rows, wanted }] of this.#photos) {
      if (isDone) continue;
      if (rows.every((crops) => crops.length === 0)) {
        this.#refusals.add('missing-photo', `${place}: there is no row for the photo ${sha256}`);
        continue;
      }
      for (const [i, { member }] of this.#plan.members.entries()) {
        const crops = rows[i] ?? [];
        const lacks = Array.from({ length: CROPS_PER_MEMBER }, (_, crop) => crop).filter(
          (crop) => crops[crop] === undefined,
        );
        if (wanted[i] === true && lacks.length > 0)
          this.#refusals.add(
            'missing-crop',
            `${place}: the photo ${sha256} lacks crop ${lacks.join(', ')} of '${member}'`,
          );
      }
    }
  }

  #done(sha256: string, photo: OpenPhoto): ImportedPhoto | null {
    const wanted = photo.wanted.filter(Boolean).length * CROPS_PER_MEMBER;
    if (photo.isDone || photo.seen < wanted) return null;
    photo.isDone = true;
    const members = photo.rows.map((rows, i) => (photo.wanted[i] === true ? rows : null));
    const isLeft = members.some((rows) => rows?.includes(null) === true);
    const logits = members.map((rows) => rows && rows.filter((one) => one instanceof Float32Array));
    // The rows were only kept until the photo was complete.
    for (const rows of photo.rows) rows.fill(null);
    return { sha256, logits: isLeft ? null : logits };
  }

  /** Null if the row has none, or they are refused. */
  #logits({ logits, isHalf }: ReadRow, member: number, what: string): Float32Array | null {
    if (logits === null || logits === undefined) return null;
    const classes = this.#plan.members[member]?.wnids.length ?? 0;
    // A list may have nulls: pandas writes NaN as one.
    const list = Float32Array.from(Array.isArray(logits) ? logits : [], (one) =>
      typeof one === 'number' ? one : Number.NaN,
    );
    if (list.length !== classes)
      return this.#refusals.add(
        'wrong-length',
        `${what} has ${list.length} logits, not one for each of ${classes} classes`,
      );
    const wrong = list.findIndex((logit) => !Number.isFinite(logit));
    if (wrong === -1) return list;
    const isOverflow = isHalf && !Number.isNaN(list[wrong]);
    return this.#refusals.add(
      isOverflow ? 'float16-overflow' : 'not-finite',
      `${what} has ${list[wrong]} for class ${wrong}`,
    );
  }
}
