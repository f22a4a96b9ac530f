import { chmod, chown, mkdir, realpath, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { UsageError, codeOf } from '../../../kernel/errors.ts';

/** Where the embedded PostgreSQL keeps what in a data folder. All paths are absolute and free of symbolic links. */
export interface Layout {
  /** `<dataDir>/postgres`, mode 0700: everything below is in it. */
  readonly root: string;
  readonly cluster: string;
  readonly serverLog: string;
  /** Superuser's password, mode 0600. */
  readonly password: string;
  readonly lock: string;
  /** Folder of the Unix socket, emptied at each start. */
  readonly socketFolder: string;
  /** False on Windows and where the socket's path would be too long: then a loopback port is used. */
  readonly usesSocket: boolean;
}

/** PostgreSQL names the socket after its port, also where there is no port. */
export const SOCKET_PORT = 5432;

/** sockaddr_un holds 104 bytes on macOS and the BSDs, 108 on Linux, a closing zero included. */
const MAX_SOCKET_PATH_BYTES = 100;
/** MAXPGPATH is 1024, and the deepest file of a cluster needs its share. */
const MAX_ROOT_BYTES = 900;

/** Pure: the layout of a data folder of that (absolute) name. */
function layoutOf(dataDir: string, platform: NodeJS.Platform): Layout {
  const root = join(dataDir, 'postgres');
  const socketFolder = join(root, 'socket');
  const socketPathBytes = Buffer.byteLength(join(socketFolder, `.s.PGSQL.${SOCKET_PORT}`));
  return {
    root,
    cluster: join(root, 'cluster'),
    serverLog: join(root, 'server.log'),
    password: join(root, 'password'),
    lock: join(root, 'attach.lock'),
    socketFolder,
    usesSocket: platform !== 'win32' && socketPathBytes <= MAX_SOCKET_PATH_BYTES,
  };
}

/**
 * Makes the data folder and its private `postgres` folder if they are missing. Where root makes it in a folder that
 * belongs to somebody else, it belongs to that somebody too, so that the owner can go on working there.
 */
export async function prepareLayout(dataDir: string): Promise<Layout> {
  const asked = resolve(dataDir);
  if (/[\n\r\0]/.test(asked) || Buffer.byteLength(asked) > MAX_ROOT_BYTES) {
    throw new UsageError(
      `Expected a path without line breaks and of at most ${MAX_ROOT_BYTES} bytes for the data folder of the ` +
        `embedded PostgreSQL but received ${JSON.stringify(asked)} (${Buffer.byteLength(asked)} bytes)`,
      { code: 'data-folder-name' },
    );
  }
  await makeFolder(asked);
  const layout = layoutOf(await realpath(asked), process.platform);
  const { uid, gid } = await stat(dirname(layout.root));
  const madeNow = await makeFolder(layout.root, 0o700);
  if (madeNow && process.getuid?.() === 0 && uid !== 0) await chown(layout.root, uid, gid);
  const { mode } = await stat(layout.root);
  if (process.platform !== 'win32' && (mode & 0o777) !== 0o700) await chmod(layout.root, 0o700);
  return layout;
}

/** True if it was missing. Not mkdir's `recursive`, which reports a read-only file system as ENOENT. */
async function makeFolder(path: string, mode = 0o777): Promise<boolean> {
  try {
    await mkdir(path, { mode });
    return true;
  } catch (error) {
    const code = codeOf(error);
    // Only if its parent was really missing: some file systems (/proc) answer ENOENT to every mkdir.
    if (code === 'ENOENT' && path !== dirname(path) && (await makeFolder(dirname(path)))) return makeFolder(path, mode);
    if (await isFolder(path)) return false;
    throw error;
  }
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (state) => state.isDirectory(),
    () => false,
  );
}
