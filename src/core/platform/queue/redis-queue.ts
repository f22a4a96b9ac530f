import { createRedisBackend, withBackend } from 'bullmq';
import { Redis, type RedisOptions } from 'ioredis';
import { StopTheRun, messageOf } from '../../kernel/errors.ts';
import type { JobQueues } from '../../kernel/job.ts';
import { CONNECT_TIMEOUT_MS, type ServerToReach } from '../postgres/reach-server.ts';
import { openBullQueue, type BullBackend } from './bullmq-queue.ts';
import { reachRedis } from './reach-redis.ts';

const { Queue, Worker } = withBackend(createRedisBackend);

/** How long a server may be away during a run. One that restarts and loads its data is back long before. */
const PATIENCE_MS = 120_000;
/** After Ctrl-C: long enough to report that the jobs in flight are done, if the server is only restarting. */
const PATIENCE_AT_THE_END_MS = 3_000;
const MAX_PAUSE_MS = 2_000;

export interface RedisQueuesOptions extends ServerToReach {
  /** The beginning of the keys, which separates the queues of this catalogue from others on the same server. */
  readonly prefix: string;
  readonly applicationName: string;
  readonly patienceMs?: number;
  readonly warn: (message: string) => void;
  /** Called for an error that may be temporary. */
  readonly onError: (error: Error) => void;
  /** Called when the server is given up: no job that is queued there will run. */
  readonly onGone: (failure: StopTheRun) => void;
}

/** Queues on a Redis server, whose return is awaited if it goes away. @throws as `reachRedis` */
export async function openRedisQueues(options: RedisQueuesOptions): Promise<JobQueues> {
  const { warnings } = await reachRedis(options);
  for (const warning of warnings) options.warn(warning);
  const watch = new Watch(options);
  const client = new EndingRedis(options.url, {
    // BullMQ's workers wait for jobs without a limit. `retryStrategy` limits how long they wait for the server.
    maxRetriesPerRequest: null,
    connectTimeout: CONNECT_TIMEOUT_MS,
    connectionName: options.applicationName.replaceAll(' ', '-'),
    retryStrategy: (times) => watch.pauseMs(times),
  });
  client.on('error', options.onError);
  const backend: BullBackend = {
    makeQueue: (name, queueOptions) => new Queue(name, { ...queueOptions, connection: client, prefix: options.prefix }),
    makeWorker: (name, work, workerOptions) =>
      new Worker(name, work, { ...workerOptions, connection: client, prefix: options.prefix }),
    onError: (error) => watch.note(error),
    explained: (error) => watch.explained(error),
  };
  return {
    open: (definition) => openBullQueue(definition, backend),
    async openBoard(queues) {
      const { openBullBoard } = await import('./bull-board.ts');
      return openBullBoard(queues, backend);
    },
    async close() {
      if (client.status === 'ready') await client.quit().catch(() => undefined);
      client.disconnect();
    },
  };
}

/** Redis refuses every write: its memory is full, it cannot save to its disk, or it has become a replica. */
const REFUSES_WRITES = /^(OOM|MISCONF|READONLY) /;

class Watch {
  readonly #options: RedisQueuesOptions;
  #lostMs = 0;
  #failure: StopTheRun | null = null;

  constructor(options: RedisQueuesOptions) {
    this.#options = options;
  }

  /** Milliseconds until the next try to connect, or null to give up. A first try: it was connected just before. */
  pauseMs(times: number): number | null {
    const now = performance.now();
    if (times === 1) this.#lostMs = now;
    const { signal, patienceMs = PATIENCE_MS, shown } = this.#options;
    const limitMs = signal?.aborted === true ? Math.min(PATIENCE_AT_THE_END_MS, patienceMs) : patienceMs;
    if (this.#failure !== null) return null;
    if (now - this.#lostMs < limitMs) return Math.min(100 * times, MAX_PAUSE_MS);
    this.#fail(
      `Expected ${shown} to come back within ${Math.round(limitMs / 1000)} s but it did not; run the command again once it is back, what is done stays done`,
      'redis-gone',
    );
    return null;
  }

  note(error: Error): void {
    this.#refusal(error);
    this.#options.onError(error);
  }

  explained(error: unknown): unknown {
    this.#refusal(error);
    return this.#failure ?? error;
  }

  #refusal(error: unknown): void {
    const message = messageOf(error);
    if (!REFUSES_WRITES.test(message)) return;
    this.#fail(
      `Expected ${this.#options.shown} to take jobs but received '${message}'; put that right and run the command again, what is done stays done`,
      'redis-refuses',
    );
  }

  #fail(message: string, code: string): void {
    if (this.#failure !== null) return;
    this.#failure = new StopTheRun(message, { code });
    this.#options.onGone(this.#failure);
  }
}

/**
 * A connection to Redis that ends when it is asked to, also between two tries to connect. ioredis only cancels the next
 * try there: `end` is never emitted and no waiting call is answered. BullMQ's `worker.close()` then waits forever if
 * work is stopped while a server is away (https://github.com/taskforcesh/bullmq/issues/4585 describes a part of it).
 */
class EndingRedis extends Redis {
  override disconnect(reconnect = false): void {
    // Starting a try gives something to end, which then ends every waiting call.
    if (this.status === 'reconnecting' && !reconnect) this.connect().catch(() => undefined);
    super.disconnect(reconnect);
  }

  /** BullMQ duplicates its own connections from the one that it is given. */
  override duplicate(changes?: Partial<RedisOptions>): Redis {
    return new EndingRedis({ ...this.options, ...changes });
  }
}
