import { signal } from '@preact/signals';
import type {
  ActionRef,
  ClassProgress,
  OwnReview,
  ReviewChange,
  ReviewPhoto,
  ShownState,
} from '../../../../core/review/desk/desk.ts';
import type { Judgement, Subject } from '../../../../core/review/events/event.ts';
import { subjectKey, refKey, type DoneAction } from './history.ts';

export type PhotoChange = Partial<Pick<ReviewPhoto, 'state' | 'reason' | 'isSettled'>> & {
  readonly mine?: Partial<OwnReview>;
};

const STATE_AFTER: Readonly<Record<Judgement['verdict'], ShownState>> = {
  accept: 'accepted',
  reject: 'rejected',
  unsure: 'unsure',
};

/** This tab's changes lie over the server's rows, until the server has them and sends the row again. */
export class PhotoCache {
  /** Rises with each change, so that what was read here is rendered again. The maps are too large to be copied. */
  readonly #version = signal(0);
  readonly #rows = new Map<string, ReviewPhoto>();
  readonly #changes = new Map<string, PhotoChange>();
  readonly #seen = new Map<string, number>();
  readonly #classes = new Map<string, ClassProgress>();
  readonly #accepted = new Map<string, number>();
  readonly #touched = new Set<string>();
  /** The values that an undo of each action of this page restores. */
  readonly #before = new Map<string, ReadonlyMap<string, PhotoChange>>();

  photo(subject: Subject): ReviewPhoto | undefined {
    return this.at(subjectKey(subject));
  }

  at(key: string): ReviewPhoto | undefined {
    void this.#version.value;
    const row = this.#rows.get(key);
    return row === undefined ? undefined : withChange(row, this.change(key));
  }

  change(key: string): PhotoChange {
    void this.#version.value;
    return this.#changes.get(key) ?? {};
  }

  /** The photos that this page has changed since the last `clearTouched`. */
  get touched(): Iterable<string> {
    void this.#version.value;
    return this.#touched;
  }

  clearTouched(): void {
    this.#touched.clear();
    this.#version.value += 1;
  }

  /** The last event of another person that the page has shown of a photo; null if it has not shown the photo. */
  seenOf(subject: Subject): number | null {
    return this.#seen.get(subjectKey(subject)) ?? null;
  }

  get classes(): readonly ClassProgress[] {
    void this.#version.value;
    return [...this.#classes.values()];
  }

  progress(wnid: string): ClassProgress | undefined {
    void this.#version.value;
    return this.#classes.get(wnid);
  }

  acceptedOf({ wnid, confusionWnid, acceptedOfConfusion }: ReviewPhoto): number {
    void this.#version.value;
    return this.#accepted.get(`${wnid} ${confusionWnid}`) ?? acceptedOfConfusion;
  }

  /** Puts rows of the server. Changes of photos with `isAhead` stay, because the server does not have them yet. */
  putPhotos(photos: readonly ReviewPhoto[], isAhead: (key: string) => boolean): void {
    for (const photo of photos) {
      const key = subjectKey(photo);
      this.#rows.set(key, photo);
      // Under a change of this page, the page does not show what others did.
      if (isAhead(key) && this.#seen.has(key)) continue;
      this.#seen.set(key, photo.seen);
      if (isAhead(key)) continue;
      this.#changes.delete(key);
      this.#accepted.set(`${photo.wnid} ${photo.confusionWnid}`, photo.acceptedOfConfusion);
    }
    this.#version.value += 1;
  }

  putClasses(classes: readonly ClassProgress[]): void {
    for (const one of classes) this.#classes.set(one.wnid, one);
    this.#version.value += 1;
  }

  /** @param target the action that an undo reverts or a redo restores */
  apply(ref: ActionRef, change: ReviewChange, target: DoneAction | null): void {
    const patches =
      'of' in change
        ? (this.#before.get(refKey(change.of)) ?? patchOfEarlier(change.kind, target))
        : new Map(change.subjects.map((subject) => [subjectKey(subject), changeOf(change)]));
    this.#before.set(refKey(ref), new Map([...patches].map(([key, patch]) => [key, this.#patch(key, patch)])));
    this.#version.value += 1;
  }

  keysOf(ref: ActionRef): readonly string[] {
    return [...(this.#before.get(refKey(ref))?.keys() ?? [])];
  }

  /** Applies a change and returns the one that reverts it. */
  #patch(key: string, patch: PhotoChange): PhotoChange {
    const photo = this.at(key);
    const earlier = this.change(key);
    this.#touched.add(key);
    this.#changes.set(key, { ...earlier, ...patch, mine: { ...earlier.mine, ...patch.mine } });
    if (photo !== undefined && patch.state !== undefined) this.#count(photo, patch.state);
    const before: PhotoChange = photo ?? earlier;
    return { ...pick(before, patch), mine: pick(before.mine ?? {}, patch.mine ?? {}) };
  }

  #count(before: ReviewPhoto, state: ShownState): void {
    if (before.state === state) return;
    const progress = this.#classes.get(before.wnid);
    if (progress !== undefined) {
      this.#classes.set(before.wnid, {
        ...progress,
        [before.state]: Math.max(0, progress[before.state] - 1),
        [state]: progress[state] + 1,
      });
    }
    const change = Number(state === 'accepted') - Number(before.state === 'accepted');
    this.#accepted.set(`${before.wnid} ${before.confusionWnid}`, Math.max(0, this.acceptedOf(before) + change));
  }
}

function withChange(row: ReviewPhoto, change: PhotoChange): ReviewPhoto {
  const { state = row.state, reason = row.reason, isSettled = row.isSettled } = change;
  return { ...row, state, reason, isSettled, mine: ownWithChange(row.mine, change.mine ?? {}) };
}

function ownWithChange(own: OwnReview, change: Partial<OwnReview>): OwnReview {
  const { verdict = own.verdict, reason = own.reason } = change;
  const { alsoWnids = own.alsoWnids, tags = own.tags, note = own.note, flagged = own.flagged } = change;
  return { verdict, reason, alsoWnids, tags, note, flagged };
}

/** Guesses the changes of an action from before this page was loaded. The server's answer corrects them. */
function patchOfEarlier(kind: 'undo' | 'redo', target: DoneAction | null): ReadonlyMap<string, PhotoChange> {
  if (target === null || target.judgement === null) return new Map();
  const settled = target.kind === 'adjudicate' ? { isSettled: kind === 'redo' } : {};
  const { verdict, reason } = target.judgement;
  const patch: PhotoChange =
    kind === 'redo'
      ? { state: STATE_AFTER[verdict], reason, mine: { verdict, reason } }
      : { state: 'open', reason: null, mine: { verdict: null, reason: null } };
  return new Map([[subjectKey(target.subject), { ...patch, ...settled }]]);
}

function changeOf(change: Exclude<ReviewChange, { readonly of: ActionRef }>): PhotoChange {
  if (change.kind !== 'verdict' && change.kind !== 'adjudicate') return { mine: change.value };
  const { verdict, reason } = change.value;
  const after = { state: STATE_AFTER[verdict], reason };
  return change.kind === 'verdict' ? { ...after, mine: { verdict, reason } } : { ...after, isSettled: true };
}

/** The values that `from` has for the fields of `like`. */
function pick<T extends object>(from: T, like: Partial<T>): Partial<T> {
  const chosen: Partial<T> = {};
  for (const field in like) if (Object.hasOwn(like, field)) chosen[field] = from[field];
  return chosen;
}
