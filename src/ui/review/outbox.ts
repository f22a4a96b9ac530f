import type { ActionRef, ActionsAnswer, ActionsRequest, ReviewActionSent, ReviewChange } from '../../review/desk.ts';
import { ApiError, messageOf } from './api.ts';
import { refKey } from './history.ts';
import {
  batchOf,
  FIRST_PACE,
  inOrder,
  joined,
  othersText,
  outcomeOf,
  partsOf,
  setAsideText,
  stepAfter,
  type Failure,
  type Pace,
  type Step,
} from './outbox-rules.ts';
import { openOutboxStore, type KeptAction, type OutboxStore } from './outbox-store.ts';

export interface OutboxState {
  /** Actions that the server has not confirmed. */
  readonly waiting: number;
  /** Since when the server has not answered, in milliseconds of the epoch; null while it does. */
  readonly offlineSince: number | null;
  /** What a person must know: why nothing is sent, or what the server did not take. */
  readonly problem: string | null;
  /** The actions that are set aside if the problem is about them, else none. */
  readonly setAside: readonly KeptAction[];
}

export interface OutboxOptions {
  readonly collection: string;
  readonly reviewer: string;
  readonly send: (collection: string, request: ActionsRequest) => Promise<ActionsAnswer>;
  /** After each change of `state`. */
  readonly onChange: () => void;
  /** What the server says of actions that it has stored. `isOwn`: this page has made them. */
  readonly onAnswer: (answer: ActionsAnswer, isOwn: boolean) => void;
  /** The server did not take an action. It is set aside: what it changed has to be read again. */
  readonly onRefused: (action: ReviewActionSent) => void;
}

/** How often a page looks for actions that closed tabs have left. */
const LOOK_EVERY_MS = 30_000;

type Sent =
  | { readonly outcome: 'stored'; readonly answer: ActionsAnswer }
  | { readonly outcome: Failure; readonly error: ApiError };

/**
 * The actions of this browser on their way to the server: one queue, which its tabs share. An action is kept in the browser before
 * it is sent, and forgotten when the server has it. Every tab sends what its reviewer has in the queue, in order, one request at a
 * time; a Web Lock lets one tab send at once. Browsers offer locks to pages from https or this machine only. Without them two tabs
 * may send the same, which does no harm: the server stores an action once. So a tab also sends its own actions that another tab
 * has sent, to get the server's answer. What other reviewers left waits for them.
 */
export class Outbox {
  /** 32 hex digits, new each time the page is loaded. `crypto.randomUUID` exists only where locks do. */
  readonly client = [...crypto.getRandomValues(new Uint8Array(16))]
    .map((byte) => byte.toString(16).padStart(2, '0'))
    .join('');
  /** What this browser had for this reviewer and collection when the page was loaded, in the order of sending. */
  readonly found: readonly (ActionRef & ReviewActionSent)[];
  /** Resolves when the server has all that was found. */
  sentFound: Promise<void> = Promise.resolve();
  readonly #options: OutboxOptions;
  readonly #store: OutboxStore;
  #next = 1;
  /** The newest known state of the shared queue, for this reviewer. */
  #queue: readonly KeptAction[];
  /** What the server did not take: what was found of this collection, and what this page sent. */
  #setAside: readonly KeptAction[];
  /** Other collections that cannot be reviewed now: their own pages send their actions. */
  readonly #left = new Set<string>();
  #isSending = false;
  #wake: () => void = () => {};
  #offlineSince: number | null = null;
  /** Why the server takes nothing now. */
  #obstacle: string | null = null;
  #notice: string | null;
  /** The browser has failed to keep or forget an action, and the person knows. */
  #isStoreBroken = false;
  #state: OutboxState;

  private constructor(options: OutboxOptions, store: OutboxStore, kept: readonly KeptAction[]) {
    this.#options = options;
    this.#store = store;
    const mine = inOrder(kept.filter(({ reviewer }) => reviewer === options.reviewer));
    const ofHere = mine.filter(({ collection }) => collection === options.collection);
    this.#queue = mine.filter(({ problem }) => problem === null);
    this.found = ofHere.flatMap(({ client, action, problem }) => (problem === null ? [{ ...action, client }] : []));
    this.#setAside = ofHere.filter(({ problem }) => problem !== null);
    const ofOthers = kept.filter(({ reviewer, problem }) => reviewer !== options.reviewer && problem === null);
    this.#notice = setAsideText(this.#setAside) ?? othersText(ofOthers);
    this.#state = this.#stateNow();
  }

  /** Opens the queue of this browser, and begins to send what is in it. */
  static async open(options: OutboxOptions): Promise<Outbox> {
    const store = await openOutboxStore();
    const outbox = new Outbox(options, store, await store.actions());
    globalThis.addEventListener('online', () => outbox.#wake());
    document.addEventListener('visibilitychange', () => outbox.#wake());
    outbox.sentFound = outbox.#send();
    setInterval(() => void outbox.#send(), LOOK_EVERY_MS);
    return outbox;
  }

  get state(): OutboxState {
    return this.#state;
  }

  /** The actions that the server has not confirmed. */
  get waiting(): readonly ActionRef[] {
    return this.#queue;
  }

  /** Takes an action on its way, and says which it is. */
  record(change: ReviewChange): ActionRef & { readonly at: string } {
    const { collection, reviewer } = this.#options;
    const { client } = this;
    const sequence = this.#next;
    this.#next += 1;
    const action: ReviewActionSent = { sequence, at: new Date().toISOString(), ...change };
    this.#enqueue([{ client, collection, reviewer, sequence, action, problem: null }]);
    return { client, sequence, at: action.at };
  }

  /** Takes what is set aside on its way once more. */
  sendAgain(): void {
    const again = this.#setAside.map((one) => ({ ...one, problem: null }));
    this.#setAside = [];
    this.#notice = null;
    this.#enqueue(again);
  }

  /** Forgets what is set aside. */
  discardSetAside(): void {
    void this.#safely(this.#store.remove(this.#setAside));
    this.#setAside = [];
    this.#notice = null;
    this.#changed();
  }

  /** The person has read the problem. What is set aside is shown again when the page is loaded again. */
  dismissProblem(): void {
    if (this.#obstacle === null) this.#notice = null;
    this.#obstacle = null;
    this.#changed();
  }

  #enqueue(added: readonly KeptAction[]): void {
    for (const kept of added) void this.#safely(this.#store.put(kept));
    this.#queue = [...this.#queue, ...added];
    this.#changed();
    void this.#send();
  }

  #stateNow(): OutboxState {
    return {
      waiting: this.#queue.length,
      offlineSince: this.#offlineSince,
      problem: this.#obstacle ?? this.#notice,
      setAside: this.#obstacle === null && this.#notice !== null ? this.#setAside : [],
    };
  }

  #changed(): void {
    this.#state = this.#stateNow();
    this.#options.onChange();
  }

  /**
   * Actions are sent all the same if the browser fails to keep them, but do not outlive the page. If it fails to forget them, they
   * are sent again later, which does no harm.
   */
  async #safely(work: Promise<void>): Promise<void> {
    try {
      await work;
    } catch (error) {
      if (this.#isStoreBroken) return;
      this.#isStoreBroken = true;
      const advice = 'Do not close the page while some are not sent.';
      this.#notice = `This browser cannot keep decisions (${messageOf(error)}). ${advice}`;
      this.#changed();
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
      } while (this.#queue.length > 0);
    } finally {
      this.#isSending = false;
    }
  }

  /** Sends the next request, if there is something to send. */
  async #sendNext(pace: Pace): Promise<Step> {
    await this.#readQueue();
    const batch = batchOf(this.#queue, pace);
    if (batch.length === 0) return { do: 'go-on', pace };
    const sent = await this.#ask(batch);
    const step = stepAfter(sent.outcome, batch.length, pace);
    if (sent.outcome === 'stored') await this.#drop(batch, sent.answer);
    else if (step.do === 'set-aside') await this.#putAside(batch, sent.error.message);
    else if (step.do === 'wait' && !sent.error.isPassing && this.#leave(batch)) return { do: 'go-on', pace };
    else if (step.do === 'wait') this.#noteFailure(sent.error);
    return step;
  }

  /** Reads what is in the shared queue. What this page has not sent stays in it, whatever other tabs did. */
  async #readQueue(): Promise<void> {
    // What cannot be forgotten would be sent again and again.
    if (this.#isStoreBroken) return;
    const all = await this.#store.actions().catch(() => []);
    const kept = all.filter(
      ({ reviewer, collection, problem }) =>
        reviewer === this.#options.reviewer && problem === null && !this.#left.has(collection),
    );
    const own = this.#queue.filter(({ client }) => client === this.client);
    this.#queue = inOrder([...new Map([...kept, ...own].map((one) => [refKey(one), one])).values()]);
  }

  async #ask(batch: readonly KeptAction[]): Promise<Sent> {
    const { client = '', collection = '', reviewer = '' } = batch[0] ?? {};
    const [alone, ...others] = batch.map(({ action }) => action);
    const parts = alone === undefined || others.length > 0 ? [] : partsOf(alone);
    const requests = parts.length > 1 ? parts.map((part) => [part]) : [batch.map(({ action }) => action)];
    try {
      const answers: ActionsAnswer[] = [];
      for (const actions of requests) answers.push(await this.#options.send(collection, { reviewer, client, actions }));
      return { outcome: 'stored', answer: joined(answers) };
    } catch (error_) {
      const error = error_ instanceof ApiError ? error_ : new ApiError(0, messageOf(error_));
      return { outcome: outcomeOf(error), error };
    }
  }

  /** The server has these. */
  async #drop(batch: readonly KeptAction[], answer: ActionsAnswer): Promise<void> {
    await this.#safely(this.#store.remove(batch));
    this.#endWait(batch);
    // An error of the page is not one of sending.
    const isOwn = batch[0]?.client === this.client;
    if (batch[0]?.collection === this.#options.collection) queueMicrotask(() => this.#options.onAnswer(answer, isOwn));
  }

  async #putAside([kept]: readonly KeptAction[], problem: string): Promise<void> {
    if (kept === undefined) return;
    const refused = { ...kept, problem };
    await this.#safely(this.#store.put(refused));
    this.#setAside = [...this.#setAside, refused];
    this.#notice = setAsideText(this.#setAside);
    this.#endWait([kept]);
    queueMicrotask(() => this.#options.onRefused(kept.action));
  }

  #noteFailure({ message, isPassing, isSessionOver }: ApiError): void {
    this.#offlineSince ??= Date.now();
    // That the server is away is shown anyway.
    this.#obstacle = isPassing && !isSessionOver ? null : message;
    this.#changed();
  }

  async #wait(ms: number): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      setTimeout(resolve, ms);
    });
  }

  /** Leaves the actions of another collection that cannot be reviewed now, so that they do not hold up this one. */
  #leave([first]: readonly KeptAction[]): boolean {
    if (first === undefined || first.collection === this.#options.collection) return false;
    this.#left.add(first.collection);
    this.#endWait(this.#queue.filter(({ collection }) => collection === first.collection));
    return true;
  }

  /** The server has answered: these actions are no longer on their way from here. */
  #endWait(batch: readonly KeptAction[]): void {
    const ended = new Set(batch.map(refKey));
    this.#queue = this.#queue.filter((one) => !ended.has(refKey(one)));
    this.#offlineSince = null;
    this.#obstacle = null;
    this.#changed();
  }
}

/** Does the work while no other tab of this browser does such work, if the browser has locks. */
async function oneAtATime<T>(work: () => Promise<T>): Promise<T> {
  const locks: LockManager | undefined = (navigator as Partial<Navigator>).locks;
  return locks === undefined ? work() : await locks.request('winnow-review-sender', work);
}
