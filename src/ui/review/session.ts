import type { ActionRef, ActionsAnswer, ReviewChange, ReviewPhoto, ReviewSetup } from '../../review/desk/desk.ts';
import type { Judgement, ShownBy, Subject } from '../../review/events/event.ts';
import { reviewApi, ROWS_MAX, type ReviewApi } from './api.ts';
import {
  afterAction,
  historyOf,
  nextRedo,
  nextUndo,
  NO_HISTORY,
  refOf,
  storedForm,
  type DoneAction,
  type History,
} from './history.ts';
import { Outbox, type OutboxState } from './outbox.ts';
import { decidesForAll, decisionsOn, Shelf } from './shelf.ts';
import { countOf } from '../../kernel/texts.ts';
import { doneText, judgementText } from './words.ts';

/** How long a reloaded page waits for earlier unsent actions. */
const FOUND_WITHIN_MS = 3_000;
const NOTHING_TO_SEND: OutboxState = { waiting: 0, offlineSince: null, problem: null, setAside: [] };

/** A decision or a redo. */
interface Unanswered {
  readonly done: string;
  /** True if the reviewer is told the number of stored photos even when none was skipped. */
  readonly isAlwaysSaid: boolean;
  stored: number;
  skipped: number;
}

/** An action made by a view. */
export interface Made {
  readonly ref: ActionRef;
  readonly subjects: readonly Subject[];
}

interface SessionOptions {
  readonly collection: string;
  readonly setup: ReviewSetup;
}

/** One open page of the review: its photos, its reviewer's actions and their queue. Views read it and subscribe to changes. */
export class ReviewSession {
  readonly collection: string;
  readonly api: ReviewApi;
  readonly shelf = new Shelf();
  setup: ReviewSetup;
  history: History = NO_HISTORY;
  /** The next screen-reader announcement. */
  said = '';
  /** Called with the server's answers to this reviewer's actions. */
  onAnswer: (answer: ActionsAnswer) => void = () => {};
  /** `null` for read-only users. */
  #outbox: Outbox | null = null;
  readonly #listeners = new Set<() => void>();
  /** Decisions and redos without a complete answer, by the sequence numbers of their actions. */
  readonly #unanswered = new Map<number, Unanswered>();

  private constructor({ collection, setup }: SessionOptions) {
    this.collection = collection;
    this.api = reviewApi(collection, setup.reviewer);
    this.setup = setup;
  }

  /** Starts sending the reviewer's stored actions. A page opens one session and then calls `begin`. */
  static async open(options: SessionOptions): Promise<ReviewSession> {
    const session = new ReviewSession(options);
    const { collection, setup } = options;
    const { reviewer } = setup;
    if (setup.mayReview && reviewer !== null) {
      session.#outbox = await Outbox.open({
        collection,
        reviewer,
        send: (of, request) => reviewApi(of, reviewer).actions(request),
        onChange: () => session.changed(),
        onAnswer: (answer, isOwn) => session.#take(answer, isOwn),
        onRefused: (action) => void session.#readAgain('subjects' in action ? action.subjects : []),
      });
    }
    return session;
  }

  /**
   * Reads the data that the page needs before it is shown. May be called again after a failure.
   *
   * @throws ApiError if the server does not answer
   */
  async begin(): Promise<void> {
    const outbox = this.#outbox;
    if (outbox !== null) {
      await Promise.race([outbox.sentFound, new Promise((resolve) => setTimeout(resolve, FOUND_WITHIN_MS))]);
      this.history = await this.#historyBefore(outbox);
    }
    this.shelf.putClasses((await this.api.classes()).classes);
  }

  get outbox(): OutboxState {
    return this.#outbox?.state ?? NOTHING_TO_SEND;
  }

  /** The id under which this tab leases photos; `null` for read-only users. */
  get client(): string | null {
    return this.#outbox?.client ?? null;
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Notifies the views. */
  changed(): void {
    for (const listener of this.#listeners) listener();
  }

  say(text: string): void {
    this.said = text;
    this.changed();
  }

  dismissProblem(): void {
    this.#outbox?.dismissProblem();
  }

  /** Sends the refused actions again. */
  sendAgain(): void {
    this.#outbox?.sendAgain();
  }

  /** Deletes the refused actions. */
  discardSetAside(): void {
    this.#outbox?.discardSetAside();
  }

  /** Applies a change to this page and queues it for the server. Returns `null` for read-only users. */
  record(change: ReviewChange): ActionRef | null {
    if (this.#outbox === null) return null;
    const { client, sequence, at } = this.#outbox.record(change);
    const ref: ActionRef = { client, sequence };
    this.shelf.apply(ref, change, this.#targetOf(change));
    const stored = storedForm(change, { ref, at, history: this.history });
    if (stored !== null) this.history = afterAction(this.history, stored);
    this.changed();
    return ref;
  }

  /** Judges photos. If there are several, the server skips disputed ones, and the reviewer is told so. */
  decide(subjects: readonly Subject[], judgement: Judgement, shownBy: ShownBy): readonly Made[] {
    const isForAll = (subject: Subject): boolean => {
      const photo = this.shelf.photo(subject);
      return photo !== undefined && decidesForAll(photo, subjects.length === 1);
    };
    const done = judgementText(judgement);
    const decision: Unanswered = { done, isAlwaysSaid: subjects.length > 1, stored: 0, skipped: 0 };
    return decisionsOn(subjects, { judgement, shownBy, isForAll }).flatMap((change) => {
      const ref = this.record(change);
      if (ref === null) return [];
      this.#unanswered.set(ref.sequence, decision);
      return [{ ref, subjects: change.subjects }];
    });
  }

  /** Flags photos, or removes the flags if all have one. `flagged` is their new state. */
  flag(subjects: readonly Subject[]): { readonly flagged: boolean; readonly ref: ActionRef | null } {
    const flagged = !subjects.every((subject) => this.shelf.photo(subject)?.mine.flagged === true);
    const ref = this.record({ kind: 'flag', subjects, value: { flagged } });
    this.say(`${flagged ? 'Flagged' : 'Flag taken off'}: ${countOf(subjects.length, 'photo')}`);
    return { flagged, ref };
  }

  /** Undoes the last action and returns it; `null` if there is none. */
  undo(): DoneAction | null {
    const action = nextUndo(this.history);
    if (action !== null) this.record({ kind: 'undo', of: refOf(action) });
    return action;
  }

  /** Redoes the last undone action and returns it; `null` if there is none. */
  redo(): DoneAction | null {
    const undone = nextRedo(this.history);
    const ref = undone === null ? null : this.record({ kind: 'redo', of: undone.undo });
    if (ref !== null)
      this.#unanswered.set(ref.sequence, { done: 'done again', isAlwaysSaid: false, stored: 0, skipped: 0 });
    return undone?.action ?? null;
  }

  /** Loads the photos that are not on the shelf yet. */
  async load(subjects: readonly Subject[]): Promise<void> {
    // A photo may also arrive with an action's answer during this read. That row is newer.
    const isNew = (subject: Subject): boolean => this.shelf.photo(subject) === undefined;
    await this.#read(subjects.filter(isNew), isNew);
  }

  /** Puts photos from the server on the shelf. */
  put(photos: readonly ReviewPhoto[]): void {
    const ahead = this.aheadKeys();
    this.shelf.putPhotos(photos, (key) => ahead.has(key));
    this.changed();
  }

  /** The keys of photos with changes that the server has not confirmed. */
  aheadKeys(): ReadonlySet<string> {
    const outbox = this.#outbox;
    if (outbox === null) return new Set();
    return new Set(outbox.waiting.flatMap((ref) => this.shelf.keysOf(ref)));
  }

  #targetOf(change: ReviewChange): DoneAction | null {
    if (change.kind === 'undo') return nextUndo(this.history);
    return change.kind === 'redo' ? (nextRedo(this.history)?.action ?? null) : null;
  }

  #take(answer: ActionsAnswer, isOwn: boolean): void {
    const { photos, classes, results } = answer;
    this.put(photos);
    this.onAnswer(answer);
    if (isOwn) for (const result of results) this.#sayOf(result);
    // While actions are in flight, this tab's counts are ahead of the server's.
    if (this.outbox.waiting === 0) this.shelf.putClasses(classes);
    this.changed();
  }

  #sayOf({ sequence, stored, skipped }: ActionsAnswer['results'][number]): void {
    const known = this.#unanswered.get(sequence);
    if (known === undefined) return;
    this.#unanswered.delete(sequence);
    known.stored += stored;
    known.skipped += skipped;
    if (known.isAlwaysSaid || known.skipped > 0) this.say(doneText(known.done, known));
  }

  async #readAgain(subjects: readonly Subject[]): Promise<void> {
    await this.#read(subjects);
    this.shelf.putClasses((await this.api.classes()).classes);
    this.changed();
  }

  async #read(subjects: readonly Subject[], isWanted: (photo: ReviewPhoto) => boolean = () => true): Promise<void> {
    for (let i = 0; i < subjects.length; i += ROWS_MAX) {
      const { photos } = await this.api.rows(subjects.slice(i, i + ROWS_MAX));
      this.put(photos.filter(isWanted));
    }
  }

  /** The history from the server's stored actions and this browser's unsent ones. */
  async #historyBefore(outbox: Outbox): Promise<History> {
    const { actions } = await this.api.recent();
    const stored = new Set(actions.map(({ client, sequence }) => `${client} ${sequence}`));
    const waiting = outbox.found.filter(({ client, sequence }) => !stored.has(`${client} ${sequence}`));
    return waiting.reduce((history, { client, sequence, at, ...change }) => {
      const form = storedForm(change, { ref: { client, sequence }, at, history });
      return form === null ? history : afterAction(history, form);
    }, historyOf(actions));
  }
}
