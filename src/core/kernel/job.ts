/** One kind of job, on any queue. It is idempotent and delivered at least once; the catalogue knows what is done. */
export interface JobDefinition<Payload> {
  /** Name of the queue. No colon. */
  readonly queue: string;
  /** Throws if the data from the queue is not a payload of this kind. */
  parse(data: unknown): Payload;
  /** Idempotency key: while a job of this key waits or runs, adding it again does nothing. No colon. */
  keyOf(payload: Payload): string;
  /** How often the job is tried in a row. Then the queue drops it, and the catalogue still lists its work as open. */
  readonly attempts: number;
  /** Pause before the second try, in milliseconds. It doubles before each further try. */
  readonly backoffMs: number;
}

/** One job queue. A queue only delivers: if it loses all its jobs, no work is lost. */
export interface JobQueue<Payload> {
  /** Adds jobs. Skips those whose key already waits or runs. */
  add(payloads: readonly Payload[]): Promise<void>;
  /** How many jobs wait, wait for a retry, or run, in all processes. */
  pending(): Promise<number>;
  /** Deletes every job, including running ones. Call it only while no other process uses the catalogue. */
  clear(): Promise<void>;
  /** Starts to take jobs. `handle` may be called more than once for the same payload. */
  consume(handle: (payload: Payload) => Promise<void>, options: ConsumeOptions): JobConsumer;
  close(): Promise<void>;
}

/** The queue backend of a catalogue: its PostgreSQL, or a Redis. A process opens it once. */
export interface JobQueues {
  open<Payload>(definition: JobDefinition<Payload>): JobQueue<Payload>;
  openBoard(queues: readonly QueueSettings[]): Promise<QueueBoard>;
  /** Close the queues first. */
  close(): Promise<void>;
}

export type QueueSettings = Pick<JobDefinition<unknown>, 'queue' | 'attempts' | 'backoffMs'>;

/** A read-only page that shows queues. It consists of static files and of data that its scripts request. */
export interface QueueBoard {
  readonly page: {
    readonly scripts: readonly string[];
    readonly styles: readonly string[];
    readonly icon: string;
    readonly config: object;
  };
  /** Answers a GET of a path below the page's own (`/`, `/static/main.js`, `/api/queues`). Null if there is no such path. */
  answer(path: string, query: Readonly<Record<string, unknown>>): Promise<BoardAnswer | null>;
  close(): Promise<void>;
}

export type BoardAnswer =
  | { readonly kind: 'page' }
  | { readonly kind: 'file'; readonly bytes: Uint8Array; readonly mediaType: string }
  | { readonly kind: 'data'; readonly status: number; readonly body: unknown };

export interface ConsumeOptions {
  readonly concurrency: number;
  readonly onFailure: (failure: { readonly key: string; readonly attempt: number; readonly error: unknown }) => void;
}

export interface JobConsumer {
  /** Takes no further jobs. Resolves when the running jobs are done. */
  stop(): Promise<void>;
}
