/**
 * What a job is, apart from who does it. Every job is idempotent by its key and safe to run twice: the queue delivers
 * it at least once, the catalogue knows what is done.
 */
export interface JobDefinition<Payload> {
  /** Name of the queue. No colon. */
  readonly queue: string;
  /** Checks what comes out of the queue; throws if it is no such payload. */
  parse(data: unknown): Payload;
  /** Idempotency key: while a job of this key waits or runs, adding it again does nothing. No colon. */
  keyOf(payload: Payload): string;
  /** Tries in a row before the job is given back to the catalogue, which knows what is left. */
  readonly attempts: number;
  /** Pause before the second try, doubled before each further one. */
  readonly backoffMs: number;
}

/** The port behind which the queue lives. A delivery mechanism: losing all of it loses nothing. */
export interface JobQueue<Payload> {
  /** Adds jobs; keys that wait or run already are left alone. */
  add(payloads: readonly Payload[]): Promise<void>;
  /** Jobs that wait, wait for another try, or run, anywhere. */
  pending(): Promise<number>;
  /** Forgets every job, running ones included: only for a client that is alone on the catalogue. */
  clear(): Promise<void>;
  /** Starts working jobs off. `handle` may be called again for a payload that it has seen. */
  consume(handle: (payload: Payload) => Promise<void>, options: ConsumeOptions): JobConsumer;
  close(): Promise<void>;
}

/** Where all queues of a catalogue are: its PostgreSQL, or a Redis. Opened once a process. */
export interface JobQueues {
  open<Payload>(definition: JobDefinition<Payload>): JobQueue<Payload>;
  /** For people to look at what waits and runs in some queues. */
  openBoard(queues: readonly QueueSettings[]): Promise<QueueBoard>;
  /** Ends what the queues share; they have been closed before. */
  close(): Promise<void>;
}

/** What of a definition is the queue's own. */
export type QueueSettings = Pick<JobDefinition<unknown>, 'queue' | 'attempts' | 'backoffMs'>;

/** A page that shows queues, made of files and of data that it asks for. It changes nothing. */
export interface QueueBoard {
  readonly page: {
    /** Paths of files below the page's own. */
    readonly scripts: readonly string[];
    readonly styles: readonly string[];
    readonly icon: string;
    /** For its scripts. */
    readonly config: object;
  };
  /** Answers a GET of a path below the page's own (`/`, `/static/main.js`, `/api/queues`); null: nothing is there. */
  answer(path: string, query: Readonly<Record<string, unknown>>): Promise<BoardAnswer | null>;
  close(): Promise<void>;
}

export type BoardAnswer =
  | { readonly kind: 'page' }
  | { readonly kind: 'file'; readonly bytes: Uint8Array; readonly mediaType: string }
  | { readonly kind: 'data'; readonly status: number; readonly body: unknown };

export interface ConsumeOptions {
  /** Jobs at once. */
  readonly concurrency: number;
  /** A try of a job has failed. */
  readonly onFailure: (failure: { readonly key: string; readonly attempt: number; readonly error: unknown }) => void;
}

export interface JobConsumer {
  /** Takes no new job; resolves when the ones in hand are done. */
  stop(): Promise<void>;
}
