import { Redis } from 'ioredis';
import { messageOf, StopTheRun, throwIfInterrupted, UsageError } from '../../kernel/errors.ts';
import { CONNECT_TIMEOUT_MS, type ServerToReach } from '../postgres/reach-server.ts';

/** BullMQ's scripts need it, and every system of recent years has it. */
const OLDEST_VERSION = [6, 2] as const;

export interface RedisServer {
  readonly version: string;
  /** Sentences on what is wrong with the server's configuration, although it works. */
  readonly warnings: readonly string[];
}

/**
 * Asks a server for its properties on a separate connection, so that a wrong address is reported before any work.
 *
 * @throws StopTheRun `redis-unreachable`, UsageError `redis-version`, `redis-cluster`, `redis-replica`, Interrupted
 */
export async function reachRedis({
  url,
  shown,
  connectTimeoutMs = CONNECT_TIMEOUT_MS,
  signal,
}: ServerToReach): Promise<RedisServer> {
  throwIfInterrupted(signal);
  const client = new Redis(url, {
    lazyConnect: true,
    retryStrategy: () => null,
    maxRetriesPerRequest: 0,
    connectTimeout: connectTimeoutMs,
    commandTimeout: connectTimeoutMs,
  });
  // The errors are collected here, because the call itself only says that the connection is closed.
  const problems: string[] = [];
  client.on('error', (error: Error) => problems.push(reasonOf(error, connectTimeoutMs)));
  const giveUp = (): void => client.disconnect();
  signal?.addEventListener('abort', giveUp);
  try {
    await client.connect();
    const { db = 0 } = client.options;
    // ioredis does not fail for a database that does not exist. It would continue with number 0, which may belong to
    // someone else.
    if (db !== 0) await client.select(db);
    return judgeRedis(await client.info(), shown);
  } catch (error) {
    throwIfInterrupted(signal);
    if (error instanceof UsageError) throw error;
    // The cause is left out, because it contains the command and so the password.
    throw new StopTheRun(
      `Expected ${shown} but received '${problems[0] ?? reasonOf(error, connectTimeoutMs)}'; check the URL`,
      { code: 'redis-unreachable' },
    );
  } finally {
    signal?.removeEventListener('abort', giveUp);
    client.disconnect();
  }
}

/** Reads the answer of `INFO` (https://redis.io/docs/latest/commands/info/): lines of `name:value`. */
export function judgeRedis(info: string, shown: string): RedisServer {
  const fields = new Map([...info.matchAll(/^(\w+):(.*?)\r?$/gm)].map(([, name = '', value = '']) => [name, value]));
  const version = fields.get('redis_version') ?? '';
  if (isOlder(version)) {
    throw new UsageError(`Expected version ${OLDEST_VERSION.join('.')} or newer of ${shown} but it is '${version}'`, {
      code: 'redis-version',
    });
  }
  if (fields.get('cluster_enabled') === '1') {
    throw new UsageError(
      `Expected a single server of ${shown} but it is a node of a cluster, over which the keys of a queue cannot be spread; use one without cluster mode`,
      { code: 'redis-cluster' },
    );
  }
  const role = fields.get('role') ?? 'master';
  if (role !== 'master') {
    throw new UsageError(
      `Expected ${shown} to take writes but it is a replica (role '${role}') of ${fields.get('master_host') ?? 'another server'}; use its primary`,
      { code: 'redis-replica' },
    );
  }
  const policy = fields.get('maxmemory_policy') ?? 'noeviction';
  const warnings =
    policy === 'noeviction'
      ? []
      : [
          `Expected the maxmemory-policy 'noeviction' of ${shown} but it is '${policy}': when its memory is full it forgets jobs, which are then queued again late, from the catalogue`,
        ];
  return { version, warnings };
}

function isOlder(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map((part) => Number.parseInt(part, 10) || 0);
  return major < OLDEST_VERSION[0] || (major === OLDEST_VERSION[0] && minor < OLDEST_VERSION[1]);
}

function reasonOf(error: unknown, timeoutMs: number): string {
  const message = messageOf(error).replace(/ Please report this\.$/, '');
  return /timed out|ETIMEDOUT/i.test(message) ? `no answer within ${timeoutMs / 1000} s` : message;
}
