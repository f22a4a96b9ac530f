import { Client, type ClientConfig } from 'pg';
import { CONNECT_TIMEOUT_MS } from './reach-server.ts';

/** Of silence. */
const KEEP_ALIVE_AFTER_MS = 30_000;

/**
 * A client, alone or of a pool, that outlives its connection and does not wait for ever for one. pg emits `error` when a
 * connection breaks, and a pool listens only while the client is idle: one that breaks under a query would end the
 * process, although the query rejects, too. The time to connect is bounded here, since a pool's own
 * `connectionTimeoutMillis` would also end the wait for a connection that others use, which is no failure.
 *
 * A server whose machine vanishes sends no end: the system's keep-alive asks after it, and breaks the connection under a
 * query that nobody will answer (Linux: within some 12 minutes).
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
