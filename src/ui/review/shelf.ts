import type {
  ActionRef,
  ClassProgress,
  OwnReview,
  ReviewChange,
  ReviewPhoto,
  ShownState,
} from '../../review/desk/desk.ts';
import type { Judgement, ShownBy, Subject } from '../../review/events/event.ts';
import { refKey, type DoneAction } from './history.ts';

export const subjectKey = ({ sha256, wnid }: Subject): string => `${sha256} ${wnid}`;

/** Fields of a photo that an action changes. */
interface Change {
  readonly photo: Partial<Pick<ReviewPhoto, 'state' | 'reason' | 'isSettled'>>;
  readonly mine: Partial<OwnReview>;
}

/** The values that an undo restores. */
interface Patch extends Change {
  readonly key: string;
}

const STATE_AFTER: Readonly<Record<Judgement['verdict'], ShownState>> = {
  accept: 'accepted',
  reject: 'rejected',
  unsure: 'unsure',
};

/** Splits a decision into a verdict and, for photos whose state a verdict cannot change, an adjudication. */
export function decisionsOn(
  subjects: readonly Subject[],
  { judgement, shownBy, isForAll }: DecisionOptions,
): (ReviewChange & { readonly subjects: readonly Subject[] })[] {
  const forAll = subjects.filter(isForAll);
  const own = subjects.filter((subject) => !isForAll(subject));
  return [
    ...(own.length > 0 ? [{ kind: 'verdict' as const, subjects: own, value: { ...judgement, shownBy } }] : []),
    ...(forAll.length > 0 ? [{ kind: 'adjudicate' as const, subjects: forAll, value: judgement }] : []),
  ];
}

/** True if a decision on the photo is for all reviewers: it was settled, or it is disputed and shown alone. */
export function decidesForAll(
  { isSettled, state }: Pick<ReviewPhoto, 'isSettled' | 'state'>,
  isAlone: boolean,
): boolean {
  return isSettled || (state === 'disputed' && isAlone);
}

interface DecisionOptions {
  readonly judgement: Judgement;
  readonly shownBy: ShownBy;
  /** True if a decision on the photo is for all reviewers. */
  readonly isForAll: (subject: Subject) => boolean;
}

type Target = Pick<DoneAction, 'kind' | 'subject' | 'judgement'>;

/**
 * The page's photos and counts. This tab's actions are applied before the server answers. Rows of the server replace them
 * afterwards.
 */
export class Shelf {
  readonly #photos = new Map<string, ReviewPhoto>();
  readonly #classes = new Map<string, ClassProgress>();
  /** Number of accepted photos by class and confusion. */
  readonly #accepted = new Map<string, number>();
  /** The values that each action of this page replaced. */
  readonly #before = new Map<string, readonly Patch[]>();

  /** The photo with this tab's actions applied; undefined if it is not loaded. */
  photo(subject: Subject): ReviewPhoto | undefined {
    return this.#photos.get(subjectKey(subject));
  }

  /** The loaded photos with these keys. */
  at(keys: Iterable<string>): readonly ReviewPhoto[] {
    return [...keys].flatMap((key) => this.#photos.get(key) ?? []);
  }

  /** In review order. */
  get classes(): readonly ClassProgress[] {
    return [...this.#classes.values()];
  }

  progress(wnid: string): ClassProgress | undefined {
    return this.#classes.get(wnid);
  }

  /** Number of accepted photos of the photo's class and confusion. */
  acceptedOf({ wnid, confusionWnid, acceptedOfConfusion }: ReviewPhoto): number {
    return this.#accepted.get(`${wnid} ${confusionWnid}`) ?? acceptedOfConfusion;
  }

  /** Puts rows of the server. Photos with `isAhead` keep this tab's values, because the server does not have them yet. */
  putPhotos(photos: readonly ReviewPhoto[], isAhead: (key: string) => boolean): void {
    for (const photo of photos) {
      const key = subjectKey(photo);
      if (this.#photos.has(key) && isAhead(key)) continue;
      this.#photos.set(key, photo);
      this.#accepted.set(`${photo.wnid} ${photo.confusionWnid}`, photo.acceptedOfConfusion);
    }
  }

  putClasses(classes: readonly ClassProgress[]): void {
    for (const one of classes) this.#classes.set(one.wnid, one);
  }

  /**
   * Applies an action of this tab at once.
   *
   * @param target the action that an undo reverts or a redo restores
   */
  apply(ref: ActionRef, change: ReviewChange, target: Target | null): void {
    const patches =
      'of' in change
        ? (this.#before.get(refKey(change.of)) ?? patchesOfEarlier(change.kind, target))
        : change.subjects.map((subject) => ({ key: subjectKey(subject), ...changeOf(change) }));
    this.#before.set(
      refKey(ref),
      patches.flatMap((patch) => this.#patch(patch)),
    );
  }

  /** The keys of the photos that an action of this page has changed. */
  keysOf(ref: ActionRef): readonly string[] {
    return (this.#before.get(refKey(ref)) ?? []).map(({ key }) => key);
  }

  /** Applies a patch and returns the one that reverts it. */
  #patch({ key, photo: fields, mine }: Patch): Patch[] {
    const before = this.#photos.get(key);
    if (before === undefined) return [];
    const after: ReviewPhoto = { ...before, ...fields, mine: { ...before.mine, ...mine } };
    this.#photos.set(key, after);
    if (before.state !== after.state) this.#count(before, after.state);
    return [{ key, photo: pick(before, fields), mine: pick(before.mine, mine) }];
  }

  #count(before: ReviewPhoto, state: ShownState): void {
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

/** Guesses the patches of an action from before this page was loaded. The server's answer corrects them. */
function patchesOfEarlier(kind: 'undo' | 'redo', target: Target | null): Patch[] {
  if (target === null || target.judgement === null) return [];
  const key = subjectKey(target.subject);
  const settled = target.kind === 'adjudicate' ? { isSettled: kind === 'redo' } : {};
  if (kind === 'undo')
    return [{ key, photo: { state: 'open', reason: null, ...settled }, mine: { verdict: null, reason: null } }];
  const { verdict, reason } = target.judgement;
  return [{ key, photo: { state: STATE_AFTER[verdict], reason, ...settled }, mine: { verdict, reason } }];
}

function changeOf(change: Exclude<ReviewChange, { readonly of: ActionRef }>): Change {
  if (change.kind === 'verdict' || change.kind === 'adjudicate') {
    const { verdict, reason } = change.value;
    const photo = { state: STATE_AFTER[verdict], reason };
    return change.kind === 'verdict'
      ? { photo, mine: { verdict, reason } }
      : { photo: { ...photo, isSettled: true }, mine: {} };
  }
  return { photo: {}, mine: change.value };
}

/** The values that `from` has for the fields of `like`. */
function pick<T extends object>(from: T, like: Partial<T>): Partial<T> {
  const chosen: Partial<T> = {};
  for (const field in like) if (Object.hasOwn(like, field)) chosen[field] = from[field];
  return chosen;
}
