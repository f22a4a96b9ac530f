import { Client, type ClientConfig } from 'pg';

/**
 * A client of a pool that outlives its connection. pg emits `error` when a connection breaks, and a pool listens only
 * while the client is idle: one that breaks under a query would end the process, although the query rejects, too.
 */
export class SteadyClient extends Client {
  constructor(config?: string | ClientConfig) {
    super(config);
    this.on('error', () => undefined);
  }
}
