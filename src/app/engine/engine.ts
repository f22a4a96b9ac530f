import { Worker } from 'node:worker_threads';
import type { EvaluationResult, EvaluationTask } from '../../decision/evaluate.process.ts';
import { RetryLater, StopTheRun } from '../../kernel/errors.ts';
import type { FromThread, ThreadSpec, ToThread } from './messages.ts';

export interface FilterEngine {
  /** Evaluates a batch on the next free thread; resolves in one result a task, in order. */
  evaluate(tasks: readonly EvaluationTask[]): Promise<readonly EvaluationResult[]>;
  /** Asks batches under way to end early, with what they have. */
  requestStop(): void;
  /** Waits for batches under way, releases the sessions and ends the threads; batches that wait for a thread are refused. */
  close(): Promise<void>;
}

interface Call {
  readonly tasks: readonly EvaluationTask[];
  readonly resolve: (results: readonly EvaluationResult[]) => void;
  readonly reject: (error: Error) => void;
}

interface Thread {
  readonly worker: Worker;
  readonly exited: Promise<void>;
  call: Call | null;
}

/**
 * Starts `threads` filter threads and resolves when all have loaded their models. Calls wait in line for a free
 * thread, so the caller's own concurrency is the only backpressure needed.
 *
 * @throws StopTheRun if a model cannot be loaded
 */
export async function startEngine(spec: Omit<ThreadSpec, 'stopFlag'>, threads: number): Promise<FilterEngine> {
  const engine = new ThreadedEngine(spec);
  try {
    await engine.start(threads);
  } catch (error) {
    await engine.close();
    throw error;
  }
  return engine;
}

class ThreadedEngine implements FilterEngine {
  readonly #spec: ThreadSpec;
  readonly #threads: Thread[] = [];
  readonly #waiting: Call[] = [];
  #nextId = 0;
  /** Once a thread has died or ends, the engine is of no use any more: everything is refused with the same error. */
  #broken: Error | null = null;
  #closing = false;

  constructor(spec: Omit<ThreadSpec, 'stopFlag'>) {
    this.#spec = { ...spec, stopFlag: new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT) };
  }

  async start(threads: number): Promise<void> {
    await Promise.all(Array.from({ length: threads }, () => this.#startThread()));
  }

  evaluate(tasks: readonly EvaluationTask[]): Promise<readonly EvaluationResult[]> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ tasks, resolve, reject });
      this.#dispatch();
    });
  }

  requestStop(): void {
    Atomics.store(new Int32Array(this.#spec.stopFlag), 0, 1);
  }

  async close(): Promise<void> {
    this.#closing = true;
    this.#broken ??= new StopTheRun('Expected an open filter engine for a batch but it was closed', {
      code: 'engine-closed',
    });
    this.#dispatch();
    const message: ToThread = { kind: 'close' };
    // A thread reads this after the batch it is in, so no session is released under a running forward pass.
    for (const { worker } of this.#threads) worker.postMessage(message);
    await Promise.all(this.#threads.map((thread) => thread.exited));
  }

  #startThread(): Promise<void> {
    const worker = new Worker(new URL('filter-thread.mjs', import.meta.url), { workerData: this.#spec });
    const exited = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
    const thread: Thread = { worker, exited, call: null };
    this.#threads.push(thread);
    return new Promise((resolve, reject) => {
      worker.on('message', (message: FromThread) => {
        if (message.kind === 'ready') resolve();
        else if (message.kind === 'failed' && message.id === null) reject(errorOf(message));
        else this.#finish(thread, message);
      });
      worker.once('error', (error: Error) =>
        this.#break(
          new StopTheRun(`A filter thread failed: ${error.message}`, { code: 'filter-thread', cause: error }),
          reject,
        ),
      );
      worker.once('exit', (code) => {
        if (code !== 0 || !this.#closing || thread.call !== null)
          this.#break(
            new StopTheRun(`A filter thread ended with exit code ${code}`, { code: 'filter-thread' }),
            reject,
          );
      });
    });
  }

  #dispatch(): void {
    if (this.#broken !== null) {
      for (const call of this.#waiting.splice(0)) call.reject(this.#broken);
      return;
    }
    for (const thread of this.#threads) {
      if (thread.call !== null) continue;
      const call = this.#waiting.shift();
      if (call === undefined) return;
      thread.call = call;
      this.#nextId += 1;
      const message: ToThread = { kind: 'evaluate', id: this.#nextId, tasks: call.tasks };
      thread.worker.postMessage(message);
    }
  }

  #finish(thread: Thread, message: Exclude<FromThread, { kind: 'ready' }>): void {
    const { call } = thread;
    thread.call = null;
    if (message.kind === 'result') call?.resolve(message.results);
    else call?.reject(errorOf(message));
    this.#dispatch();
  }

  #break(error: Error, rejectStart: (error: Error) => void): void {
    this.#broken ??= error;
    rejectStart(error);
    for (const thread of this.#threads) {
      thread.call?.reject(error);
      thread.call = null;
    }
    this.#dispatch();
  }
}

function errorOf(message: Extract<FromThread, { kind: 'failed' }>): Error {
  const { message: text, code, mayPass } = message;
  return mayPass ? new RetryLater(text, { code }) : new StopTheRun(text, { code });
}
