import { signal, type Signal } from '@preact/signals';
import type { NamedClass } from '../../../../core/collection/label-index.ts';
import type {
  ActionRef,
  ActionsAnswer,
  HeldPhoto,
  ReviewChange,
  ReviewPhoto,
  ReviewSetup,
} from '../../../../core/review/desk/desk.ts';
import type { Judgement, SeenSubject, ShownBy, Subject } from '../../../../core/review/events/event.ts';
import { Answers } from '../../answers.ts';
import { reviewApi, ROWS_MAX, type ReviewApi } from './api.ts';
import {
  subjectKey,
  afterAction,
  madeAction,
  NO_HISTORY,
  refKey,
  refOf,
  storedAction,
  withoutAction,
  withoutReversal,
} from './history.ts';
import type { DoneAction, History } from './history.ts';
import { Outbox } from './outbox.ts';
import { PHOTOS_IN_REQUEST } from './outbox-rules.ts';
import type { KeptAction } from './outbox-store.ts';
import { changesAgain, isRefused, metText, type RefusedAction } from './refused.ts';
import { PhotoCache } from './photo-cache.ts';
import { openTabs } from './tabs.ts';
import { countOf } from '../../../../core/kernel/texts.ts';
import { doneText, judgementText } from '../words.ts';

const FOUND_WITHIN_MS = 3_000;

/** A decision or a redo without a complete answer. */
interface Unanswered {
  readonly done: string;
  /** The name of the photo; null for several. */
  readonly name: string | null;
  /** True if the reviewer is told the number of stored photos even when none was skipped. */
  readonly isAlwaysSaid: boolean;
  stored: number;
  skipped: number;
}

interface SessionOptions {
  readonly collection: string;
  readonly setup: ReviewSetup;
}

/** The properties of each page of the review. */
export interface PageProps {
  readonly store: ReviewStore;
  /** The groups of the pattern that matches the page's address. */
  readonly match: readonly string[];
}

/** One open page of the review: its photos, its reviewer's actions and their queue. */
export class ReviewStore {
  readonly collection: string;
  readonly api: ReviewApi;
  readonly cache = new PhotoCache();
  readonly setup: ReviewSetup;
  readonly history = signal<History>(NO_HISTORY);
  /** True while the page is about to load under another name. It then asks for no photos. */
  isLeaving = false;
  readonly said = signal('');
  /** How the last verdict compares with others', until the next action. */
  readonly met = signal<string | null>(null);
  /** The text typed as criteria; null while their form is closed. It stays when the form goes with the last photo. */
  readonly draft = signal<string | null>(null);
  readonly criteria: Signal<string>;
  /** Called when the server has changed more photos than it sends back. */
  onMoreChanged: () => void = () => {};
  /** `null` for read-only users. */
  outbox: Outbox | null = null;
  #tabs: Awaited<ReturnType<typeof openTabs>> | null = null;
  readonly #names = new Answers<readonly NamedClass[]>();
  readonly #unanswered = new Map<number, Unanswered>();
  /** The action that each undo or redo of this page is about. */
  readonly #reversed = new Map<string, DoneAction>();

  private constructor({ collection, setup }: SessionOptions) {
    this.collection = collection;
    this.api = reviewApi(collection, setup.reviewer);
    this.setup = setup;
    this.criteria = signal(setup.criteria);
  }

  /** Starts sending the reviewer's stored actions. A page opens one store and then calls `begin`. */
  static async open(options: SessionOptions): Promise<ReviewStore> {
    const store = new ReviewStore(options);
    const { collection, setup } = options;
    const { reviewer } = setup;
    if (setup.mayReview && reviewer !== null) {
      store.outbox = await Outbox.open({
        collection,
        reviewer,
        send: (of, request) => reviewApi(of, reviewer).actions(request),
        onAnswer: (answer, isOwn) => store.#take(answer, isOwn),
        onRefused: (kept) => store.#takeRefusal(kept),
        onAnswered: (refused) => {
          const gone = refused.filter(({ action, isWhole }) => isWhole === true && !('of' in action));
          store.history.value = gone.reduce(withoutAction, store.history.value);
        },
      });
      store.#tabs = await openTabs({ client: store.outbox.client, reviewer });
    }
    return store;
  }

  /** May be called again after a failure. @throws ApiError if the server does not answer */
  async begin(): Promise<void> {
    const outbox = this.outbox;
    if (outbox !== null) {
      await Promise.race([outbox.sentFound, new Promise((resolve) => setTimeout(resolve, FOUND_WITHIN_MS))]);
      // After their verdicts are sent, so that nobody gets the photos before.
      await this.endGoneTabs();
      this.history.value = await this.#historyBefore(outbox);
    }
    this.cache.putClasses((await this.api.classes()).classes);
  }

  /** Frees the photos of this reviewer's tabs that ended without giving them back. @throws ApiError */
  async endGoneTabs(): Promise<void> {
    const gone = (await this.#tabs?.gone()) ?? [];
    if (gone.length === 0) return;
    await this.#giveBack(gone);
    await this.#tabs?.forget(gone);
  }

  /** Loads the page again under another name, whose reviewer may get this tab's photos. Unsent actions keep theirs. @throws ApiError */
  async rename(name: string): Promise<void> {
    this.isLeaving = true;
    try {
      await this.#giveBack();
      await this.api.setReviewer(name);
      location.reload();
    } catch (error) {
      this.isLeaving = false;
      throw error;
    }
  }

  get isSent(): boolean {
    return (this.outbox?.waiting.value.length ?? 0) === 0;
  }

  /** The classes that can be named; null while they are read. */
  classNames(): readonly NamedClass[] | null {
    this.#names.want('', () => this.api.names());
    return this.#names.get('').value;
  }

  say(text: string): void {
    this.said.value = text;
  }

  /** Applies a change to this page and queues it for the server. Returns `null` for read-only users. */
  record(given: ReviewChange): ActionRef | null {
    if (this.outbox === null) return null;
    const change = this.#withSeen(given);
    this.met.value = null;
    const ref = this.outbox.record(change);
    const target = this.#targetOf(change);
    if (target !== null) this.#reversed.set(refKey(ref), target);
    this.cache.apply(ref, change, target);
    if ('seen' in change || change.kind === 'verdict' || change.kind === 'adjudicate')
      this.outbox.answer(this.cache.keysOf(ref));
    const action = madeAction(ref, change);
    if (action !== null) this.history.value = afterAction(this.history.value, action);
    return ref;
  }

  /**
   * Judges photos. If there are several, the server skips disputed ones, and the reviewer is told so. A decision is for all
   * reviewers if the photo was settled, or if it is disputed and shown alone.
   */
  decide(subjects: readonly Subject[], judgement: Judgement, shownBy: ShownBy): void {
    const isForAll = (subject: Subject): boolean => {
      const photo = this.cache.photo(subject);
      return photo !== undefined && (photo.isSettled || (photo.state === 'disputed' && subjects.length === 1));
    };
    const own = subjects.filter((subject) => !isForAll(subject));
    const forAll = own.length === subjects.length ? [] : subjects.filter(isForAll);
    const isAlwaysSaid = subjects.length > 1;
    const [first] = subjects;
    const name = first === undefined || isAlwaysSaid ? null : (this.cache.photo(first)?.name ?? first.wnid);
    const decision: Unanswered = { done: judgementText(judgement), name, isAlwaysSaid, stored: 0, skipped: 0 };
    if (own.length > 0) this.#await(decision, { kind: 'verdict', subjects: own, value: { ...judgement, shownBy } });
    if (forAll.length > 0) this.#await(decision, { kind: 'adjudicate', subjects: forAll, value: judgement });
  }

  flag(subjects: readonly Subject[]): void {
    const flagged = !subjects.every((subject) => this.cache.photo(subject)?.mine.flagged === true);
    this.record({ kind: 'flag', subjects, value: { flagged } });
    this.say(`${flagged ? 'Flagged' : 'Flag taken off'}: ${countOf(subjects.length, 'photo')}`);
  }

  takeBack(kind: 'undo' | 'redo'): DoneAction | null {
    const [action, of] = this.#reversible(kind);
    const refused = this.outbox?.refused.value.find((one) => one.isWhole && of !== null && refKey(one) === refKey(of));
    if (refused !== undefined) this.answerRefusal(refused, false);
    else if (action === null || of === null) this.say(`Nothing to ${kind}`);
    else this.#await({ done: 'done again', name: null, isAlwaysSaid: false, stored: 0, skipped: 0 }, { kind, of });
    return action;
  }

  /** Gives the refused photos of an action once more, with what its author has been told of as seen, or drops them. */
  answerRefusal(refused: RefusedAction, isKept: boolean): void {
    // Recorded before the refused action is removed, so that no crash loses it.
    if (isKept) for (const change of changesAgain(refused)) this.record(change);
    this.outbox?.answer(refused.stale.map(subjectKey), refused);
  }

  /** Reads one photo, and who has it now if that is another tab. @throws ApiError */
  async open(subject: Subject): Promise<HeldPhoto | null> {
    const { photos, held } = await this.api.rows([subject], this.outbox?.client);
    this.put(photos.filter(this.#isNew));
    return held[0] ?? null;
  }

  async load(subjects: readonly Subject[]): Promise<void> {
    await this.#read(subjects.filter(this.#isNew), this.#isNew);
  }

  /** A photo may also arrive with an action's answer while it is read. That row is newer. */
  #isNew = (subject: Subject): boolean => this.cache.photo(subject) === undefined;

  put(photos: readonly ReviewPhoto[]): void {
    const ahead = this.aheadKeys();
    this.cache.putPhotos(photos, (key) => ahead.has(key));
  }

  /** The keys of photos with changes that the server has not confirmed. */
  aheadKeys(): ReadonlySet<string> {
    return new Set(this.outbox?.waiting.value.flatMap((ref) => this.cache.keysOf(ref)));
  }

  aheadSubjects(): readonly Subject[] {
    return [...this.aheadKeys()].flatMap((key) => this.cache.at(key) ?? []);
  }

  /** Gives back all photos that this tab holds, and those of tabs that are gone. @throws ApiError */
  async #giveBack(gone?: readonly string[]): Promise<void> {
    const order = this.setup.orders[0] ?? 'confusions';
    const client = this.outbox?.client ?? '';
    await this.api.lease({ client, order, filter: {}, count: 0, held: [], gone });
  }

  #await(unanswered: Unanswered, change: ReviewChange): void {
    const ref = this.record(change);
    if (ref !== null && change.kind !== 'undo') this.#unanswered.set(ref.sequence, unanswered);
  }

  #reversible(kind: 'undo' | 'redo'): readonly [DoneAction | null, ActionRef | null] {
    const { done, undone } = this.history.value;
    if (kind === 'redo') return [undone.at(-1)?.action ?? null, undone.at(-1)?.undo ?? null];
    const last = done.at(-1);
    return last === undefined ? [null, null] : [last, refOf(last)];
  }

  #targetOf(change: ReviewChange): DoneAction | null {
    if (!('of' in change)) return null;
    const { done, undone } = this.history.value;
    const of = refKey(change.of);
    if (change.kind === 'undo') return done.find((one) => refKey(one) === of) ?? null;
    return undone.find(({ undo }) => refKey(undo) === of)?.action ?? null;
  }

  /** Adds to a change of verdicts the last events of others that the page has shown. */
  #withSeen(change: ReviewChange): ReviewChange {
    const seenOf = ({ sha256, wnid, seen = null }: SeenSubject): SeenSubject => {
      const shown = this.cache.seenOf({ sha256, wnid });
      return { sha256, wnid, seen: shown === null ? seen : Math.max(shown, seen ?? 0) };
    };
    if ('of' in change) {
      const target = this.#targetOf(change)?.subject ?? [];
      const photos = this.cache.keysOf(change.of).flatMap((key) => this.cache.at(key) ?? []);
      const known = new Map([target, photos, change.seen ?? []].flat().map((one) => [subjectKey(one), one]));
      const seen = [...known.values()].map(seenOf).filter((one) => (one.seen ?? 0) > 0);
      return { ...change, seen: seen.slice(0, PHOTOS_IN_REQUEST) };
    }
    const isJudging = change.kind === 'verdict' || change.kind === 'adjudicate';
    return isJudging ? { ...change, subjects: change.subjects.map(seenOf) } : change;
  }

  #take({ photos, classes, results }: ActionsAnswer, isOwn: boolean): void {
    this.put(photos);
    if (results.reduce((sum, { stored, skipped }) => sum + stored + skipped, 0) > photos.length) this.onMoreChanged();
    for (const result of results) this.#sayOf(result, isOwn);
    // While actions are in flight, this tab's counts are ahead of the server's.
    if (this.isSent) this.cache.putClasses(classes);
  }

  #sayOf({ sequence, stored, skipped, met }: ActionsAnswer['results'][number], isOwn: boolean): void {
    const known = isOwn ? this.#unanswered.get(sequence) : undefined;
    if (met !== undefined)
      this.met.value = metText(met, known === undefined && stored === 1 ? 'A photo' : (known?.name ?? null));
    if (known === undefined) return;
    this.#unanswered.delete(sequence);
    known.stored += stored;
    known.skipped += skipped;
    if (known.isAlwaysSaid || known.skipped > 0) this.say(doneText(known.done, known));
  }

  /** Reads the photos of a refused action again. The author may have taken it back before the refusal came: that is the answer. */
  #takeRefusal(kept: KeptAction): void {
    const { action } = kept;
    const photos = 'subjects' in action ? action.subjects : [];
    const target = this.#reversed.get(refKey(kept));
    if (isRefused(kept)) {
      if ('of' in action && kept.isWhole === true && target !== undefined)
        this.history.value = withoutReversal(this.history.value, { ...refOf(kept), ...action }, target);
      if (this.history.value.undone.some((one) => refKey(one.action) === refKey(kept)))
        this.outbox?.answer(kept.stale.map(subjectKey), kept);
    }
    void this.#readAgain(isRefused(kept) ? kept.stale : photos);
  }

  async #readAgain(subjects: readonly Subject[]): Promise<void> {
    await this.#read(subjects);
    this.cache.putClasses((await this.api.classes()).classes);
  }

  async #read(subjects: readonly Subject[], isWanted: (photo: ReviewPhoto) => boolean = () => true): Promise<void> {
    for (let i = 0; i < subjects.length; i += ROWS_MAX) {
      const { photos } = await this.api.rows(subjects.slice(i, i + ROWS_MAX));
      this.put(photos.filter(isWanted));
    }
  }

  /** Read again if an action was sent meanwhile: it would be missing in both. */
  async #historyBefore(outbox: Outbox): Promise<History> {
    const waiting = outbox.waiting.value;
    const { actions } = await this.api.recent();
    if (outbox.waiting.value !== waiting) return this.#historyBefore(outbox);
    const stored = new Set(actions.map(refKey));
    const unsent = waiting.filter((one) => one.collection === this.collection && !stored.has(refKey(one)));
    const made = unsent.flatMap((one) => madeAction(one, one.action) ?? []);
    return [...actions.map(storedAction), ...made].reduce(afterAction, NO_HISTORY);
  }
}
