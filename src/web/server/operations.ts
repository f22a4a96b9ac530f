import { spawn } from 'node:child_process';
import path from 'node:path';
import type { GlobalFlags } from '../../core/cli/start/flags.ts';
import type { Collection } from '../../core/collection/collection.ts';
import { packageRoot } from '../../core/config/root.ts';
import { Interrupted, messageOf, StopTheRun } from '../../core/kernel/errors.ts';
import type { Actor } from '../../core/kernel/activity.ts';
import type { LastOperation, Operation } from '../../core/kernel/operation.ts';
import { ifLockIsFree } from '../../core/platform/postgres/transactions.ts';
import { recorded } from '../../core/runtime/activity/activity.repository.ts';
import { localActor } from '../../core/runtime/activity/local-actor.process.ts';
import type { App } from '../../core/runtime/open/app.process.ts';
import { OPERATION_LOCK, readLastOperation, type OfCollection } from '../status/operation.repository.ts';
import type { Access } from './access/access.ts';
import { LiveFeed } from './live/live-feed.ts';

/** The operation of a collection, as its page gets it. */
export interface OperationNow {
  /** ISO 8601. */
  readonly at: string;
  readonly last: LastOperation | null;
  /** The end of what the command has printed. Null if another server started it, or if the reader may not know it. */
  readonly output: string | null;
}

/** An operation that a person starts. */
export interface Order extends OfCollection {
  readonly operation: Operation;
  /** The words after `winnow`. */
  readonly words: readonly string[];
  /** The flags that the person has chosen. */
  readonly flags: readonly string[];
  readonly actor: Actor;
}

/** A person whose page shows operations. */
interface Watcher {
  /** The same for people who may know the same. */
  readonly reader: string;
  /** True if the person may know what a command prints. Called at each reading: a verdict of the person may be wanted by then. */
  readonly mayKnow: () => Promise<boolean>;
}

interface OperationsOptions {
  readonly app: App;
  /** Those of this server: its commands have the same data folder and settings. */
  readonly flags: Pick<GlobalFlags, 'collection' | 'data' | 'config' | 'set'>;
  /** The collection of `--collection`. */
  readonly named: Collection | null;
  readonly nowMs: () => number;
}

/** The exit code of a command that was interrupted. */
const INTERRUPTED = 130;
const PROGRAM = path.join(packageRoot, 'src', 'cli', 'winnow.cjs');
/** A command uses all processors, and its lock holds a connection to the catalogue. */
const MOST_AT_ONCE = 2;
const OUTPUT_CHARACTERS = 20_000;
const LOOK_EVERY_MS = 500;

/** Behind a proxy other people may reach the server, so commands need a token there. */
export function offersOperations({ app, tokens }: Pick<OperationsOptions, 'app'> & Pick<Access, 'tokens'>): boolean {
  const { operations, basePath } = app.config.server;
  return operations && (tokens.length > 0 || basePath === null);
}

/**
 * Commands that people start from pages. Each is a process of its own, with the rights of this server's. A lock in PostgreSQL allows
 * one for each collection, whichever server starts it, and the activity log tells all servers about it. If the connection with the
 * lock is lost, the server takes the lock again, or stops the command if another one has begun by then. A command lives no longer than
 * this server: `close` stops it as Ctrl-C does, and waits until its jobs in flight have ended. If this server is killed, the command
 * notices that (`winnow.cjs`) and stops in the same way.
 */
export class Operations {
  readonly #options: OperationsOptions;
  readonly #ending = new AbortController();
  /** By id of the collection, as all maps here. */
  readonly #running = new Map<number, Promise<unknown>>();
  /** The output of the last command, and the line of its begin in the activity log. */
  readonly #outputs = new Map<number, { readonly id: number; readonly text: string }>();
  readonly #feeds = new Map<string, LiveFeed<OperationNow>>();

  constructor(options: OperationsOptions) {
    this.#options = options;
  }

  get isFull(): boolean {
    return this.#running.size >= MOST_AT_ONCE;
  }

  /** The value of `--collection` that means a collection to commands: its file may be in any folder. */
  flagOf(name: string): string {
    const { named, flags } = this.#options;
    return (name === named?.name ? flags.collection : undefined) ?? name;
  }

  /** Resolves when the command starts. False: another one of the collection runs. @throws if its begin cannot be recorded */
  async start(order: Order): Promise<boolean> {
    const { app } = this.#options;
    const { operation, collection, collectionId, actor, flags } = order;
    if (this.#running.has(collectionId)) return false;
    const detail = { command: operation, ...(flags.length > 0 ? { flags } : {}), server: localActor().place };
    return new Promise((resolve, reject) => {
      const work = async (): Promise<boolean> => {
        await recorded(app.db, { ...actor, action: 'run-command', collection, detail }, (id) => {
          resolve(true);
          return this.#run(order, id);
        });
        return true;
      };
      // Once it has started, its end is in the activity log.
      const running = ifLockIsFree(app.db, [OPERATION_LOCK, collectionId], work)
        .then((ran) => resolve(ran === true), reject)
        .finally(() => this.#running.delete(collectionId));
      this.#running.set(collectionId, running);
    });
  }

  feed(of: OfCollection, { reader, mayKnow }: Watcher): LiveFeed<OperationNow> {
    const key = `${of.collectionId} ${reader}`;
    const read = (): Promise<OperationNow> => this.#read(of, mayKnow);
    const onError = (reason: unknown): void =>
      this.#options.app.log.warn({ reason: messageOf(reason) }, 'an operation could not be read');
    const feed = this.#feeds.get(key) ?? new LiveFeed({ read, everyMs: LOOK_EVERY_MS, onError });
    this.#feeds.set(key, feed);
    return feed;
  }

  async close(): Promise<void> {
    this.#ending.abort();
    for (const feed of this.#feeds.values()) feed.close();
    await Promise.all(this.#running.values());
  }

  async #read(of: OfCollection, mayKnow: Watcher['mayKnow']): Promise<OperationNow> {
    const at = new Date(this.#options.nowMs()).toISOString();
    const last = await readLastOperation(this.#options.app.db, of);
    const own = this.#outputs.get(of.collectionId);
    if (last === null || last.id !== own?.id) return { at, last, output: null };
    // Its lock may be lost just now.
    const isLost = last.state === 'interrupted' && last.endedAt === null && this.#running.has(of.collectionId);
    return { at, last: isLost ? { ...last, state: 'running' } : last, output: (await mayKnow()) ? own.text : null };
  }

  /** @throws Interrupted if it was stopped; StopTheRun if it failed */
  async #run({ words, flags, ...of }: Order, id: number): Promise<void> {
    let text = '';
    const { data, config, set = [] } = this.#options.flags;
    const place = ['--data', data, ...(config === undefined ? [] : ['--config', config])];
    const settings = set.flatMap((one) => ['--set', one]);
    const child = spawn(process.execPath, [PROGRAM, ...words, ...flags, ...place, ...settings], {
      // The channel tells the command that this server is gone. A group of its own: Ctrl-C in a terminal reaches it through us only.
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      detached: true,
    });
    const hear = (more: string): void => {
      text = `${text}${more}`.slice(-OUTPUT_CHARACTERS);
      this.#outputs.set(of.collectionId, { id, text });
    };
    hear('');
    child.stdout?.setEncoding('utf8').on('data', hear);
    child.stderr?.setEncoding('utf8').on('data', hear);
    let isStopped = false;
    const stop = (): void => {
      // A command that hears it a third time abandons its jobs.
      if (!isStopped) child.kill('SIGTERM');
      isStopped = true;
    };
    const { db } = this.#options.app;
    const look = async (): Promise<void> => {
      const last = await readLastOperation(db, of);
      if (last !== null && (last.state === 'stopping' || last.id !== id)) stop();
      else if (last?.state !== 'running') await ifLockIsFree(db, [OPERATION_LOCK, of.collectionId], () => ended);
    };
    const ended = new Promise<string | number>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code, killed) => resolve(killed ?? code ?? ''));
    });
    const { signal } = this.#ending;
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
    // Any server of the catalogue takes the order to stop.
    const timer = setInterval(() => void look().catch(() => undefined), LOOK_EVERY_MS);
    try {
      const end = await ended;
      if (end === 0) return;
      if (isStopped || end === INTERRUPTED) throw new Interrupted();
      // The log has no line of the output: on a server without tokens, reviewers read the log, too.
      throw new StopTheRun(typeof end === 'number' ? `exit code ${end}` : end, { code: 'operation-failed' });
    } finally {
      clearInterval(timer);
      signal.removeEventListener('abort', stop);
    }
  }
}
