import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { RetryLater, StopTheRun } from '../../kernel/errors.ts';
import type { Death } from '../../photo/suspicion.ts';
import { DOING, type FromChild, type ToChild } from './messages.ts';

/** The result of a request: an answer, or how the child died. */
export type Reply<Answer> = { readonly answer: Answer } | { readonly death: Death };

export interface ChildOptions<Spec> {
  /** The module that calls `serveParent`. */
  readonly module: URL;
  /** What the child needs to start. Plain data. */
  readonly spec: Spec;
  /**
   * If there is no answer within this time, the child is taken to hang and is killed. Time in which this process is stopped
   * does not count.
   */
  readonly limitMs: number;
}

const TICK_MS = 1_000;
/** The child loads models in this time, possibly from a busy disk. */
const START_LIMIT_MS = 300_000;
/**
 * A signal to the whole group (a closed terminal, `kill -9` of a group) also ends this process. It must end before it
 * reports that the child died.
 */
const GRACE_MS = 1_000;
const SAID_CHARACTERS = 2_000;

/**
 * A program in a child process that handles one request at a time. If it dies, the request in flight is to blame. It is
 * started for the first request, and again after a death. It ends when this process ends.
 */
export class ChildProgram<Spec, Request, Answer> {
  readonly #options: ChildOptions<Spec>;
  #child: Child<Answer> | null = null;

  constructor(options: ChildOptions<Spec>) {
    this.#options = options;
  }

  /**
   * @throws StopTheRun if the child cannot start, or reports that; RetryLater if it reports that the same request may
   * succeed later
   */
  async ask(request: Request): Promise<Reply<Answer>> {
    const child = await this.#started();
    const heard = await child.ask({ kind: 'ask', request }, this.#options.limitMs);
    if (heard === null) {
      this.#child = null;
      await sleep(GRACE_MS);
      return { death: await child.death };
    }
    if (heard.kind === 'answer') return { answer: heard.answer };
    throw errorOf(heard);
  }

  /** Kills the child, even during a request. */
  async close(): Promise<void> {
    const child = this.#child;
    this.#child = null;
    await child?.kill();
  }

  async #started(): Promise<Child<Answer>> {
    if (this.#child?.hasEnded === false) return this.#child;
    const { module, spec } = this.#options;
    const child = new Child<Answer>(module);
    this.#child = child;
    const heard = await child.ask({ kind: 'start', spec }, START_LIMIT_MS);
    if (heard?.kind === 'ready') return child;
    await this.close();
    if (heard !== null) throw errorOf(heard);
    const { how, said } = await child.death;
    throw new StopTheRun(`Cannot start a process for photos that run alone; it ended: ${how} ${said}`, {
      code: 'child-start',
    });
  }
}

function errorOf(message: FromChild<unknown>): Error {
  if (message.kind !== 'failed') return new Error(`Expected an answer of the child but received '${message.kind}'`);
  const { message: text, code, mayPass } = message;
  return mayPass ? new RetryLater(text, { code }) : new StopTheRun(text, { code });
}

/** One run of the program, from start to end. */
class Child<Answer> {
  readonly #process: ChildProcess;
  #stderr = '';
  #doing: string | null = null;
  #hung: string | null = null;
  hasEnded = false;
  /** Resolves once the child has ended. */
  readonly death: Promise<Death>;

  constructor(module: URL) {
    this.#process = fork(fileURLToPath(module), [], {
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    this.#process.stderr?.setEncoding('utf8').on('data', (text: string) => this.#hear(text));
    this.death = this.#ending();
  }

  /** The reply to a message, or null if the child ended instead. */
  async ask<Spec, Request>(message: ToChild<Spec, Request>, limitMs: number): Promise<FromChild<Answer> | null> {
    // Counts ticks instead of reading a clock, because this process may be stopped, and the child with it.
    let ticks = 0;
    const timer = setInterval(() => {
      ticks += 1;
      if (ticks * TICK_MS < limitMs) return;
      this.#hung = `no answer within ${limitMs / 1_000} s`;
      this.#process.kill('SIGKILL');
    }, TICK_MS);
    const listening = new AbortController();
    try {
      const heard = once(this.#process, 'message', { signal: listening.signal }).then(
        ([said]): FromChild<Answer> => said,
        () => null,
      );
      // The child may have died. Then `death` reports it, and not this call.
      this.#process.send(message, () => undefined);
      return await Promise.race([heard, this.death.then(() => null)]);
    } finally {
      clearInterval(timer);
      listening.abort();
    }
  }

  async kill(): Promise<void> {
    this.#process.kill('SIGKILL');
    await this.death;
  }

  async #ending(): Promise<Death> {
    const how = await new Promise<string>((resolve) => {
      this.#process.once('error', (error) => resolve(error.message));
      this.#process.once('close', (code, signal) => resolve(signal ?? `exit code ${code}`));
    });
    this.hasEnded = true;
    return {
      at: new Date().toISOString(),
      how: this.#hung ?? how,
      doing: this.#doing,
      said: this.#stderr.trim(),
    };
  }

  #hear(text: string): void {
    const lines = `${this.#stderr}${text}`.split('\n');
    const doing = lines.findLast((line, i) => line.startsWith(DOING) && i < lines.length - 1);
    if (doing !== undefined) this.#doing = doing.slice(DOING.length);
    const others = lines.filter((line, i) => !line.startsWith(DOING) || i === lines.length - 1);
    this.#stderr = others.join('\n').slice(-SAID_CHARACTERS);
  }
}
