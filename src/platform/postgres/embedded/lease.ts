import { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import type { QueryResultRow } from 'pg';
import { codeOf, messageOf } from '../../../kernel/errors.ts';
import { isRunning } from '../../lock/process-identity.ts';
import { NAME_PREFIX, ROLE } from './connection.ts';
import type { EmbeddedConnection } from './connection.ts';

const CONNECT_TIMEOUT_MS = 5_000;
const QUERY_TIMEOUT_MS = 10_000;
const CLOSE_TIMEOUT_MS = 2_000;
const HEAL_PAUSE_MS = 1_000;
const SETTLE_MS = 2_000;
const POLL_MS = 20;
const UNKNOWN_DATABASE = '3D000';
/** The database exists already, or another session is adding its row to the list of databases. */
const DATABASE_MADE_BY_ANOTHER = new Set(['42P04', '23505']);

type Write = (fields: Readonly<Record<string, unknown>>, message: string) => void;

/** The logger functions that are used. A pino logger has them. */
export interface EmbeddedLog {
  readonly debug: Write;
  readonly warn: Write;
}

/** A client that gives access to its socket, which decides whether it keeps the process alive. */
class LeaseClient extends Client {
  readonly socket: Socket;

  constructor(connection: EmbeddedConnection) {
    const socket = new Socket();
    const limits = { connectionTimeoutMillis: CONNECT_TIMEOUT_MS, query_timeout: QUERY_TIMEOUT_MS };
    super({ ...connection, ...limits, stream: () => socket });
    this.socket = socket;
    // Without a listener, a connection that breaks would end the process.
    this.on('error', () => undefined);
  }
}

/** A connection of another winnow client. */
export interface OtherClient {
  readonly applicationName: string;
  readonly backendPid: number;
}

/**
 * The connection that tells the server that this client exists. The kernel closes it when the client is killed, so nothing
 * must be written down or cleaned up. If the server drops it (it restarts when one of its processes is killed), it is
 * opened again after a pause.
 */
export class Lease {
  readonly #connection: EmbeddedConnection;
  readonly #log: EmbeddedLog;
  /** Includes an attempt to connect: two at once would leave a connection that nobody closes. */
  #client: Promise<LeaseClient> | undefined;
  #closed = false;

  private constructor(connection: EmbeddedConnection, log: EmbeddedLog) {
    this.#connection = connection;
    this.#log = log;
  }

  /** Connects, and creates the database if the cluster is new. Rejects with an error of pg or the system. */
  static async open(connection: EmbeddedConnection, log: EmbeddedLog): Promise<Lease> {
    const lease = new Lease(connection, log);
    try {
      await lease.#connected();
    } catch (error) {
      if (codeOf(error) !== UNKNOWN_DATABASE) throw error;
      await createDatabase(connection);
      await lease.#connected();
    }
    return lease;
  }

  /** `18.4` */
  async serverVersion(): Promise<string> {
    const rows = await this.#query<{ version: string }>(`select current_setting('server_version') as version`);
    return (rows[0]?.version ?? '').split(' ', 1)[0] ?? '';
  }

  /**
   * The other winnow connections. If `isLeaving` says that a client is ending, it gets two seconds to disappear first: the
   * server notices the end of a client some milliseconds later.
   */
  async others(isLeaving: (client: OtherClient) => Promise<boolean>): Promise<readonly OtherClient[]> {
    const deadlineMs = performance.now() + SETTLE_MS;
    for (;;) {
      const others = await this.#listOthers();
      const leaving = await Promise.all(others.map(isLeaving));
      if (!leaving.includes(true) || performance.now() > deadlineMs) return others;
      await sleep(POLL_MS);
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    const client = await this.#client?.catch(() => undefined);
    this.#client = undefined;
    if (client !== undefined) await end(client);
  }

  async #listOthers(): Promise<readonly OtherClient[]> {
    return this.#query<OtherClient>(
      `select pid as "backendPid", application_name as "applicationName" from pg_stat_activity
       where backend_type = 'client backend' and pid <> pg_backend_pid() and starts_with(application_name, $1)`,
      [NAME_PREFIX],
    );
  }

  async #query<Row extends QueryResultRow>(text: string, values: readonly string[] = []): Promise<Row[]> {
    const client = await this.#connected();
    client.socket.ref();
    try {
      return (await client.query<Row>(text, [...values])).rows;
    } finally {
      client.socket.unref();
    }
  }

  async #connected(): Promise<LeaseClient> {
    this.#client ??= this.#connect().catch((error: unknown) => {
      this.#client = undefined;
      throw error;
    });
    return this.#client;
  }

  async #connect(): Promise<LeaseClient> {
    const client = new LeaseClient(this.#connection);
    client.once('error', (error) => this.#lose(error));
    await client.connect();
    // The process may end with this connection open if it has nothing else to do.
    client.socket.unref();
    return client;
  }

  #lose(error: Error): void {
    if (this.#closed) return;
    this.#client = undefined;
    this.#log.warn({ reason: error.message }, 'the embedded PostgreSQL dropped a connection; connecting again');
    this.#healLater();
  }

  #healLater(): void {
    setTimeout(() => {
      if (this.#closed) return;
      this.#connected().catch((error: unknown) => {
        this.#log.debug({ reason: messageOf(error) }, 'the embedded PostgreSQL is not back yet');
        this.#healLater();
      });
    }, HEAL_PAUSE_MS).unref();
  }
}

/** Whether the process that a connection is named after has ended. */
export async function hasEnded({ applicationName }: OtherClient): Promise<boolean> {
  const pid = /^winnow(?:-lease)? \S+ (\d+)(?: \S+)?$/.exec(applicationName)?.[1];
  return pid !== undefined && !(await isRunning(Number(pid)));
}

/** If a client is killed while it creates the database, the server still completes it, and the next client finds it. */
async function createDatabase(connection: EmbeddedConnection): Promise<void> {
  const client = new LeaseClient({ ...connection, database: 'postgres' });
  await client.connect();
  try {
    await client.query(`create database ${ROLE}`);
  } catch (error) {
    if (!DATABASE_MADE_BY_ANOTHER.has(codeOf(error) ?? '')) throw error;
  } finally {
    await end(client);
  }
}

/** Closes the connection. Waits for the server, so that no later client counts it, unless the server does not answer. */
async function end(client: LeaseClient): Promise<void> {
  client.socket.ref();
  const ended = client.end().catch(() => undefined);
  await Promise.race([ended, sleep(CLOSE_TIMEOUT_MS, undefined, { ref: false })]);
  client.socket.destroy();
}
