import type { ActionRef, ActionsAnswer, ActionsRequest, ReviewActionSent, ReviewChange } from '../../review/desk.ts';
import { ApiError } from './api.ts';
import { takeClientId } from './client-id.ts';
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
  /** What the server says of actions that it has stored. */
  readonly onAnswer: (answer: ActionsAnswer) => void;
  /** The server did not take an action. It is set aside: what it changed has to be read again. */
  readonly onRefused: (action: ReviewActionSent) => void;
}

/** How often, and how old, actions of other tabs are taken over. */
const ADOPT_EVERY_MS = 30_000;

interface OpenedParts {
  readonly store: OutboxStore;
  readonly client: string;
  readonly next: number;
  /** What this browser has of all tabs and reviewers. */
  readonly kept: readonly KeptAction[];
}

/** An action and the promise that it is kept in this browser. */
interface Queued extends KeptAction {
  readonly stored: Promise<void>;
}

type Sent =
  | { readonly outcome: 'stored'; readonly answer: ActionsAnswer }
  | { readonly outcome: Failure; readonly error: ApiError };

/**
 * The actions of this tab on their way to the server, behind those that other tabs have left in this browser. Each is kept in the
 * browser before it is sent, and forgotten when the server has it. They are sent in order, one request at a time. The server
 * ignores what it has already, so it does no harm if a tab that is still open sends the same. What other reviewers left waits for
 * them.
 */
export class Outbox {
  readonly client: string;
  /** What this browser had for this reviewer and collection when the page was loaded, of all tabs, in the order of sending. */
  readonly found: readonly (ActionRef & ReviewActionSent)[];
  /** Resolves when the server has all that was found. */
  sentFound: Promise<void> = Promise.resolve();
  readonly #options: OutboxOptions;
  readonly #store: OutboxStore;
  #next: number;
  #queue: readonly Queued[];
  /** What the server did not take: what was found of this collection, and what this page sent. */
  #setAside: readonly KeptAction[];
  /** Other collections that cannot be reviewed now. */
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

  private constructor(options: OutboxOptions, { store, client, next, kept }: OpenedParts) {
    this.#options = options;
    this.#store = store;
    this.client = client;
    this.#next = next;
    const mine = kept.filter(({ reviewer }) => reviewer === options.reviewer);
    const isHere = ({ collection }: KeptAction): boolean => collection === options.collection;
    const isOwn = (one: KeptAction): boolean => one.client === client;
    const waiting = inOrder(mine.filter(({ problem }) => problem === null));
    // An undo of this tab may name an action of another, which the server needs first.
    const sorted = [...waiting.filter((one) => !isOwn(one)), ...waiting.filter(isOwn)];
    this.#queue = sorted.map((one) => ({ ...one, stored: Promise.resolve() }));
    this.found = sorted.filter(isHere).map((one) => ({ ...one.action, client: one.client }));
    this.#setAside = inOrder(mine.filter((one) => one.problem !== null && isHere(one)));
    const ofOthers = kept.filter(({ reviewer, problem }) => reviewer !== options.reviewer && problem === null);
    this.#notice = setAsideText(this.#setAside) ?? othersText(ofOthers);
    this.#state = this.#stateNow();
  }

  /** Opens the outbox of this tab, and begins to send what it and other tabs have left. */
  static async open(options: OutboxOptions): Promise<Outbox> {
    const { collection, reviewer } = options;
    const store = await openOutboxStore();
    const nextOf = (client: string): Promise<number | null> => store.nextOf({ client, collection, reviewer });
    const client = await takeClientId(collection, async (before) => (await nextOf(before)) !== null);
    const kept = await store.actions();
    const outbox = new Outbox(options, { store, client, next: (await nextOf(client)) ?? 1, kept });
    globalThis.addEventListener('online', () => outbox.#wake());
    document.addEventListener('visibilitychange', () => outbox.#wake());
    outbox.sentFound = outbox.#send();
    setInterval(() => {
      void outbox.#adopt();
      // A view may have failed in the middle of it.
      void outbox.#send();
    }, ADOPT_EVERY_MS);
    return outbox;
  }

  get state(): OutboxState {
    return this.#state;
  }

  /** The actions that the server has not confirmed, the oldest first. */
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
    const kept: KeptAction = { client, collection, reviewer, sequence, action, problem: null };
    this.#enqueue([{ ...kept, stored: this.#safely(this.#store.add(kept)) }]);
    return { client, sequence, at: action.at };
  }

  /** Takes what is set aside on its way once more. */
  sendAgain(): void {
    const again = this.#setAside.map((one) => ({ ...one, problem: null }));
    this.#setAside = [];
    this.#notice = null;
    this.#enqueue(again.map((kept) => ({ ...kept, stored: this.#safely(this.#store.put(kept)) })));
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

  #enqueue(queued: readonly Queued[]): void {
    this.#queue = [...this.#queue, ...queued];
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
      this.#notice = `This browser cannot keep decisions (${textOf(error)}). ${advice}`;
      this.#changed();
    }
  }

  /** Takes over what tabs have left that were closed after this one was opened. */
  async #adopt(): Promise<void> {
    // What it cannot forget would be taken over again and again.
    if (this.#isStoreBroken) return;
    const queued = new Set(this.#queue.map(refKey));
    const isLeft = (one: KeptAction): boolean =>
      one.reviewer === this.#options.reviewer &&
      one.client !== this.client &&
      one.problem === null &&
      !this.#left.has(one.collection) &&
      !queued.has(refKey(one)) &&
      Date.now() - Date.parse(one.action.at) > ADOPT_EVERY_MS;
    const left = inOrder((await this.#store.actions()).filter(isLeft));
    if (left.length > 0) this.#enqueue(left.map((kept) => ({ ...kept, stored: Promise.resolve() })));
  }

  async #send(): Promise<void> {
    if (this.#isSending) return;
    this.#isSending = true;
    try {
      let pace = FIRST_PACE;
      while (this.#queue.length > 0) {
        const batch = batchOf(this.#queue, pace);
        await Promise.allSettled(batch.map(({ stored }) => stored));
        const sent = await this.#ask(batch);
        const step = stepAfter(sent.outcome, batch.length, pace);
        if (sent.outcome === 'stored') await this.#drop(batch, sent.answer);
        else if (step.do === 'set-aside') await this.#putAside(batch, sent.error.message);
        else if (step.do === 'wait' && !sent.error.isPassing && this.#leave(batch)) continue;
        else if (step.do === 'wait') await this.#wait(pace.delayMs, sent.error);
        pace = step.pace;
      }
    } finally {
      this.#isSending = false;
    }
  }

  async #ask(batch: readonly Queued[]): Promise<Sent> {
    const { client = '', collection = '', reviewer = '' } = batch[0] ?? {};
    const [alone, ...others] = batch.map(({ action }) => action);
    const parts = alone === undefined || others.length > 0 ? [] : partsOf(alone);
    const requests = parts.length > 1 ? parts.map((part) => [part]) : [batch.map(({ action }) => action)];
    try {
      const answers: ActionsAnswer[] = [];
      for (const actions of requests) answers.push(await this.#options.send(collection, { reviewer, client, actions }));
      return { outcome: 'stored', answer: joined(answers) };
    } catch (error_) {
      const error = error_ instanceof ApiError ? error_ : new ApiError(0, textOf(error_));
      return { outcome: outcomeOf(error), error };
    }
  }

  /** The server has these. */
  async #drop(batch: readonly Queued[], answer: ActionsAnswer): Promise<void> {
    await this.#safely(this.#store.remove(batch));
    this.#endWait(batch);
    // An error of the page is not one of sending.
    if (batch[0]?.collection === this.#options.collection) queueMicrotask(() => this.#options.onAnswer(answer));
  }

  async #putAside([queued]: readonly Queued[], problem: string): Promise<void> {
    if (queued === undefined) return;
    const { stored: _, ...kept } = queued;
    const refused = { ...kept, problem };
    await this.#safely(this.#store.put(refused));
    this.#setAside = [...this.#setAside, refused];
    this.#notice = setAsideText(this.#setAside);
    this.#endWait([queued]);
    queueMicrotask(() => this.#options.onRefused(kept.action));
  }

  async #wait(ms: number, { message, isPassing, isSessionOver }: ApiError): Promise<void> {
    this.#offlineSince ??= Date.now();
    // That the server is away is shown anyway.
    this.#obstacle = isPassing && !isSessionOver ? null : message;
    this.#changed();
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      setTimeout(resolve, ms);
    });
  }

  /** Another collection that cannot be reviewed now does not hold up this one: its own page sends its actions. */
  #leave([first]: readonly Queued[]): boolean {
    if (first === undefined || first.collection === this.#options.collection) return false;
    this.#left.add(first.collection);
    this.#endWait(this.#queue.filter(({ collection }) => collection === first.collection));
    return true;
  }

  /** The server has answered: these actions are no longer on their way from here. */
  #endWait(batch: readonly Queued[]): void {
    const ended = new Set(batch.map(refKey));
    this.#queue = this.#queue.filter((one) => !ended.has(refKey(one)));
    this.#offlineSince = null;
    this.#obstacle = null;
    this.#changed();
  }
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
