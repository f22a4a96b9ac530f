import { signal } from '@preact/signals';
import { useMemo } from 'preact/hooks';
import { ApiError, errorText } from './review/store/api.ts';

/** An answer of the server. Without a value, `problem` says why; both are null while the answer is read. */
export interface Answer<T> {
  readonly value: T | null;
  readonly problem: string | null;
}

const READING = { value: null, problem: null };
const KEPT = 200;
/** A browser has six connections to a host. Pictures and decisions need most of them. */
const AT_ONCE = 2;
const AGAIN_AFTER_MS = 3_000;

/** Answers of the server by key. A component that gets one is rendered again when answers arrive. */
export class Answers<T> {
  readonly #version = signal(0);
  /** `againAtMs`: after a passing failure, the key may be read again from this time of `performance.now()`. */
  readonly #entries = new Map<string, Answer<T> & { readonly againAtMs?: number }>();
  readonly #waiting: (() => Promise<void>)[] = [];
  #running = 0;

  get(key: string): Answer<T> {
    void this.#version.value;
    return this.#entries.get(key) ?? READING;
  }

  /** Reads the answer of a key, unless it is known or being read. */
  want(key: string, read: () => Promise<T>): void {
    const known = this.#entries.get(key);
    if (known !== undefined && (known.againAtMs ?? Infinity) > performance.now()) return;
    this.#entries.set(key, READING);
    const [oldest] = this.#entries.keys();
    if (this.#entries.size > KEPT && oldest !== undefined) this.#entries.delete(oldest);
    this.#waiting.push(() =>
      read().then(
        (value) => this.#set(key, { value, problem: null }),
        (error: unknown) => {
          const isPassing = error instanceof ApiError && error.isPassing;
          const againAtMs = isPassing ? performance.now() + AGAIN_AFTER_MS : Infinity;
          this.#set(key, { value: null, problem: errorText(error), againAtMs });
        },
      ),
    );
    this.#readNext();
  }

  forget(key: string): void {
    this.#entries.delete(key);
    this.#version.value += 1;
  }

  #readNext(): void {
    const next = this.#running < AT_ONCE ? this.#waiting.shift() : undefined;
    if (next === undefined) return;
    this.#running += 1;
    void next().finally(() => {
      this.#running -= 1;
      this.#readNext();
    });
  }

  #set(key: string, entry: Answer<T> & { readonly againAtMs?: number }): void {
    this.#entries.set(key, entry);
    this.#version.value += 1;
  }
}

/** Reads an answer of the server once, when a component is first shown. */
export function useAnswer<T>(read: () => Promise<T>): Answer<T> {
  const answers = useMemo(() => {
    const made = new Answers<T>();
    made.want('', read);
    return made;
  }, []);
  return answers.get('');
}
