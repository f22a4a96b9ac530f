import type { ActionRef, ActionsAnswer, ActionsRequest, ReviewActionSent, ReviewChange } from '../../review/desk.ts';
import { ApiError } from './api.ts';
import { ifAbandoned, takeClientId } from './client-id.ts';
import { openOutboxStore, type KeptAction, type OutboxStore } from './outbox-store.ts';

export interface OutboxState {
  /** Actions of this tab that the server has not confirmed. */
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
const ABANDONED_EVERY_MS = 30_000;
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
 * The actions of this tab on their way to the server. Each is kept in the browser before it is sent, and forgotten when the
 * server has it. They are sent in order, one request at a time. The server ignores what it has already.
 */
export class Outbox {
  readonly client: string;
  /** What this browser had for this reviewer and collection when the page was loaded, of all tabs, by time. */
  readonly found: readonly (ActionRef & ReviewActionSent)[];
  /** Resolves when the server has all that was found. */
  sentFound: Promise<unknown> = Promise.resolve();
  readonly #options: OutboxOptions;
  readonly #store: OutboxStore;
  #next: number;
  #queue: Queued[] = [];
  #writing: Promise<void> = Promise.resolve();
  #isSending = false;
  #wake: () => void = () => {};
  #state: OutboxState;

  private constructor(options: OutboxOptions, parts: OpenedParts) {
    const { store, client, next, kept } = parts;
    const waiting = kept.filter(({ collection, problem }) => collection === options.collection && problem === null);
    this.#options = options;
    this.#store = store;
    this.client = client;
    this.#next = next;
    this.found = waiting
      .map((one) => ({ ...one.action, client: one.client }))
      .toSorted((a, b) => Date.parse(a.at) - Date.parse(b.at));
    this.#queue = waiting
      .filter((one) => one.client === client)
      .map((one) => ({ kept: one, stored: Promise.resolve() }));
    this.#state = { waiting: this.#queue.length, offlineSince: null, problem: null };
  }

  /** Opens the outbox of this tab, and sends what it and tabs that are gone have left. */
  static async open(options: OutboxOptions): Promise<Outbox> {
    const { collection, reviewer } = options;
    const store = await openOutboxStore();
    const nextOf = (client: string): Promise<number | null> => store.nextOf({ client, collection, reviewer });
    const client = await takeClientId(collection, async (before) => (await nextOf(before)) !== null);
    const kept = await store.actionsOf(reviewer);
    const outbox = new Outbox(options, { store, client, next: (await nextOf(client)) ?? 1, kept });
    globalThis.addEventListener('online', () => outbox.#wake());
    document.addEventListener('visibilitychange', () => outbox.#wake());
    outbox.sentFound = Promise.all([outbox.#send(), outbox.#sendAbandoned()]);
    setInterval(() => void outbox.#sendAbandoned(), ABANDONED_EVERY_MS);
    return outbox;
  }

  get state(): OutboxState {
    return this.#state;
  }

  /** The actions of this tab that the server has not confirmed, the oldest first. */
  get waiting(): readonly ReviewActionSent[] {
    return this.#queue.map(({ kept }) => kept.action);
  }

  /** Takes an action on its way, and says which it is. */
  record(change: ReviewChange): ActionRef & { readonly at: string } {
    const { collection, reviewer } = this.#options;
    const { client } = this;
    const sequence = this.#next;
    this.#next += 1;
    const action: ReviewActionSent = { sequence, at: new Date().toISOString(), ...change };
    const kept: KeptAction = { client, collection, reviewer, sequence, action, problem: null };
    this.#writing = this.#writing.then(() => this.#store.add(kept)).catch((error: unknown) => this.#cannotKeep(error));
    this.#queue.push({ kept, stored: this.#writing });
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
    this.#change({
      problem: `This browser cannot keep decisions (${why}). Do not close the page while some are not sent.`,
    });
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
    try {
      const answer = await this.#deliver(this.#options.collection, batch);
      this.#drop(batch);
      this.#change({ offlineSince: null, waiting: this.#queue.length, ...this.#withoutSessionProblem() });
      this.#options.onAnswer(answer);
      return 'sent';
    } catch (error) {
      const { message, isPassing, isSessionOver } = toApiError(error);
      if (isPassing) {
        this.#change({
          offlineSince: this.#state.offlineSince ?? Date.now(),
          problem: isSessionOver ? message : this.#state.problem,
        });
        return 'later';
      }
      const [first] = batch;
      if (batch.length > 1 || first === undefined) return 'alone';
      await this.#store.setAside(first, message);
      this.#drop(batch);
      this.#change({ offlineSince: null, waiting: this.#queue.length, problem: refusalText(message) });
      this.#options.onRefused(first.action);
      return 'sent';
    }
  }

  /** A problem with the session ends when the server takes actions again. */
  #withoutSessionProblem(): Partial<OutboxState> {
    return this.#state.offlineSince === null ? {} : { problem: null };
  }

  #drop(batch: readonly KeptAction[]): void {
    const sent = new Set(batch.map(({ sequence }) => sequence));
    this.#queue = this.#queue.filter(({ kept }) => !sent.has(kept.sequence));
  }

  async #deliver(collection: string, batch: readonly KeptAction[]): Promise<ActionsAnswer> {
    const client = batch[0]?.client ?? this.client;
    const answer = await this.#options.send(collection, { client, actions: batch.map(({ action }) => action) });
    await this.#store.remove(
      client,
      batch.map(({ sequence }) => sequence),
    );
    return answer;
  }

  /** Sends what tabs have left that are gone. What fails is tried again later. */
  async #sendAbandoned(): Promise<void> {
    const isAbandoned = ({ client, problem }: KeptAction): boolean => client !== this.client && problem === null;
    const kept = (await this.#store.actionsOf(this.#options.reviewer)).filter(isAbandoned);
    for (const client of new Set(kept.map((one) => one.client))) {
      await ifAbandoned(client, async () => {
        // Read again: the tab may have sent some of them before it closed.
        const left = (await this.#store.actionsOf(this.#options.reviewer)).filter(isAbandoned);
        await this.#sendAllOf(left.filter((one) => one.client === client));
      });
    }
  }

  async #sendAllOf(kept: readonly KeptAction[]): Promise<void> {
    for (const one of kept) {
      try {
        const answer = await this.#deliver(one.collection, [one]);
        if (one.collection === this.#options.collection) this.#options.onAnswer(answer);
      } catch (error) {
        const { isPassing, message } = toApiError(error);
        if (isPassing) return;
        await this.#store.setAside(one, message);
        this.#change({ problem: refusalText(message) });
      }
    }
  }
}

function batchOf(queue: readonly Queued[], limit: number): readonly Queued[] {
  let photos = 0;
  const end = queue.findIndex(({ kept: { action } }, i) => {
    photos += 'subjects' in action ? action.subjects.length : 1;
    return i > 0 && (i >= limit || photos > BATCH_PHOTOS);
  });
  return end === -1 ? queue : queue.slice(0, end);
}

function toApiError(error: unknown): ApiError {
  return error instanceof ApiError ? error : new ApiError(0, error instanceof Error ? error.message : String(error));
}

function refusalText(message: string): string {
  return `The server refused a decision: ${message}. It is set aside in this browser; look at the photo again.`;
}
