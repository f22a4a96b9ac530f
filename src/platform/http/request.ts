import type { Refusal } from '../../source/http-outcome.ts';
import type { HttpClient } from './http-client.ts';

/** A GET. Credentials in the URL are dropped: the sources have none, and they would end in logs and exports. */
export interface HttpRequest {
  readonly url: string;
  /** Names in lower case. `authorization` and `cookie` are only sent to the origin of `url`. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

export interface HttpLimits {
  /** For all hops together, without waiting for slots and permits. */
  readonly totalTimeoutMs: number;
  /** From the start of the connection to the end of the headers, for each hop. */
  readonly firstByteTimeoutMs: number;
  /** What a body must bring in each `speedWindowMs`, on average. */
  readonly minBytesPerSecond: number;
  readonly speedWindowMs: number;
  /** Of a body as sent, and of a body after decompression. It is held in memory. */
  readonly maxBytes: number;
  readonly maxRedirects: number;
}

export interface HttpDeps {
  readonly client: HttpClient;
  /**
   * Called just before each request, also before the one that each redirect leads to, with a slot of the host in hand:
   * for permits (it may wait as long as it likes) and robots.txt. What it rejects with is passed on as it is.
   */
  readonly beforeRequest?: ((url: URL) => Promise<Refusal | null>) | undefined;
  /** Aborted: connections are closed at once and the call rejects with `Interrupted`. */
  readonly signal?: AbortSignal | undefined;
}
