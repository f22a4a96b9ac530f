import type { Refusal } from './http-outcome.ts';
import type { HttpClient } from './http-client.ts';

/** A GET request. Credentials in the URL are removed: no source needs them, and they would end up in logs and exports. */
export interface HttpRequest {
  readonly url: string;
  /** Names in lower case. `authorization` and `cookie` are only sent to the origin of `url`. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

export interface HttpLimits {
  /** For all hops together, without the time spent waiting for slots and permits. */
  readonly totalTimeoutMs: number;
  /** For each hop, from the start of the connection to the end of the headers. */
  readonly firstByteTimeoutMs: number;
  /** The average speed that a body must reach in each `speedWindowMs`. */
  readonly minBytesPerSecond: number;
  readonly speedWindowMs: number;
  /** The limit of a body as sent, and again after decompression. The body is held in memory. */
  readonly maxBytes: number;
  readonly maxRedirects: number;
}

export interface HttpDeps {
  readonly client: HttpClient;
  /** Called before each request and redirect, with a slot of the host. May wait. Rejections are passed on unchanged. */
  readonly beforeRequest?: ((url: URL) => Promise<Refusal | null>) | undefined;
  /** If it is aborted, connections are closed at once and the call rejects with `Interrupted`. */
  readonly signal?: AbortSignal | undefined;
}
