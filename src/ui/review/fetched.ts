import { ApiError } from './api.ts';

type Entry<T> = { readonly value: T } | { readonly problem: string } | 'loading';

const KEPT = 200;
/** A browser has six connections to a server. Pictures and decisions need most of them. */
const AT_ONCE = 2;

/** Answers of the server by key, each asked for once. If an answer fails to come for now, it is asked for again when next wanted. */
export class Fetched<T> {
  readonly #entries = new Map<string, Entry<T>>();
  /** Keys that wait for their turn. */
  readonly #waiting = new Map<string, () => Promise<T>>();
  #asking = 0;
  readonly #onChange: () => void;

  constructor(onChange: () => void) {
    this.#onChange = onChange;
  }

  /** The answer; null while it is on its way; a text if it failed. */
  get(key: string): T | string | null {
    const entry = this.#entries.get(key);
    if (entry === undefined || entry === 'loading') return null;
    return 'value' in entry ? entry.value : entry.problem;
  }

  /** Asks for the answer unless it is known or on its way. */
  want(key: string, ask: () => Promise<T>): void {
    if (this.#entries.has(key)) return;
    this.#entries.set(key, 'loading');
    this.#waiting.set(key, ask);
    for (const old of this.#entries.keys()) {
      if (this.#entries.size <= KEPT) break;
      this.#entries.delete(old);
    }
    this.#askNext();
  }

  /** Asks for this one before all others that wait: it is shown now. */
  hurry(key: string): void {
    const ask = this.#waiting.get(key);
    if (ask === undefined) return;
    this.#waiting.delete(key);
    this.#ask(key, ask);
  }

  /** Forgets an answer that is out of date. */
  forget(key: string): void {
    this.#entries.delete(key);
  }

  #askNext(): void {
    const [next] = this.#waiting;
    if (next === undefined || this.#asking >= AT_ONCE) return;
    this.#waiting.delete(next[0]);
    this.#ask(...next);
  }

  #ask(key: string, ask: () => Promise<T>): void {
    this.#asking += 1;
    void ask()
      .then(
        (value) => this.#set(key, { value }),
        (error: unknown) => this.#fail(key, error),
      )
      .finally(() => {
        this.#asking -= 1;
        this.#askNext();
      });
  }

  #set(key: string, entry: Entry<T>): void {
    this.#entries.set(key, entry);
    this.#onChange();
  }

  #fail(key: string, error: unknown): void {
    if (error instanceof ApiError && error.isPassing) this.#entries.delete(key);
    else this.#set(key, { problem: error instanceof Error ? error.message : String(error) });
  }
}
