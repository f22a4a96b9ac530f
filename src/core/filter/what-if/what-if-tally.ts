import type { FilterPolicy } from '../rule/policy.ts';
import type { PresentState, StoredPhoto } from './stored-page.repository.ts';
import { sortKeyOf, type SortKey, type Reading } from './policy-readings.ts';
import type { FineHashes } from '../../photo/photo.repository.ts';
import { withMatches, FingerprintIndex, type ParsedFingerprint } from '../../photo/hashes/fingerprint-index.ts';
import { parseHash } from '../../photo/hashes/perceptual-hash.ts';

/** The settings to try: every policy with every cap. */
export interface WhatIfGrid {
  readonly policies: readonly FilterPolicy[];
  readonly caps: readonly number[];
  /** Bits. */
  readonly nearDuplicateDistance: number;
}

/** The state of a photo, now or under a policy. A photo of a reference set is dropped under every policy. */
export type WhatIfState = 'kept' | 'undecided' | 'dropped' | 'failed';

export interface WhatIfCounts {
  readonly kept: number;
  /** Photos that lack crops, or logits, that the setting needs. */
  readonly undecided: number;
  /** Crops that undecided photos lack: the most that would run. */
  readonly missingCrops: number;
  readonly dropped: number;
  /** Undecodable: no setting changes that. */
  readonly failed: number;
  readonly shortlisted: number;
}

/** One setting; counts in all and by subject, in the order of the subjects. */
export interface WhatIfSetting {
  readonly policy: FilterPolicy;
  readonly cap: number;
  readonly totals: WhatIfCounts;
  readonly bySubject: readonly WhatIfCounts[];
  readonly changed: number;
}

export interface ChangedPhoto {
  readonly photoId: number;
  readonly subject: number;
  readonly from: WhatIfState;
  readonly to: WhatIfState;
  /** The policies that do so: positions in the grid. */
  readonly under: readonly number[];
}

interface Kept extends Listable {
  readonly photoId: number;
  readonly sha256: string;
  readonly order: Readonly<Record<SortKey, number>>;
  readonly isKept: readonly boolean[];
}

const STATES: readonly WhatIfState[] = ['kept', 'undecided', 'dropped', 'failed'];
const COUNTS = STATES.length + 1;
const MISSING = STATES.length;

/** Counts photos under every setting of a grid. Only photos that may be kept stay in memory, as a few numbers each. */
export class WhatIfTally {
  photos = 0;
  readonly present: Record<WhatIfState, number> = { kept: 0, undecided: 0, dropped: 0, failed: 0 };
  /** Photos that some policy leaves undecided, each once, ascending if they are added so. */
  readonly undecidedIds: number[] = [];
  readonly #grid: WhatIfGrid;
  readonly #subjects: number;
  /** `COUNTS` numbers for each policy and subject. */
  readonly #counts: Float64Array;
  readonly #changed: Float64Array;
  #kept: Kept[][];
  readonly #sorted: Partial<Record<SortKey, readonly (readonly Kept[])[]>> = {};
  readonly #samples: ChangeSamples;

  constructor(grid: WhatIfGrid, subjects: number, samplesPerChange: number) {
    this.#grid = grid;
    this.#subjects = subjects;
    this.#counts = new Float64Array(grid.policies.length * subjects * COUNTS);
    this.#changed = new Float64Array(grid.policies.length);
    this.#kept = Array.from({ length: subjects }, () => []);
    this.#samples = new ChangeSamples(samplesPerChange);
  }

  addFixed({ subject, present }: StoredPhoto): void {
    const state = stateOf(present);
    this.#note(state);
    for (let policy = 0; policy < this.#grid.policies.length; policy += 1)
      this.#count(this.#placeOf(policy, subject) + STATES.indexOf(state), 1);
  }

  /** @param marks needed of a photo that some policy keeps */
  add(
    { photoId, subject, present }: StoredPhoto,
    { outcomes, place }: Reading,
    marks: { readonly sha256: string; readonly perceptualHash: string } | undefined,
  ): void {
    const from = stateOf(present);
    this.#note(from);
    const rank = scattered(photoId);
    let isUndecided = false;
    for (let policy = 0; policy < outcomes.length; policy += 1) {
      const { state, missing } = outcomes[policy] ?? UNKNOWN;
      this.#count(this.#placeOf(policy, subject) + STATES.indexOf(state), 1);
      if (missing > 0) {
        isUndecided = true;
        this.#count(this.#placeOf(policy, subject) + MISSING, missing);
      }
      if (state === from) continue;
      this.#changed[policy] = (this.#changed[policy] ?? 0) + 1;
      if (this.#samples.takes(from, state, rank))
        this.#samples.offer({ photoId, subject, from, to: state, rank }, policy);
    }
    if (isUndecided && this.undecidedIds.at(-1) !== photoId) this.undecidedIds.push(photoId);
    if (place === null || marks === undefined) return;
    const isKept = outcomes.map(({ state }) => state === 'kept');
    const { sha256, perceptualHash } = marks;
    this.#kept[subject]?.push({ photoId, sha256, hash: parseHash(perceptualHash), fineHash: null, ...place, isKept });
  }

  /** SHA-256s of the photos whose finer hashes `settings` depends on; once all photos are added. */
  toConfirm(): string[] {
    const { nearDuplicateDistance } = this.#grid;
    return [
      ...new Set(
        this.#kept.flatMap((ofSubject) => withMatches(ofSubject, nearDuplicateDistance).map(({ sha256 }) => sha256)),
      ),
    ];
  }

  /** Before `settings`. */
  setFineHashes(fineHashes: FineHashes): void {
    this.#kept = this.#kept.map((ofSubject) =>
      ofSubject.map((photo) => ({ ...photo, fineHash: fineHashes.get(photo.sha256) ?? null })),
    );
  }

  samples(): ChangedPhoto[] {
    return this.#samples.all();
  }

  settings(): WhatIfSetting[] {
    const { policies, caps } = this.#grid;
    return policies.flatMap((policy, position) => {
      const listed = this.#listed(position);
      return caps.map((cap, i) => {
        const bySubject = Array.from({ length: this.#subjects }, (_, subject) =>
          this.#countsOf(position, subject, listed[subject]?.[i] ?? 0),
        );
        return { policy, cap, totals: sumOf(bySubject), bySubject, changed: this.#changed[position] ?? 0 };
      });
    });
  }

  #listed(position: number): number[][] {
    const { policies, caps, nearDuplicateDistance } = this.#grid;
    const policy = policies[position];
    if (policy === undefined) return [];
    return this.#inOrder(sortKeyOf(policy)).map((ofSubject) => {
      const kept = ofSubject.filter(({ isKept }) => isKept[position] === true);
      return caps.map((cap) => countListed(kept, { cap, nearDuplicateDistance }));
    });
  }

  /** By subject; sorted once for all policies of an order. */
  #inOrder(order: SortKey): readonly (readonly Kept[])[] {
    return (this.#sorted[order] ??= this.#kept.map((ofSubject) =>
      ofSubject.toSorted((a, b) => a.order[order] - b.order[order] || (a.sha256 < b.sha256 ? -1 : 1)),
    ));
  }

  #note(state: WhatIfState): void {
    this.photos += 1;
    this.present[state] += 1;
  }

  #placeOf(policy: number, subject: number): number {
    return (policy * this.#subjects + subject) * COUNTS;
  }

  #count(place: number, by: number): void {
    this.#counts[place] = (this.#counts[place] ?? 0) + by;
  }

  #countsOf(policy: number, subject: number, shortlisted: number): WhatIfCounts {
    const first = this.#placeOf(policy, subject);
    const [kept = 0, undecided = 0, dropped = 0, failed = 0, missingCrops = 0] = this.#counts.subarray(
      first,
      first + COUNTS,
    );
    return { kept, undecided, missingCrops, dropped, failed, shortlisted };
  }
}

function stateOf(present: PresentState): WhatIfState {
  return present === 'in-reference-set' ? 'dropped' : present;
}

function sumOf(all: readonly WhatIfCounts[]): WhatIfCounts {
  const sum = (of: (counts: WhatIfCounts) => number): number => all.reduce((total, counts) => total + of(counts), 0);
  return {
    kept: sum(({ kept }) => kept),
    undecided: sum(({ undecided }) => undecided),
    missingCrops: sum(({ missingCrops }) => missingCrops),
    dropped: sum(({ dropped }) => dropped),
    failed: sum(({ failed }) => failed),
    shortlisted: sum(({ shortlisted }) => shortlisted),
  };
}

const UNKNOWN = { state: 'undecided', missing: 0 } as const;

interface Sample extends Omit<ChangedPhoto, 'under'> {
  readonly rank: number;
  readonly under: number[];
}

/** Samples the photos of each change by their smallest scattered ids: spread over the catalogue, and always the same. */
class ChangeSamples {
  readonly #most: number;
  /** By change, least rank first. */
  readonly #byChange: Sample[][] = STATES.flatMap(() => STATES.map(() => []));

  constructor(most: number) {
    this.#most = most;
  }

  /** True if a photo of that rank would be sampled for the change, which is rare. */
  takes(from: WhatIfState, to: WhatIfState, rank: number): boolean {
    const known = this.#of(from, to);
    return known.length < this.#most || rank <= (known.at(-1)?.rank ?? -1);
  }

  offer(sample: Omit<Sample, 'under'>, policy: number): void {
    const known = this.#of(sample.from, sample.to);
    const same = known.find((one) => one.photoId === sample.photoId && one.subject === sample.subject);
    if (same !== undefined) {
      same.under.push(policy);
      return;
    }
    known.push({ ...sample, under: [policy] });
    known.sort((a, b) => a.rank - b.rank || a.subject - b.subject);
    known.splice(this.#most);
  }

  all(): ChangedPhoto[] {
    const samples = this.#byChange.flat();
    return samples.map(({ photoId, subject, from, to, under }) => ({ photoId, subject, from, to, under }));
  }

  #of(from: WhatIfState, to: WhatIfState): Sample[] {
    return this.#byChange[STATES.length * STATES.indexOf(from) + STATES.indexOf(to)] ?? [];
  }
}

/** Multiplicative hashing (Knuth, The Art of Computer Programming, volume 3, section 6.4): 32 bits of a photo's id. */
function scattered(id: number): number {
  return Math.imul(id, 0x9e_37_79_b1) >>> 0;
}

interface Listable extends ParsedFingerprint {
  readonly confusion: number;
}

/**
 * How many of a class's kept photos, given in the order of the shortlist, `shortlistClass` would list when it compares
 * hashes. The cap is checked first: a photo over it is never listed and never a twin, so hashes are compared for few.
 */
function countListed(
  photos: Iterable<Listable>,
  { cap, nearDuplicateDistance }: { readonly cap: number; readonly nearDuplicateDistance: number },
): number {
  const places = new Map<number, number>();
  const listed = new FingerprintIndex();
  for (const photo of photos) {
    const { confusion } = photo;
    const taken = places.get(confusion) ?? 0;
    if (taken >= cap || listed.firstMatch(photo, nearDuplicateDistance) !== -1) continue;
    listed.add(photo);
    places.set(confusion, taken + 1);
  }
  return listed.length;
}
