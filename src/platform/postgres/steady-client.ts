import { Client, type ClientConfig } from 'pg';
import { CONNECT_TIMEOUT_MS } from './reach-server.ts';

/** Silence before the first keep-alive probe. */
const KEEP_ALIVE_AFTER_MS = 30_000;

/**
 * A client, alone or in a pool, that survives the loss of its connection and does not wait for ever for one. pg emits
 * `error` when a connection breaks, and a pool listens only while the client is idle. A connection that breaks during a
 * query would end the process, although the query also rejects. The time to connect is limited here, because a pool's
 * `connectionTimeoutMillis` would also limit the wait for a connection that others use, which is no failure.
 *
 * A server whose machine disappears sends no end. The system's keep-alive detects that and breaks the connection under a
 * query that will never be answered (Linux: within some 12 minutes).
 */
export class SteadyClient extends Client {
  constructor(config?: string | ClientConfig) {
    const given = typeof config === 'string' ? { connectionString: config } : config;
    super({
      ...given,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      keepAlive: true,
      keepAliveInitialDelayMillis: KEEP_ALIVE_AFTER_MS,
    });
    this.on('error', () => undefined);
  }
}
