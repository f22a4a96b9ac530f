import { Client } from 'pg';
import { messageOf, StopTheRun, throwIfInterrupted, UsageError } from '../../kernel/errors.ts';

/** BullMQ's tables and our statements need this version. */
const OLDEST_VERSION = 14;

/** Limit for a host that accepts the connection and then stays silent. Far longer than a busy server needs. */
export const CONNECT_TIMEOUT_MS = 15_000;

export interface ServerToReach {
  readonly url: string;
  /**
   * The server and the setting that names it, without passwords: `PostgreSQL at postgres://me:***@db (from DATABASE_URL)`.
   */
  readonly shown: string;
  readonly connectTimeoutMs?: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Asks a server for its version on a separate connection, so that a wrong address is reported before any work begins.
 *
 * @throws StopTheRun `postgres-unreachable`, UsageError `postgres-version`, Interrupted
 */
export async function reachServer(server: ServerToReach & { readonly applicationName: string }): Promise<void> {
  const { url, applicationName, shown, connectTimeoutMs = CONNECT_TIMEOUT_MS, signal } = server;
  throwIfInterrupted(signal);
  const client = new Client({
    connectionString: url,
    application_name: applicationName,
    connectionTimeoutMillis: connectTimeoutMs,
    query_timeout: connectTimeoutMs,
  });
  // The query also rejects when the connection breaks. Without a listener the event would end the process.
  client.on('error', () => {});
  const giveUp = (): void => void client.connection.stream.destroy();
  signal?.addEventListener('abort', giveUp);
  try {
    await client.connect();
    const { rows } = await client.query<{ version: string }>(`select current_setting('server_version') as version`);
    await client.end();
    refuseOldVersion(rows[0]?.version ?? '', shown);
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
