import { randomInt } from 'node:crypto';
import { Client } from 'pg';
import { messageOf, StopTheRun, throwIfInterrupted, UsageError } from '../../kernel/errors.ts';

/** BullMQ's tables and our statements need this version. */
const OLDEST_VERSION = 14;

/** Limit for a host that accepts the connection and then stays silent. Far longer than a busy server needs. */
export const CONNECT_TIMEOUT_MS = 15_000;

export interface ServerToReach {
  readonly url: string;
  /** The server and the setting that names it, without passwords, for messages. */
  readonly shown: string;
  readonly connectTimeoutMs?: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Asks a server for its version on separate connections, so that a wrong address is reported before any work begins.
 *
 * @throws StopTheRun `postgres-unreachable`, UsageError `postgres-version`, `transaction-pool`, Interrupted
 */
export async function reachServer(server: ServerToReach & { readonly applicationName: string }): Promise<void> {
  const { url, applicationName, shown, connectTimeoutMs = CONNECT_TIMEOUT_MS, signal } = server;
  throwIfInterrupted(signal);
  const open = (): Client => {
    const client = new Client({
      connectionString: url,
      application_name: applicationName,
      connectionTimeoutMillis: connectTimeoutMs,
      query_timeout: connectTimeoutMs,
    });
    // The query also rejects when the connection breaks. Without a listener the event would end the process.
    return client.on('error', () => {});
  };
  const [client, other] = [open(), open()];
  const giveUp = (): void => [client, other].forEach(({ connection }) => connection.stream.destroy());
  signal?.addEventListener('abort', giveUp);
  try {
    await client.connect();
    const { rows } = await client.query<{ version: string }>(`select current_setting('server_version') as version`);
    refuseOldVersion(rows[0]?.version ?? '', shown);
    await other.connect();
    if (!(await keepsLocks(client, other))) throw transactionPool(shown);
    await Promise.all([client.end(), other.end()]);
  } catch (error) {
    giveUp();
    throwIfInterrupted(signal);
    if (error instanceof UsageError) throw error;
    throw new StopTheRun(`Expected ${shown} but received '${reasonOf(error, connectTimeoutMs)}'; check the URL`, {
      code: 'postgres-unreachable',
      cause: error,
    });
  } finally {
    signal?.removeEventListener('abort', giveUp);
  }
}

/** False for a pool that gives each transaction another connection, and so our lock to another session. */
async function keepsLocks(client: Client, other: Client): Promise<boolean> {
  const key = randomInt(2 ** 31);
  const holds = async (one: Client): Promise<boolean> => {
    const { rows } = await one.query<{ holds: boolean }>(
      `select exists (select 1 from pg_locks where locktype = 'advisory' and classid = 0 and objid = $1 and pid = pg_backend_pid()) as holds`,
      [key],
    );
    return rows[0]?.holds === true;
  };
  await client.query('select pg_advisory_lock($1)', [key]);
  const answers: boolean[] = [];
  // A pool that uses its connections in turn may give us ours again once.
  for (const one of [other, client, client, client]) answers.push(await holds(one));
  for (const one of [client, other]) await one.query('select pg_advisory_unlock($1)', [key]);
  const [otherHolds, ...weHold] = answers;
  return otherHolds === false && weHold.every((each) => each);
}

function transactionPool(shown: string): UsageError {
  return new UsageError(
    `Expected ${shown} to keep a session's locks but it is a pool that gives each transaction another connection; use a pool of sessions (in PgBouncer: pool_mode = session) or the address of the server itself`,
    { code: 'transaction-pool' },
  );
}

/** @throws UsageError if the server is too old or is not PostgreSQL */
export function refuseOldVersion(version: string, shown: string): void {
  if (Number.parseInt(version, 10) >= OLDEST_VERSION) return;
  throw new UsageError(`Expected version ${OLDEST_VERSION} or newer of ${shown} but it is '${version}'`, {
    code: 'postgres-version',
  });
}

function reasonOf(error: unknown, timeoutMs: number): string {
  const message = messageOf(error);
  return /timeout/i.test(message) ? `no answer within ${timeoutMs / 1000} s` : message;
}
