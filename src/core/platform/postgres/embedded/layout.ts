import { chmod, chown, realpath, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { UsageError } from '../../../kernel/errors.ts';
import { makeDataFolder, makeFolder } from '../../disk/folders.ts';

/** The paths of the embedded PostgreSQL in a data folder. All are absolute and free of symbolic links. */
export interface Layout {
  /** `<dataDir>/postgres`, mode 0700. Everything below is inside it. */
  readonly root: string;
  readonly cluster: string;
  readonly serverLog: string;
  /** The superuser's password, mode 0600. */
  readonly password: string;
  readonly lock: string;
  /** Folder of the Unix socket. Emptied at each start. */
  readonly socketFolder: string;
  /** False on Windows and if the socket's path would be too long. Then a loopback port is used. */
  readonly usesSocket: boolean;
}

/** PostgreSQL names the socket after its port, even if it listens on no port. */
export const SOCKET_PORT = 5432;

/** Address of a server: a loopback port, or null for the socket in the data folder. */
export type Port = number | null;

/** Database and superuser have the same name. */
export const ROLE = 'winnow';

/** sockaddr_un has 104 bytes on macOS and the BSDs, 108 on Linux, including a closing zero. */
const MAX_SOCKET_PATH_BYTES = 100;
/** MAXPGPATH is 1024, and the deepest file of a cluster needs a part of it. */
const MAX_ROOT_BYTES = 900;

/** If root creates the `postgres` folder in one of another user, it belongs to that user, who can use it later. */
export async function prepareLayout(dataDir: string): Promise<Layout> {
  const asked = resolve(dataDir);
  if (/[\n\r\0]/.test(asked) || Buffer.byteLength(asked) > MAX_ROOT_BYTES) {
    throw new UsageError(
      `Expected a path without line breaks and of at most ${MAX_ROOT_BYTES} bytes for the data folder of the ` +
        `embedded PostgreSQL but received ${JSON.stringify(asked)} (${Buffer.byteLength(asked)} bytes)`,
      { code: 'data-folder-name' },
    );
  }
  await makeDataFolder(asked);
  const root = join(await realpath(asked), 'postgres');
  const { uid, gid } = await stat(dirname(root));
  const madeNow = await makeFolder(root, 0o700);
  if (madeNow && process.getuid?.() === 0 && uid !== 0) await chown(root, uid, gid);
  const { mode } = await stat(root);
  if (process.platform !== 'win32' && (mode & 0o777) !== 0o700) await chmod(root, 0o700);
  const socketFolder = join(root, 'socket');
  const socketPathBytes = Buffer.byteLength(join(socketFolder, `.s.PGSQL.${SOCKET_PORT}`));
  return {
    root,
    cluster: join(root, 'cluster'),
    serverLog: join(root, 'server.log'),
    password: join(root, 'password'),
    lock: join(root, 'attach.lock'),
    socketFolder,
    usesSocket: process.platform !== 'win32' && socketPathBytes <= MAX_SOCKET_PATH_BYTES,
  };
}

/**
 * The URL of a database on the server. It contains the password: never log it. The socket's folder is the percent-encoded host, a
 * form that libpq and pg share (https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING-URIS). `sslmode` is set,
 * because pg would otherwise obey PGSSLMODE.
 */
export function urlOf(layout: Layout, to: { port: Port; password: string; database?: string }): string {
  const { port, password, database = ROLE } = to;
  const host = port === null ? `${encodeURIComponent(layout.socketFolder)}:${SOCKET_PORT}` : `127.0.0.1:${port}`;
  return `postgres://${ROLE}:${encodeURIComponent(password)}@${host}/${database}?sslmode=disable`;
}
