import { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import type { QueryResultRow } from 'pg';
import { codeOf, messageOf } from '../../../kernel/errors.ts';
import { isRunning } from '../../lock/process-identity.ts';
import { NAME_PREFIX, ROLE } from './connection.ts';
import type { EmbeddedConnection } from './connection.ts';
import type { EmbeddedLog } from './embedded-log.ts';

const CONNECT_TIMEOUT_MS = 5_000;
const QUERY_TIMEOUT_MS = 10_000;
const CLOSE_TIMEOUT_MS = 2_000;
const HEAL_PAUSE_MS = 1_000;
const SETTLE_MS = 2_000;
const POLL_MS = 20;
const UNKNOWN_DATABASE = '3D000';
/** It is there after all, or another session is just adding its row to the list of databases. */
const DATABASE_MADE_BY_ANOTHER = new Set(['42P04', '23505']);

/** A connection, and its socket, which decides whether it keeps the process alive. */
interface Session {
  readonly client: Client;
  readonly socket: Socket;
}

/** A connection of another client of ours. */
export interface OtherClient {
  readonly applicationName: string;
  readonly backendPid: number;
}

/**
 * The connection by which the server knows that this client is there. The kernel closes it when the client is killed,
 * so nothing has to be written down or cleaned up. If the server drops it (it restarts itself when one of its
 * processes is killed), it is opened again.
 *
 * States: open -> lost -> open (after a pause) ... -> closed (by `close`, for good).
 */
export class Lease {
  readonly #connection: EmbeddedConnection;
  readonly #log: EmbeddedLog;
  #session: Session | undefined;
  /** The attempt under way: two at once would leave a connection that nobody closes. */
  #connecting: Promise<Session> | undefined;
  #closed = false;

  private constructor(connection: EmbeddedConnection, log: EmbeddedLog) {
    this.#connection = connection;
    this.#log = log;
  }

  /** Connects, and makes the database if the cluster is new. Rejects with pg's or the system's error. */
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
   * The connections of ours other than this one. Those whose client `isLeaving` says to be on its way out are given
   * two seconds to vanish first: the server notices the end of a client some milliseconds later.
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
    const session = this.#session;
    this.#session = undefined;
    if (session !== undefined) await end(session);
  }

  async #listOthers(): Promise<readonly OtherClient[]> {
    return this.#query<OtherClient>(
      `select pid as "backendPid", application_name as "applicationName" from pg_stat_activity
       where backend_type = 'client backend' and pid <> pg_backend_pid() and starts_with(application_name, $1)`,
      [NAME_PREFIX],
    );
  }

  async #query<Row extends QueryResultRow>(text: string, values: readonly string[] = []): Promise<Row[]> {
    const { client, socket } = await this.#connected();
    socket.ref();
    try {
      return (await client.query<Row>(text, [...values])).rows;
    } finally {
      socket.unref();
    }
  }

  async #connected(): Promise<Session> {
    if (this.#session !== undefined) return this.#session;
    this.#connecting ??= this.#connect().finally(() => {
      this.#connecting = undefined;
    });
    return this.#connecting;
  }

  async #connect(): Promise<Session> {
    const session = sessionOf(this.#connection);
    session.client.on('error', (error) => this.#lose(session, error));
    await session.client.connect();
    if (this.#closed) {
      await end(session);
      throw new Error('The lease was closed while it connected');
    }
    // It must not be what keeps a process alive that has nothing left to do.
    session.socket.unref();
    this.#session = session;
    return session;
  }

  #lose(session: Session, error: Error): void {
    if (this.#closed || this.#session !== session) return;
    this.#session = undefined;
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

function sessionOf(connection: EmbeddedConnection): Session {
  const socket = new Socket();
  const client = new Client({
    ...connection,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    query_timeout: QUERY_TIMEOUT_MS,
    stream: () => socket,
  });
  return { client, socket };
}

/** A client that is killed as it makes the database leaves a server that still completes it: whoever comes next finds it made. */
async function createDatabase(connection: EmbeddedConnection): Promise<void> {
  const session = sessionOf({ ...connection, database: 'postgres' });
  session.client.on('error', () => undefined);
  await session.client.connect();
  try {
    await session.client.query(`create database ${ROLE}`);
  } catch (error) {
    if (!DATABASE_MADE_BY_ANOTHER.has(codeOf(error) ?? '')) throw error;
  } finally {
    await end(session);
  }
}

/** A server that does not answer is not waited for. */
async function end({ client, socket }: Session): Promise<void> {
  socket.ref();
  const ended = client.end().catch(() => undefined);
  await Promise.race([ended, sleep(CLOSE_TIMEOUT_MS, undefined, { ref: false })]);
  socket.destroy();
}
