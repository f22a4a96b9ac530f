import type { NamedClass } from '../../../collection/label-index.ts';
import type { ActionRef, ActionsAnswer, ReviewChange, ReviewPhoto, ReviewSetup } from '../../../review/desk/desk.ts';
import type { Judgement, ShownBy, Subject } from '../../../review/events/event.ts';
import { Fetched } from '../single/fetched.ts';
import { reviewApi, ROWS_MAX, type ReviewApi } from './api.ts';
import { afterAction, madeAction, NO_HISTORY, refKey, refOf, storedAction } from './history.ts';
import type { DoneAction, History } from './history.ts';
import { Outbox } from './outbox.ts';
import { Shelf } from './shelf.ts';
import { openTabs } from './tabs.ts';
import { countOf } from '../../../kernel/texts.ts';
import { doneText, judgementText } from '../words.ts';

const FOUND_WITHIN_MS = 3_000;

/** A decision or a redo without a complete answer. */
interface Unanswered {
  readonly done: string;
  /** True if the reviewer is told the number of stored photos even when none was skipped. */
  readonly isAlwaysSaid: boolean;
  stored: number;
  skipped: number;
}

interface SessionOptions {
  readonly collection: string;
  readonly setup: ReviewSetup;
}

/** One open page of the review: its photos, its reviewer's actions and their queue. Views read it and subscribe to changes. */
export class ReviewStore {
  readonly collection: string;
  readonly api: ReviewApi;
  readonly shelf = new Shelf();
  setup: ReviewSetup;
  history: History = NO_HISTORY;
  said = '';
  /** Called when the server has changed more photos than it sends back. */
  onMoreChanged: () => void = () => {};
  /** `null` for read-only users. */
  #outbox: Outbox | null = null;
  #tabs: Awaited<ReturnType<typeof openTabs>> | null = null;
  readonly #names = new Fetched<readonly NamedClass[]>(() => this.changed());
  readonly #listeners = new Set<() => void>();
  readonly #unanswered = new Map<number, Unanswered>();

  private constructor({ collection, setup }: SessionOptions) {
    this.collection = collection;
    this.api = reviewApi(collection, setup.reviewer);
    this.setup = setup;
  }

  /** Starts sending the reviewer's stored actions. A page opens one store and then calls `begin`. */
  static async open(options: SessionOptions): Promise<ReviewStore> {
    const store = new ReviewStore(options);
    const { collection, setup } = options;
    const { reviewer } = setup;
    if (setup.mayReview && reviewer !== null) {
      store.#outbox = await Outbox.open({
        collection,
        reviewer,
        send: (of, request) => reviewApi(of, reviewer).actions(request),
        onChange: () => store.changed(),
        onAnswer: (answer, isOwn) => store.#take(answer, isOwn),
        onRefused: (action) => void store.#readAgain('subjects' in action ? action.subjects : []),
      });
      store.#tabs = await openTabs({ client: store.#outbox.client, reviewer });
    }
    return store;
  }

  /** May be called again after a failure. @throws ApiError if the server does not answer */
  async begin(): Promise<void> {
    const outbox = this.#outbox;
    if (outbox !== null) {
      await Promise.race([outbox.sentFound, new Promise((resolve) => setTimeout(resolve, FOUND_WITHIN_MS))]);
      // After their verdicts are sent, so that nobody gets the photos before.
      await this.endGoneTabs();
      this.history = await this.#historyBefore(outbox);
    }
    this.shelf.putClasses((await this.api.classes()).classes);
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
    await this.#giveBack();
    await this.api.setReviewer(name);
    location.reload();
  }

  get outbox(): Outbox | null {
    return this.#outbox;
  }

  get isSent(): boolean {
    return (this.#outbox?.waiting.length ?? 0) === 0;
  }

  /** The classes that can be named; null while they are read. */
  classNames(): readonly NamedClass[] | null {
    this.#names.want('', () => this.api.names());
    const known = this.#names.get('');
    return typeof known === 'string' ? null : known;
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  changed(): void {
    for (const listener of this.#listeners) listener();
  }

  say(text: string): void {
    this.said = text;
    this.changed();
  }

  /** Applies a change to this page and queues it for the server. Returns `null` for read-only users. */
  record(change: ReviewChange): ActionRef | null {
    if (this.#outbox === null) return null;
    const ref = this.#outbox.record(change);
    this.shelf.apply(ref, change, this.#targetOf(change));
    const action = madeAction(ref, change);
    if (action !== null) this.history = afterAction(this.history, action);
    this.changed();
    return ref;
  }

  /**
   * Judges photos. If there are several, the server skips disputed ones, and the reviewer is told so. A decision is for all
   * reviewers if the photo was settled, or if it is disputed and shown alone.
   */
  decide(subjects: readonly Subject[], judgement: Judgement, shownBy: ShownBy): void {
    const isForAll = (subject: Subject): boolean => {
      const photo = this.shelf.photo(subject);
      return photo !== undefined && (photo.isSettled || (photo.state === 'disputed' && subjects.length === 1));
    };
    const own = subjects.filter((subject) => !isForAll(subject));
    const forAll = own.length === subjects.length ? [] : subjects.filter(isForAll);
    const isAlwaysSaid = subjects.length > 1;
    const decision: Unanswered = { done: judgementText(judgement), isAlwaysSaid, stored: 0, skipped: 0 };
    if (own.length > 0) this.#await(decision, { kind: 'verdict', subjects: own, value: { ...judgement, shownBy } });
    if (forAll.length > 0) this.#await(decision, { kind: 'adjudicate', subjects: forAll, value: judgement });
  }

  flag(subjects: readonly Subject[]): void {
    const flagged = !subjects.every((subject) => this.shelf.photo(subject)?.mine.flagged === true);
    this.record({ kind: 'flag', subjects, value: { flagged } });
    this.say(`${flagged ? 'Flagged' : 'Flag taken off'}: ${countOf(subjects.length, 'photo')}`);
  }

  takeBack(kind: 'undo' | 'redo'): DoneAction | null {
    const [action, of] = this.#reversible(kind);
    if (action === null || of === null) this.say(`Nothing to ${kind}`);
    else this.#await({ done: 'done again', isAlwaysSaid: false, stored: 0, skipped: 0 }, { kind, of });
    return action;
  }

  async load(subjects: readonly Subject[]): Promise<void> {
    // A photo may also arrive with an action's answer during this read. That row is newer.
    const isNew = (subject: Subject): boolean => this.shelf.photo(subject) === undefined;
    await this.#read(subjects.filter(isNew), isNew);
  }

  put(photos: readonly ReviewPhoto[]): void {
    const ahead = this.aheadKeys();
    this.shelf.putPhotos(photos, (key) => ahead.has(key));
    this.changed();
  }

  /** The keys of photos with changes that the server has not confirmed. */
  aheadKeys(): ReadonlySet<string> {
    return new Set(this.#outbox?.waiting.flatMap((ref) => this.shelf.keysOf(ref)));
  }

  aheadSubjects(): readonly Subject[] {
    return [...this.aheadKeys()].flatMap((key) => this.shelf.at(key) ?? []);
  }

  /** Gives back all photos that this tab holds, and those of tabs that are gone. @throws ApiError */
  async #giveBack(gone?: readonly string[]): Promise<void> {
    const order = this.setup.orders[0] ?? 'confusions';
    const client = this.#outbox?.client ?? '';
    await this.api.lease({ client, order, filter: {}, count: 0, held: [], gone });
  }

  #await(unanswered: Unanswered, change: ReviewChange): void {
    const ref = this.record(change);
    if (ref !== null && change.kind !== 'undo') this.#unanswered.set(ref.sequence, unanswered);
  }

  #reversible(kind: 'undo' | 'redo'): readonly [DoneAction | null, ActionRef | null] {
    const { done, undone } = this.history;
    if (kind === 'redo') return [undone.at(-1)?.action ?? null, undone.at(-1)?.undo ?? null];
    const last = done.at(-1);
    return last === undefined ? [null, null] : [last, refOf(last)];
  }

  #targetOf({ kind }: ReviewChange): DoneAction | null {
    return kind === 'undo' || kind === 'redo' ? this.#reversible(kind)[0] : null;
  }

  #take({ photos, classes, results }: ActionsAnswer, isOwn: boolean): void {
    this.put(photos);
    if (results.reduce((sum, { stored, skipped }) => sum + stored + skipped, 0) > photos.length) this.onMoreChanged();
    if (isOwn) for (const result of results) this.#sayOf(result);
    // While actions are in flight, this tab's counts are ahead of the server's.
    if (this.isSent) this.shelf.putClasses(classes);
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

  async #historyBefore({ waiting }: Outbox): Promise<History> {
    const { actions } = await this.api.recent();
    const stored = new Set(actions.map(refKey));
    const unsent = waiting.filter((one) => one.collection === this.collection && !stored.has(refKey(one)));
    const made = unsent.flatMap((one) => madeAction(one, one.action) ?? []);
    return [...actions.map(storedAction), ...made].reduce(afterAction, NO_HISTORY);
  }
}
