import { fork, type ChildProcess } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { StopTheRun } from '../../kernel/errors.ts';
import { fromSent } from '../../kernel/sent-error.ts';
import type { Death } from './suspicion.ts';
import { DOING, type FromChild } from './serve-parent.ts';

export type Reply<Answer> = { readonly answer: Answer } | { readonly death: Death };

export interface ChildOptions<Spec> {
  /** The module that calls `serveParent`. */
  readonly module: URL;
  /** The child's first message. Plain data. */
  readonly spec: Spec;
  /** A child without an answer within this time is killed. Time in which this process is stopped does not count. */
  readonly limitMs: number;
  /** A child that has ended is not started again: later requests report its death, too. */
  readonly isOnce?: boolean;
}

const TICK_MS = 1_000;
/** The child loads models in this time, possibly from a busy disk. */
const START_LIMIT_MS = 300_000;
/** A signal to the whole group also ends this process. It must end before it reports that the child died. */
const GRACE_MS = 1_000;
const SAID_CHARACTERS = 2_000;

/** Handles requests in a child process, several at a time once `start` is done. If it dies, they are to blame; the next one restarts it. */
export class ChildProgram<Spec, Request, Answer> {
  readonly #options: ChildOptions<Spec>;
  #child: Child | null = null;

  constructor(options: ChildOptions<Spec>) {
    this.#options = options;
  }

  /** @throws StopTheRun if the child cannot start or says so */
  async start(): Promise<void> {
    await this.#started();
  }

  /** @throws StopTheRun if the child cannot start or says so; RetryLater if it reports an error that may pass */
  async ask(request: Request): Promise<Reply<Answer>> {
    const child = await this.#started();
    const reply = await child.ask<Answer>(request, this.#options.limitMs);
    if ('death' in reply) await sleep(GRACE_MS);
    return reply;
  }

  /** Kills the child, once it has answered a last request if there is one. */
  async close(last?: Request): Promise<void> {
    const child = this.#child;
    this.#child = null;
    if (last !== undefined && child?.hasEnded === false) await child.ask(last, this.#options.limitMs);
    await child?.kill();
  }

  async #started(): Promise<Child> {
    const { module, spec, isOnce = false } = this.#options;
    if (this.#child !== null && (isOnce || !this.#child.hasEnded)) return this.#child;
    const child = new Child(module);
    this.#child = child;
    try {
      const reply = await child.ask<null>(spec, START_LIMIT_MS);
      if ('answer' in reply) return child;
      const { how, said } = reply.death;
      throw new StopTheRun(`Cannot start a process for photos; it ended: ${how} ${said}`, {
        code: 'child-start',
      });
    } catch (error) {
      await this.close();
      throw error;
    }
  }
}

class Child {
  readonly #process: ChildProcess;
  #stderr = '';
  #doing: string | null = null;
  #hung: string | null = null;
  #asked = 0;
  readonly #replies = new Map<number, (said: FromChild<never>) => void>();
  hasEnded = false;
  readonly #death: Promise<Death>;

  constructor(module: URL) {
    this.#process = fork(fileURLToPath(module), [], {
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    this.#process.stderr?.setEncoding('utf8').on('data', (text: string) => this.#hear(text));
    this.#process.on('message', (said: FromChild<never>) => this.#replies.get(said.id)?.(said));
    this.#death = this.#ending();
  }

  /** The reply to a message. Throws the error that the child replies. */
  async ask<Answer>(message: unknown, limitMs: number): Promise<Reply<Answer>> {
    // Counts ticks instead of reading a clock, because this process may be stopped, and the child with it.
    let ticks = 0;
    const timer = setInterval(() => {
      ticks += 1;
      if (ticks * TICK_MS < limitMs) return;
      this.#hung = `no answer within ${limitMs / 1_000} s`;
      this.#process.kill('SIGKILL');
    }, TICK_MS);
    const id = (this.#asked += 1);
    try {
      // A failed call is not reported: then the child has died, or this call has ended.
      const heard = new Promise<FromChild<Answer>>((resolve) => this.#replies.set(id, resolve));
      this.#process.send([id, message], () => undefined);
      const said = await Promise.race([heard, this.#death.then((death) => ({ death }))]);
      if ('error' in said) throw fromSent(said.error);
      return 'answer' in said ? { answer: said.answer } : said;
    } finally {
      clearInterval(timer);
      this.#replies.delete(id);
    }
  }

  async kill(): Promise<void> {
    this.#process.kill('SIGKILL');
    await this.#death;
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
