import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { OtherProcess, canBecomeOther, isRoot, postmasterPid, skipUnless, useClients, useFolder } from './support.ts';
import type { ClientOptions } from './support.ts';

const NOBODY = { uid: 65_534, gid: 65_534 };
/** A user id like the arbitrary ones that container platforms assign. */
const WITHOUT_ENTRY = { uid: 54_321, gid: 54_321 };

useClients();
const folder = useFolder();

function folderOf(owner: { uid: number; gid: number }): string {
  const dataDir = join(folder.path, 'data');
  mkdirSync(dataDir);
  chownSync(dataDir, owner.uid, owner.gid);
  return dataDir;
}

async function use(dataDir: string, options: ClientOptions): Promise<number> {
  const client = new OtherProcess(dataDir, options);
  expect(await client.next()).toMatchObject({ attached: true });
  const { uid } = statSync(`/proc/${postmasterPid(dataDir)}`);
  const line = await client.query('create table if not exists t as select 1 as one; select one from t');
  expect(line.error).toBeUndefined();
  expect(await client.detach()).toEqual({ detached: true });
  return uid;
}

/** The PATH for a client whose `unshare` fails, as in a container that forbids namespaces. */
function withoutNamespaces(): Record<string, string> {
  const bin = join(folder.path, 'bin');
  mkdirSync(bin);
  writeFileSync(join(bin, 'unshare'), '#!/bin/sh\necho "unshare failed: Operation not permitted" >&2\nexit 1\n');
  chmodSync(join(bin, 'unshare'), 0o755);
  return { PATH: `${bin}:${process.env['PATH'] ?? ''}` };
}

function canUnshareAs(user: { uid: number; gid: number }): true | string {
  const tried = spawnSync('unshare', ['--user', '--map-user=65534', 'true'], { ...user, encoding: 'utf8', cwd: '/' });
  return tried.status === 0 ? true : `user namespaces are not allowed here: ${tried.stderr.trim()}`;
}

describe('a plain user', () => {
  it('runs the server as itself', async (context) => {
    skipUnless(context, canBecomeOther());
    expect(await use(folderOf(NOBODY), NOBODY)).toBe(NOBODY.uid);
  });

  it('runs the server in a user namespace if it has no entry in the user database', async (context) => {
    skipUnless(context, canBecomeOther());
    skipUnless(context, canUnshareAs(WITHOUT_ENTRY));
    expect(await use(folderOf(WITHOUT_ENTRY), WITHOUT_ENTRY)).toBe(WITHOUT_ENTRY.uid);
  });

  it('gets a remedy if it has no entry and namespaces are not allowed', async (context) => {
    skipUnless(context, canBecomeOther());
    const client = new OtherProcess(folderOf(WITHOUT_ENTRY), { ...WITHOUT_ENTRY, env: withoutNamespaces() });
    const line = await client.next();
    expect(line).toMatchObject({ error: 'UsageError', code: 'postgres-user' });
    expect(line.message).toMatch(/54321.*\/etc\/passwd.*DATABASE_URL/s);
  });
});

describe('root', () => {
  it('keeps its files if user namespaces are allowed, even under a folder closed to all others', async (context) => {
    skipUnless(context, isRoot || 'the tests do not run as root');
    skipUnless(context, canUnshareAs({ uid: 0, gid: 0 }));
    chmodSync(folder.path, 0o700);
    const dataDir = join(folder.path, 'data');
    expect(await use(dataDir, {})).toBe(0);
    expect(statSync(join(dataDir, 'postgres', 'cluster')).uid).toBe(0);
  });

  it('keeps its files if it has an empty PATH, as in a job of cron', async (context) => {
    skipUnless(context, isRoot || 'the tests do not run as root');
    skipUnless(context, canUnshareAs({ uid: 0, gid: 0 }));
    const dataDir = join(folder.path, 'data');
    expect(await use(dataDir, { wrapper: ['env', 'PATH='] })).toBe(0);
    expect(statSync(join(dataDir, 'postgres', 'cluster')).uid).toBe(0);
    expect(statSync(dataDir).mode & 0o777).toBe(0o700);
  });

  it.for([
    ['with', NOBODY],
    ['without', WITHOUT_ENTRY],
  ] as const)(
    'runs the server as the owner of the folder, %s an entry, who can continue to use it',
    async ([, owner], context) => {
      skipUnless(context, canBecomeOther());
      skipUnless(context, canUnshareAs(owner));
      const dataDir = folderOf(owner);
      expect(await use(dataDir, {})).toBe(owner.uid);
      expect(await use(dataDir, owner)).toBe(owner.uid);
      expect(await use(dataDir, {})).toBe(owner.uid);
      expect(statSync(dataDir).uid).toBe(owner.uid);
    },
  );

  it('runs the server as a system user if namespaces are not allowed', async (context) => {
    skipUnless(context, isRoot || 'the tests do not run as root');
    const env = withoutNamespaces();
    const dataDir = join(folder.path, 'data');
    const uid = await use(dataDir, { env });
    expect(uid).not.toBe(0);
    expect(statSync(join(dataDir, 'postgres', 'cluster')).uid).toBe(uid);
    expect(await use(dataDir, {})).toBe(uid);
  });

  it('gives its cluster to the system user when namespaces are no longer allowed', async (context) => {
    skipUnless(context, isRoot || 'the tests do not run as root');
    const dataDir = join(folder.path, 'data');
    const before = await use(dataDir, {});
    expect(
      await use(dataDir, { env: withoutNamespaces(), wrapper: ['sh', '-c', 'umask 077; exec "$@"', 'sh'] }),
    ).not.toBe(0);
    expect(before).toBe(0);
  });

  it('gets the name of the folder that the system user cannot enter', async (context) => {
    skipUnless(context, isRoot || 'the tests do not run as root');
    const closed = join(folder.path, 'closed');
    mkdirSync(closed, { mode: 0o700 });
    const line = await new OtherProcess(join(closed, 'data'), { env: withoutNamespaces() }).next();
    expect(line).toMatchObject({ error: 'UsageError', code: 'data-folder-permission' });
    expect(line.message).toContain(`chmod o+x '${closed}'`);
    expect(readdirSync(join(closed, 'data', 'postgres'))).not.toContain('cluster');
  });
});
