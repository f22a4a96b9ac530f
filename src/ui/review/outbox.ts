import type { ActionRef, ActionsAnswer, ActionsRequest, ReviewActionSent, ReviewChange } from '../../review/desk.ts';
import { ApiError } from './api.ts';
import { takeClientId } from './client-id.ts';
import { refKey } from './history.ts';
import { openOutboxStore, type KeptAction, type OutboxStore } from './outbox-store.ts';

export interface OutboxState {
  /** Actions that the server has not confirmed. */
  readonly waiting: number;
  /** Since when the server has not answered, in milliseconds of the epoch; null while it does. */
  readonly offlineSince: number | null;
  /** What a person must know: the session is over, or the server refused an action. */
  readonly problem: string | null;
}

export interface OutboxOptions {
  readonly collection: string;
  readonly reviewer: string;
  readonly send: (collection: string, request: ActionsRequest) => Promise<ActionsAnswer>;
  /** After each change of `state`. */
  readonly onChange: () => void;
  /** What the server says of actions that it has stored. */
  readonly onAnswer: (answer: ActionsAnswer) => void;
  /** The server refused an action. It is set aside: what it changed has to be read again. */
  readonly onRefused: (action: ReviewActionSent) => void;
}

const FIRST_RETRY_MS = 500;
const LAST_RETRY_MS = 15_000;
/** How often, and how old, actions of other tabs are taken over. */
const ADOPT_EVERY_MS = 30_000;
/** A request holds this many actions, and no more than this many photos if it holds several actions. */
const BATCH_ACTIONS = 50;
const BATCH_PHOTOS = 300;

interface OpenedParts {
  readonly store: OutboxStore;
  readonly client: string;
  readonly next: number;
  readonly kept: readonly KeptAction[];
}

/** An action and the promise that it is kept in this browser. */
interface Queued {
  readonly kept: KeptAction;
  readonly stored: Promise<void>;
}

/**
 * The actions of this tab on their way to the server, behind those that other tabs have left in this browser. Each is kept in the
 * browser before it is sent, and forgotten when the server has it. They are sent in order, one request at a time. The server
 * ignores what it has already, so it does no harm if a tab that is still open sends the same.
 */
export class Outbox {
  readonly client: string;
  /** What this browser had for this reviewer and collection when the page was loaded, of all tabs, by time. */
  readonly found: readonly (ActionRef & ReviewActionSent)[];
  /** Resolves when the server has all that was found. */
  sentFound: Promise<void> = Promise.resolve();
  readonly #options: OutboxOptions;
  readonly #store: OutboxStore;
  #next: number;
  #queue: Queued[] = [];
  #isSending = false;
  #wake: () => void = () => {};
  #state: OutboxState;

  private constructor(options: OutboxOptions, { store, client, next, kept }: OpenedParts) {
    this.#options = options;
    this.#store = store;
    this.client = client;
    this.#next = next;
    const waiting = kept.filter(({ problem }) => problem === null).toSorted(byTime);
    const isOwn = (one: KeptAction): boolean => one.client === client;
    // An undo of this tab may name an action of another, which the server needs first.
    const inOrder = [...waiting.filter((one) => !isOwn(one)), ...waiting.filter(isOwn)];
    this.#queue = inOrder.map((one) => ({ kept: one, stored: Promise.resolve() }));
    this.found = waiting
      .filter(({ collection }) => collection === options.collection)
      .map((one) => ({ ...one.action, client: one.client }));
    this.#state = { waiting: this.#queue.length, offlineSince: null, problem: null };
  }

  /** Opens the outbox of this tab, and begins to send what it and other tabs have left. */
  static async open(options: OutboxOptions): Promise<Outbox> {
    const { collection, reviewer } = options;
    const store = await openOutboxStore();
    const nextOf = (client: string): Promise<number | null> => store.nextOf({ client, collection, reviewer });
    const client = await takeClientId(collection, async (before) => (await nextOf(before)) !== null);
    const kept = await store.actionsOf(reviewer);
    const outbox = new Outbox(options, { store, client, next: (await nextOf(client)) ?? 1, kept });
    globalThis.addEventListener('online', () => outbox.#wake());
    document.addEventListener('visibilitychange', () => outbox.#wake());
    outbox.sentFound = outbox.#send();
    setInterval(() => void outbox.#adopt(), ADOPT_EVERY_MS);
    return outbox;
  }

  get state(): OutboxState {
    return this.#state;
  }

  /** The actions that the server has not confirmed, the oldest first. */
  get waiting(): readonly ActionRef[] {
    return this.#queue.map(({ kept }) => kept);
  }

  /** Takes an action on its way, and says which it is. */
  record(change: ReviewChange): ActionRef & { readonly at: string } {
    const { collection, reviewer } = this.#options;
    const { client } = this;
    const sequence = this.#next;
    this.#next += 1;
    const action: ReviewActionSent = { sequence, at: new Date().toISOString(), ...change };
    const kept: KeptAction = { client, collection, reviewer, sequence, action, problem: null };
    const stored = this.#store.add(kept).catch((error: unknown) => this.#cannotKeep(error));
    this.#queue.push({ kept, stored });
    this.#change({ waiting: this.#queue.length });
    void this.#send();
    return { client, sequence, at: action.at };
  }

  /** The person has read the problem. */
  dismissProblem(): void {
    this.#change({ problem: null });
  }

  #change(change: Partial<OutboxState>): void {
    this.#state = { ...this.#state, ...change };
    this.#options.onChange();
  }

  /** The action is sent all the same, but does not outlive the page. */
  #cannotKeep(error: unknown): void {
    const why = error instanceof Error ? error.message : String(error);
    const advice = 'Do not close the page while some are not sent.';
    this.#change({ problem: `This browser cannot keep decisions (${why}). ${advice}` });
  }

  /** Takes over what tabs have left that were closed after this one was opened. */
  async #adopt(): Promise<void> {
    const queued = new Set(this.#queue.map(({ kept }) => refKey(kept)));
    const isLeft = (one: KeptAction): boolean =>
      one.client !== this.client && one.problem === null && !queued.has(refKey(one)) && ageMs(one) > ADOPT_EVERY_MS;
    const left = (await this.#store.actionsOf(this.#options.reviewer)).filter(isLeft).toSorted(byTime);
    if (left.length === 0) return;
    this.#queue.push(...left.map((kept) => ({ kept, stored: Promise.resolve() })));
    this.#change({ waiting: this.#queue.length });
    await this.#send();
  }

  async #send(): Promise<void> {
    if (this.#isSending) return;
    this.#isSending = true;
    let delayMs = FIRST_RETRY_MS;
    let limit = BATCH_ACTIONS;
    while (this.#queue.length > 0) {
      const batch = batchOf(this.#queue, limit);
      await Promise.all(batch.map(({ stored }) => stored));
      const outcome = await this.#sendBatch(batch.map(({ kept }) => kept));
      if (outcome === 'later') {
        await this.#pause(delayMs);
        delayMs = Math.min(2 * delayMs, LAST_RETRY_MS);
        continue;
      }
      // The server refused one of several actions: each is sent alone, until the refused one is found.
      limit = outcome === 'alone' ? 1 : BATCH_ACTIONS;
      delayMs = FIRST_RETRY_MS;
    }
    this.#isSending = false;
  }

  async #pause(ms: number): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      setTimeout(resolve, ms);
    });
  }

  async #sendBatch(batch: readonly KeptAction[]): Promise<'sent' | 'alone' | 'later'> {
    const [first] = batch;
    if (first === undefined) return 'sent';
    const { client, collection } = first;
    try {
      const answer = await this.#options.send(collection, { client, actions: batch.map(({ action }) => action) });
      await this.#store.remove(
        client,
        batch.map(({ sequence }) => sequence),
      );
      const problem = this.#state.offlineSince === null ? this.#state.problem : null;
      this.#drop(batch, problem);
      if (collection === this.#options.collection) this.#options.onAnswer(answer);
      return 'sent';
    } catch (error) {
      return this.#afterFailure(toApiError(error), batch, first);
    }
  }

  async #afterFailure(
    { message, isPassing, isSessionOver }: ApiError,
    batch: readonly KeptAction[],
    first: KeptAction,
  ): Promise<'sent' | 'alone' | 'later'> {
    if (isPassing) {
      this.#change({
        offlineSince: this.#state.offlineSince ?? Date.now(),
        problem: isSessionOver ? message : this.#state.problem,
      });
      return 'later';
    }
    if (batch.length > 1) return 'alone';
    await this.#store.setAside(first, message);
    this.#drop(batch, refusalText(message));
    this.#options.onRefused(first.action);
    return 'sent';
  }

  /** The server has answered: these actions are no longer on their way. */
  #drop(batch: readonly KeptAction[], problem: string | null): void {
    const sent = new Set(batch.map(refKey));
    this.#queue = this.#queue.filter(({ kept }) => !sent.has(refKey(kept)));
    this.#change({ offlineSince: null, waiting: this.#queue.length, problem });
  }
}

/** The first actions of one tab, as many as a request holds. */
function batchOf(queue: readonly Queued[], limit: number): readonly Queued[] {
  let photos = 0;
  const end = queue.findIndex(({ kept: { client, action } }, i) => {
    photos += 'subjects' in action ? action.subjects.length : 1;
    return i > 0 && (i >= limit || photos > BATCH_PHOTOS || client !== queue[0]?.kept.client);
  });
  return end === -1 ? queue : queue.slice(0, end);
}

function byTime(a: KeptAction, b: KeptAction): number {
  return Date.parse(a.action.at) - Date.parse(b.action.at) || a.sequence - b.sequence;
}

function ageMs({ action }: KeptAction): number {
  return Date.now() - Date.parse(action.at);
}

function toApiError(error: unknown): ApiError {
  return error instanceof ApiError ? error : new ApiError(0, error instanceof Error ? error.message : String(error));
}

function refusalText(message: string): string {
  return `The server refused a decision: ${message}. It is set aside in this browser; look at the photo again.`;
}
