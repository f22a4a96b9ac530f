import { Client, type ClientConfig } from 'pg';
import { CONNECT_TIMEOUT_MS } from './reach-server.ts';

/** Silence before the first keep-alive probe. */
const KEEP_ALIVE_AFTER_MS = 30_000;

type Connected = ((error: Error) => void) | ((error: null, client: Client) => void);

/** A `-c name=value` in the `options` of a connection. */
const OPTION = /-c\s*(\w+)=(\S+)/g;

/**
 * A client, alone or in a pool, that survives the loss of its connection and does not wait for ever for one. pg emits
 * `error` when a connection breaks, and a pool listens only while the client is idle. A connection that breaks during a
 * query would end the process, although the query also rejects. The time to connect is limited here, because a pool's
 * `connectionTimeoutMillis` would also limit the wait for a connection that others use, which is no failure.
 *
 * A server whose machine disappears sends no end. The system's keep-alive detects that and breaks the connection under a
 * query that will never be answered (Linux: within some 12 minutes).
 *
 * Parameters of the session are set by a query after connecting. PgBouncer refuses or ignores them at startup.
 */
export class SteadyClient extends Client {
  readonly #parameters: readonly (readonly [string, string])[];

  constructor(config?: string | ClientConfig) {
    const given = typeof config === 'string' ? { connectionString: config } : config;
    const { options, statement_timeout, idle_in_transaction_session_timeout, ...rest } = given ?? {};
    super({
      ...rest,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      keepAlive: true,
      keepAliveInitialDelayMillis: KEEP_ALIVE_AFTER_MS,
    });
    const timeouts = Object.entries({ statement_timeout, idle_in_transaction_session_timeout });
    this.#parameters = [
      ...timeouts.flatMap(([name, ms]): [string, string][] =>
        ms === undefined || ms === false ? [] : [[name, String(ms)]],
      ),
      ...[...(options ?? '').matchAll(OPTION)].map(([, name = '', value = '']): [string, string] => [name, value]),
    ];
    this.on('error', () => undefined);
  }

  override connect(): Promise<Client>;
  override connect(callback: Connected): void;
  override connect(callback?: Connected): Promise<Client> | void {
    const connected = this.#connect();
    if (callback === undefined) return connected;
    const tell = (...args: unknown[]): void => void Reflect.apply(callback, undefined, args);
    connected.then((client) => tell(null, client), tell);
  }

  async #connect(): Promise<Client> {
    await super.connect();
    if (this.#parameters.length === 0) return this;
    const calls = this.#parameters.map((_, i) => `set_config($${2 * i + 1}, $${2 * i + 2}, false)`);
    try {
      await this.query(`select ${calls.join(', ')}`, this.#parameters.flat());
    } catch (error) {
      await this.end().catch(() => undefined);
      throw error;
    }
    return this;
  }
}
