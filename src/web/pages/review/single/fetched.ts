import { ApiError, errorText } from '../store/api.ts';

/** `againAtMs`: from then on (`performance.now()`) the answer is asked for again when it is wanted. */
type Entry<T> = { readonly value: T } | { readonly problem: string; readonly againAtMs: number } | 'loading';

const KEPT = 200;
/** A browser has six connections to a host. Pictures and decisions need most of them. */
const AT_ONCE = 2;
const AGAIN_AFTER_MS = 3_000;

/** Answers of the server by key, each asked for once. After a passing failure the answer is asked for again when wanted later. */
export class Fetched<T> {
  readonly #entries = new Map<string, Entry<T>>();
  readonly #onChange: () => void;
  readonly #waiting: (() => Promise<void>)[] = [];
  #running = 0;

  constructor(onChange: () => void) {
    this.#onChange = onChange;
  }

  /** The answer; null while it is loading; a text if it failed. */
  get(key: string): T | string | null {
    const entry = this.#entries.get(key);
    if (entry === undefined || entry === 'loading') return null;
    return 'value' in entry ? entry.value : entry.problem;
  }

  want(key: string, ask: () => Promise<T>): void {
    const known = this.#entries.get(key);
    const isFailed = typeof known === 'object' && 'problem' in known;
    if (known !== undefined && !(isFailed && known.againAtMs <= performance.now())) return;
    this.#entries.set(key, 'loading');
    const [oldest] = this.#entries.keys();
    if (this.#entries.size > KEPT && oldest !== undefined) this.#entries.delete(oldest);
    this.#waiting.push(() =>
      ask().then(
        (value) => this.#set(key, { value }),
        (error: unknown) => {
          const isPassing = error instanceof ApiError && error.isPassing;
          const againAtMs = isPassing ? performance.now() + AGAIN_AFTER_MS : Infinity;
          this.#set(key, { problem: errorText(error), againAtMs });
        },
      ),
    );
    this.#runNext();
  }

  #runNext(): void {
    const next = this.#running < AT_ONCE ? this.#waiting.shift() : undefined;
    if (next === undefined) return;
    this.#running += 1;
    void next().finally(() => {
      this.#running -= 1;
      this.#runNext();
    });
  }

  forget(key: string): void {
    this.#entries.delete(key);
  }

  #set(key: string, entry: Entry<T>): void {
    this.#entries.set(key, entry);
    this.#onChange();
  }
}
