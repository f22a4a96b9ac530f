import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import { Client } from 'pg';
import { onServer } from './database.ts';
import { portOfItsOwn } from './free-port.ts';
import { until } from './until.ts';

/** PgBouncer refuses to run as root, so for root it runs in a user namespace. */
const [PROGRAM, ...ARGUMENTS] = [
  ...(process.getuid?.() === 0 ? ['unshare', '--user', '--map-user=1000'] : []),
  '/usr/sbin/pgbouncer',
];

/** Why PgBouncer cannot be started here; null if it can. */
export function withoutPgBouncer(): string | null {
  const { status } = spawnSync(PROGRAM, [...ARGUMENTS, '--version']);
  return status === 0 ? null : `${[PROGRAM, ...ARGUMENTS].join(' ')} cannot be started`;
}

/**
 * Starts a PgBouncer in front of a database, with its files in a folder.
 *
 * @param settings lines of its file, as in `pool_mode = session`
 */
export async function startPgBouncer(folder: string, url: string, settings: readonly string[]) {
  const { host, port, user, password, database } = new Client({ connectionString: url });
  const own = await portOfItsOwn();
  const [users, file] = [path.join(folder, 'users.txt'), path.join(folder, 'pgbouncer.ini')];
  await writeFile(users, `"${user}" "${password}"\n`);
  const lines = [
    '[databases]',
    `* = host=${host} port=${port}`,
    '[pgbouncer]',
    'listen_addr = 127.0.0.1',
    `listen_port = ${own}`,
    'unix_socket_dir =',
    'auth_type = plain',
    `auth_file = ${users}`,
    ...settings,
  ];
  await writeFile(file, `${lines.join('\n')}\n`);
  const child = spawn(PROGRAM, [...ARGUMENTS, file], { stdio: 'ignore' });
  const ended = once(child, 'exit');
  const pooled = `postgres://${user}:${encodeURIComponent(String(password))}@127.0.0.1:${own}/${database}`;
  await until(async () =>
    onServer(pooled, 'select 1').then(
      () => true,
      () => false,
    ),
  );
  return {
    /** Leads to the database through the pooler. */
    url: pooled,
    async close(): Promise<void> {
      child.kill('SIGINT');
      await ended;
    },
  };
}
