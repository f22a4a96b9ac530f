import { signal } from '@preact/signals';
import type {
  ActionRef,
  ActionsAnswer,
  ActionsRequest,
  ReviewActionSent,
  ReviewChange,
} from '../../../../core/review/desk/desk.ts';
import { ApiError, errorText } from './api.ts';
import { subjectKey, refKey } from './history.ts';
import {
  batchOf,
  FIRST_PACE,
  inOrder,
  joined,
  othersText,
  failureOf,
  splitAction,
  setAsideText,
  stepAfter,
  type Failure,
  type BatchRules,
  type Step,
} from './outbox-rules.ts';
import { oneAtATime, openOutboxStore, countElsewhere } from './outbox-store.ts';
import type { KeptAction, OutboxStore } from './outbox-store.ts';
import { isRefused, type RefusedAction } from './refused.ts';

export interface OutboxOptions {
  readonly collection: string;
  readonly reviewer: string;
  readonly send: (collection: string, request: ActionsRequest) => Promise<ActionsAnswer>;
  /** Called with the server's answer to stored actions. `isOwn` is true if this page made them. */
  readonly onAnswer: (answer: ActionsAnswer, isOwn: boolean) => void;
  /** Called when the server refuses an action. The photos that it changed must be read again. */
  readonly onRefused: (kept: KeptAction) => void;
  /** Called when refused actions no longer wait for an answer. */
  readonly onAnswered: (refused: readonly RefusedAction[]) => void;
}

const LOOK_EVERY_MS = 30_000;

type Sent =
  | { readonly outcome: 'stored'; readonly answer: ActionsAnswer }
  | { readonly outcome: Failure; readonly error: ApiError };

/**
 * The queue of unsent actions, shared by all tabs of this browser. An action is stored in the browser before it is sent, and
 * removed when the server has it. Every tab sends its reviewer's actions in order, one request at a time. A Web Lock lets only
 * one tab send at a time. Browsers offer locks only to pages from https or this machine. Without locks two tabs may send the
 * same action, which the server stores once. A tab re-sends its own actions that another tab has sent, to get the answer.
 * Actions of other reviewers wait until they log in.
 */
export class Outbox {
  /** 32 hex digits, new at each page load. `crypto.randomUUID` needs https, as locks do. */
  readonly client = [...crypto.getRandomValues(new Uint8Array(16))]
    .map((byte) => byte.toString(16).padStart(2, '0'))
    .join('');
  /** Resolves when the server has all actions that were in the queue when the page was loaded. */
  sentFound: Promise<void> = Promise.resolve();
  /** True while the server cannot be reached. */
  readonly isOffline = signal(false);
  readonly #options: OutboxOptions;
  readonly #store: OutboxStore;
  #next = 1;
  /** The actions that the server does not have yet. */
  readonly waiting = signal<readonly KeptAction[]>([]);
  /** The number of actions that wait for a winnow at another path of this site. */
  readonly elsewhere = signal(0);
  /** Refused actions: those found for this collection, and those sent by this page. */
  readonly #setAside = signal<readonly KeptAction[]>([]);
  /** Actions of this collection that wait for their author's answer, because others did something that the author had not seen. */
  readonly refused = signal<readonly RefusedAction[]>([]);
  /** Other collections that cannot be reviewed now. Their own pages send their actions. */
  readonly #left = new Set<string>();
  #isSending = false;
  #wake: () => void = () => {};
  readonly #obstacle = signal<string | null>(null);
  readonly #banner = signal<string | null>(null);
  /** True if the browser failed to store or remove an action and the reviewer was told. */
  #isStoreBroken = false;

  private constructor(options: OutboxOptions, store: OutboxStore, kept: readonly KeptAction[]) {
    this.#options = options;
    this.#store = store;
    const mine = inOrder(kept.filter(({ reviewer }) => reviewer === options.reviewer));
    const ofHere = mine.filter(({ collection }) => collection === options.collection);
    this.waiting.value = mine.filter(({ problem }) => problem === null);
    this.#setAside.value = ofHere.filter((one) => one.problem !== null && !isRefused(one));
    this.refused.value = ofHere.filter(isRefused);
    const ofOthers = kept.filter(({ reviewer, problem }) => reviewer !== options.reviewer && problem === null);
    this.#banner.value = setAsideText(this.#setAside.value) ?? othersText(ofOthers);
  }

  static async open(options: OutboxOptions): Promise<Outbox> {
    const store = await openOutboxStore();
    const outbox = new Outbox(options, store, await store.actions());
    globalThis.addEventListener('online', () => outbox.#wake());
    document.addEventListener('visibilitychange', () => outbox.#wake());
    outbox.sentFound = outbox.#send();
    setInterval(() => void outbox.#send(), LOOK_EVERY_MS);
    // Not every browser lists its databases.
    outbox.elsewhere.value = await countElsewhere().catch(() => 0);
    return outbox;
  }

  get problem(): string | null {
    return this.#obstacle.value ?? this.#banner.value;
  }

  /** The actions set aside, if the problem is about them; otherwise empty. */
  get setAside(): readonly KeptAction[] {
    return this.#obstacle.value === null && this.#banner.value !== null ? this.#setAside.value : [];
  }

  record(change: ReviewChange): ActionRef & { readonly at: string } {
    const { collection, reviewer } = this.#options;
    const { client } = this;
    const sequence = this.#next;
    this.#next += 1;
    const action: ReviewActionSent = { sequence, at: new Date().toISOString(), ...change };
    this.#enqueue([{ client, collection, reviewer, sequence, action, problem: null }]);
    return { client, sequence, at: action.at };
  }

  /** Ends the wait of refused photos, by default of all actions: their author has answered, or has decided again. */
  answer(keys: readonly string[], only: ActionRef | null = null): void {
    const answered = new Set(keys);
    const ended: RefusedAction[] = [];
    this.refused.value = this.refused.value.flatMap((one) => {
      const isMeant = only === null || refKey(one) === refKey(only);
      const stale = one.stale.filter((photo) => !isMeant || !answered.has(subjectKey(photo)));
      if (stale.length === one.stale.length) return one;
      const rest = { ...one, stale };
      void this.#safely(stale.length === 0 ? this.#store.remove([one]) : this.#store.put(rest));
      if (stale.length > 0) return rest;
      ended.push(one);
      return [];
    });
    if (ended.length > 0) this.#options.onAnswered(ended);
  }

  /** Moves the actions of other paths here, and loads the page again, which sends them. */
  async sendElsewhere(): Promise<void> {
    await countElsewhere(this.#store);
    location.reload();
  }

  sendAgain(): void {
    const again = this.#setAside.value.map((one) => ({ ...one, problem: null }));
    this.#setAside.value = [];
    this.#banner.value = null;
    this.#enqueue(again);
  }

  discardSetAside(): void {
    void this.#safely(this.#store.remove(this.#setAside.value));
    this.#setAside.value = [];
    this.#banner.value = null;
  }

  /** Hides the problem. Actions set aside are shown again at the next page load. */
  dismissProblem(): void {
    if (this.#obstacle.value === null) this.#banner.value = null;
    this.#obstacle.value = null;
  }

  #enqueue(added: readonly KeptAction[]): void {
    for (const kept of added) void this.#safely(this.#store.put(kept));
    this.waiting.value = [...this.waiting.value, ...added];
    void this.#send();
  }

  /** Actions that cannot be stored are still sent. Those that cannot be removed are sent again, which is harmless. */
  async #safely(work: Promise<void>): Promise<void> {
    try {
      await work;
    } catch (error) {
      if (this.#isStoreBroken) return;
      this.#isStoreBroken = true;
      const advice = 'Do not close the page while some are not sent.';
      this.#banner.value = `This browser cannot keep decisions (${errorText(error)}). ${advice}`;
    }
  }

  async #send(): Promise<void> {
    if (this.#isSending) return;
    this.#isSending = true;
    try {
      let pace = FIRST_PACE;
      do {
        const step = await oneAtATime(() => this.#sendNext(pace));
        if (step.do === 'wait') await this.#wait(pace.delayMs);
        pace = step.pace;
      } while (this.waiting.value.length > 0);
    } finally {
      this.#isSending = false;
    }
  }

  async #sendNext(pace: BatchRules): Promise<Step> {
    await this.#readQueue();
    const batch = batchOf(this.waiting.value, pace);
    if (batch.length === 0) return { do: 'go-on', pace };
    const sent = await this.#ask(batch);
    const step = stepAfter(sent.outcome, batch.length, pace);
    if (sent.outcome === 'stored') await this.#drop(batch, sent.answer);
    else if (step.do === 'set-aside') await this.#putAside(batch, sent.error);
    else if (step.do === 'wait' && !sent.error.isPassing && this.#leave(batch)) return { do: 'go-on', pace };
    else if (step.do === 'wait') this.#noteFailure(sent.error);
    return step;
  }

  /** Reads the shared queue. Unsent actions of this page stay in it, even if another tab has removed them. */
  async #readQueue(): Promise<void> {
    // Actions that cannot be removed would be sent again and again.
    if (this.#isStoreBroken) return;
    const all = await this.#store.actions().catch(() => []);
    const kept = all.filter(
      ({ reviewer, collection, problem }) =>
        reviewer === this.#options.reviewer && problem === null && !this.#left.has(collection),
    );
    // Another tab may have sent an action that was refused, or its author may have answered there.
    this.refused.value = all.filter((one) => this.#isOfHere(one)).filter(isRefused);
    const own = this.waiting.value.filter(({ client }) => client === this.client);
    this.waiting.value = inOrder([...new Map([...kept, ...own].map((one) => [refKey(one), one])).values()]);
  }

  async #ask(batch: readonly KeptAction[]): Promise<Sent> {
    const { client = '', collection = '', reviewer = '' } = batch[0] ?? {};
    const [alone, ...others] = batch.map(({ action }) => action);
    const parts = alone === undefined || others.length > 0 ? [] : splitAction(alone);
    const requests = parts.length > 1 ? parts.map((part) => [part]) : [batch.map(({ action }) => action)];
    try {
      const answers: ActionsAnswer[] = [];
      for (const actions of requests) answers.push(await this.#options.send(collection, { reviewer, client, actions }));
      return { outcome: 'stored', answer: joined(answers) };
    } catch (error_) {
      const error = error_ instanceof ApiError ? error_ : new ApiError(0, errorText(error_));
      return { outcome: failureOf(error), error };
    }
  }

  async #drop(batch: readonly KeptAction[], answer: ActionsAnswer): Promise<void> {
    const refused = batch.flatMap((kept) => {
      const { stale, stored } = answer.results.find(({ sequence }) => sequence === kept.sequence) ?? {};
      return stale === undefined ? [] : [{ ...kept, stale, isWhole: stored === 0 }];
    });
    for (const one of refused) await this.#refuse(one);
    const isKept = new Set(refused.map(refKey));
    await this.#safely(this.#store.remove(batch.filter((kept) => !isKept.has(refKey(kept)))));
    this.#endWait(batch);
    // A microtask, so that an error in the callback does not count as a sending error.
    const isOwn = batch[0]?.client === this.client;
    if (batch[0]?.collection === this.#options.collection) queueMicrotask(() => this.#options.onAnswer(answer, isOwn));
  }

  /** Keeps an action for its author's answer. A later decision on the same photo replaces an earlier one. */
  async #refuse(kept: RefusedAction): Promise<void> {
    const refused = { ...kept, problem: 'Others did something that the page had not shown' };
    await this.#safely(this.#store.put(refused));
    this.answer(refused.stale.map(subjectKey));
    if (this.#isOfHere(refused)) this.refused.value = [...this.refused.value, refused];
    queueMicrotask(() => this.#options.onRefused(refused));
  }

  async #putAside([kept]: readonly KeptAction[], { message: problem, stale }: ApiError): Promise<void> {
    if (kept === undefined) return;
    if (stale.length > 0) await this.#refuse({ ...kept, stale, isWhole: true });
    else {
      const refused = { ...kept, problem };
      await this.#safely(this.#store.put(refused));
      this.#setAside.value = [...this.#setAside.value, refused];
      this.#banner.value = setAsideText(this.#setAside.value);
      queueMicrotask(() => this.#options.onRefused(kept));
    }
    this.#endWait([kept]);
  }

  #noteFailure({ message, isPassing, isSessionOver }: ApiError): void {
    this.isOffline.value = true;
    // `isOffline` already shows that the server is unreachable.
    const obstacle = isSessionOver ? `${message} What is not sent yet is kept in this browser.` : message;
    this.#obstacle.value = isPassing && !isSessionOver ? null : obstacle;
  }

  async #wait(ms: number): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      setTimeout(resolve, ms);
    });
  }

  #isOfHere({ collection, reviewer }: KeptAction): boolean {
    return collection === this.#options.collection && reviewer === this.#options.reviewer;
  }

  /** Skips the actions of another collection that cannot be reviewed now, so that they do not block this one. */
  #leave([first]: readonly KeptAction[]): boolean {
    if (first === undefined || first.collection === this.#options.collection) return false;
    this.#left.add(first.collection);
    this.#endWait(this.waiting.value.filter(({ collection }) => collection === first.collection));
    return true;
  }

  #endWait(batch: readonly KeptAction[]): void {
    const ended = new Set(batch.map(refKey));
    this.waiting.value = this.waiting.value.filter((one) => !ended.has(refKey(one)));
    this.isOffline.value = false;
    this.#obstacle.value = null;
  }
}
