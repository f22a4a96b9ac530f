import { spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openBlobFolder } from '../../../../../src/core/platform/blobs/blob-folder.ts';
import { sha256Of } from '../../../../support/sha256.ts';

const REPOSITORY = fileURLToPath(new URL('../../../../../', import.meta.url));
const WRITER = fileURLToPath(new URL('writer.ts', import.meta.url));
const isRoot = process.getuid?.() === 0;

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'winnow-blobs-'));
  await chmod(folder, 0o755);
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

async function listed(folder: string): Promise<{ file: string; sha256: string | null }[]> {
  const all: { file: string; sha256: string | null }[] = [];
  for await (const { place, sha256 } of openBlobFolder(folder).list())
    all.push({ file: path.relative(folder, place), sha256 });
  return all.toSorted((a, b) => (a.file < b.file ? -1 : 1));
}

describe('a blob folder', () => {
  it('gives back what was put, from a path that its hash names', async () => {
    const folder = await newFolder();
    const blobs = openBlobFolder(path.join(folder, 'not', 'there', 'yet'));
    for (const bytes of [Buffer.from('wren'), Buffer.alloc(0), randomBytes(3_000_000)]) {
      const sha256 = sha256Of(bytes);
      expect(await blobs.sizeOf(sha256)).toBeNull();
      await blobs.put(sha256, bytes);
      expect((await blobs.read(sha256)).equals(bytes)).toBe(true);
      expect(await blobs.sizeOf(sha256)).toBe(bytes.length);
      expect(blobs.pathOf(sha256)).toBe(
        path.join(folder, 'not', 'there', 'yet', sha256.slice(0, 2), sha256.slice(2, 4), sha256),
      );
    }
  });

  it('stores the bytes of a file that it is given, whether the file system can share its blocks or the file has gone', async () => {
    const folder = await newFolder();
    const blobs = openBlobFolder(path.join(folder, 'blobs'));
    const files = [path.join(folder, 'wren'), path.join(folder, 'absent'), folder];
    await writeFile(path.join(folder, 'wren'), 'wren');
    for (const [i, file] of files.entries()) {
      const bytes = Buffer.from(i === 0 ? 'wren' : `owl ${i}`);
      await blobs.put(sha256Of(bytes), bytes, file);
      expect((await blobs.read(sha256Of(bytes))).equals(bytes)).toBe(true);
    }
    // A later change of the file changes no blob.
    await writeFile(path.join(folder, 'wren'), 'owls');
    expect((await blobs.read(sha256Of('wren'))).toString()).toBe('wren');
    expect(await readdir(path.join(folder, 'blobs', 'unfinished'))).toEqual([]);
  });

  it('has no blob that was not put', async () => {
    const blobs = openBlobFolder(await newFolder());
    const sha256 = sha256Of(Buffer.from('nothing'));
    expect(await blobs.sizeOf(sha256)).toBeNull();
    await expect(blobs.read(sha256)).rejects.toMatchObject({ code: 'ENOENT' });
    expect(await listed('/nowhere/at/all')).toEqual([]);
  });

  it('writes a blob once, though it is put again, and leaves nothing unfinished', async () => {
    const folder = await newFolder();
    const blobs = openBlobFolder(folder);
    const bytes = Buffer.from('wren');
    const sha256 = sha256Of(bytes);
    await blobs.put(sha256, bytes);
    const before = await stat(blobs.pathOf(sha256));
    await blobs.put(sha256, bytes);
    const after = await stat(blobs.pathOf(sha256));
    expect([after.ino, after.mtimeMs]).toEqual([before.ino, before.mtimeMs]);
    await Promise.all(Array.from({ length: 20 }, (_, i) => blobs.put(sha256Of(Buffer.of(i % 2)), Buffer.of(i % 2))));
    expect(await readdir(path.join(folder, 'unfinished'))).toEqual([]);
    expect((await listed(folder)).map((one) => one.sha256)).toHaveLength(3);
  });

  it.each([
    ['cut off', 'wr'],
    ['empty', ''],
    ['longer', 'wren and more'],
    ['of the right size but changed', 'owls'],
  ])('repairs a blob that is %s', async (_, content) => {
    const blobs = openBlobFolder(await newFolder());
    const bytes = Buffer.from('wren');
    const sha256 = sha256Of(bytes);
    await mkdir(path.dirname(blobs.pathOf(sha256)), { recursive: true });
    await writeFile(blobs.pathOf(sha256), content);
    await blobs.put(sha256, bytes);
    expect((await blobs.read(sha256)).toString()).toBe('wren');
  });

  it('lists blobs, and what is none', async () => {
    const folder = await newFolder();
    const blobs = openBlobFolder(folder);
    const sha256 = sha256Of(Buffer.from('wren'));
    await blobs.put(sha256, Buffer.from('wren'));
    await writeFile(path.join(folder, 'unfinished', `${sha256}-0123`), 'wr');
    await writeFile(path.join(folder, 'Thumbs.db'), 'x');
    const inOrder = [
      { file: 'Thumbs.db', sha256: null },
      { file: path.relative(folder, blobs.pathOf(sha256)), sha256 },
      { file: path.join('unfinished', `${sha256}-0123`), sha256: null },
    ];
    expect(await listed(folder)).toEqual(inOrder.toSorted((a, b) => (a.file < b.file ? -1 : 1)));
  });

  it('removes what is unfinished, whatever it is, and nothing else', async () => {
    const folder = await newFolder();
    const blobs = openBlobFolder(folder);
    await blobs.removeUnfinished();
    const sha256 = sha256Of(Buffer.from('wren'));
    await blobs.put(sha256, Buffer.from('wren'));
    await writeFile(path.join(folder, 'unfinished', 'a'), 'x');
    await mkdir(path.join(folder, 'unfinished', 'b', 'c'), { recursive: true });
    await blobs.removeUnfinished();
    expect((await listed(folder)).map((one) => one.sha256)).toEqual([sha256]);
  });
});

describe('an unreadable entry at the path of a blob', () => {
  const bytes = randomBytes(1_000);
  const sha256 = sha256Of(bytes);
  const SPOILT: [string, (place: string) => Promise<unknown>][] = [
    ['a link to itself (ELOOP)', (place) => symlink(path.basename(place), place)],
    ['an empty folder (EISDIR)', (place) => mkdir(place)],
    ['a folder with a file', (place) => mkdir(place).then(() => writeFile(path.join(place, 'notes'), 'mine'))],
    // Opening one would wait for its writer for ever.
    ['a pipe', async (place) => spawnSync('mkfifo', [place])],
  ];

  it.each(SPOILT)(
    '%s: counts as lost bytes, keeps nobody from the others, and the right bytes take its place',
    async (_, spoil) => {
      const folder = await newFolder();
      const blobs = openBlobFolder(folder);
      const other = sha256Of('wren');
      await blobs.put(other, Buffer.from('wren'));
      await blobs.put(sha256, bytes);
      await rm(blobs.pathOf(sha256));
      await spoil(blobs.pathOf(sha256));

      const unreadable = { name: 'LostBytes', kind: 'unreadable' };
      await expect(blobs.read(sha256)).rejects.toMatchObject(unreadable);
      await expect(blobs.open(sha256)).rejects.toMatchObject(unreadable);
      await expect(blobs.sizeOf(sha256)).rejects.toMatchObject(unreadable);
      expect((await listed(folder)).some((one) => one.sha256 === other)).toBe(true);
      await blobs.put(sha256, bytes);
      expect((await blobs.read(sha256)).equals(bytes)).toBe(true);
      await blobs.remove(sha256);
      expect(await blobs.sizeOf(sha256)).toBeNull();
    },
  );

  it('is removed as a blob is', async () => {
    const blobs = openBlobFolder(await newFolder());
    await mkdir(path.join(blobs.pathOf(sha256), 'inside'), { recursive: true });
    await blobs.remove(sha256);
    expect(await blobs.sizeOf(sha256)).toBeNull();
  });

  it('a folder with a file in it is kept beside the blob that takes its place', async () => {
    const folder = await newFolder();
    const blobs = openBlobFolder(folder);
    await mkdir(blobs.pathOf(sha256), { recursive: true });
    await writeFile(path.join(blobs.pathOf(sha256), 'notes'), 'mine');
    await blobs.put(sha256, bytes);
    const stray = (await listed(folder)).filter((one) => one.sha256 === null);
    expect(stray).toEqual([{ file: expect.stringMatching(/\.aside-\w+\/notes$/), sha256: null }]);
  });
});

/** `writer.ts` in a process of its own; `wrapper` are words in front of `node`. */
function startWriter(folder: string, mode: string, options: { wrapper?: string[]; uid?: number } = {}) {
  const node = [process.execPath, '--import', 'tsx', WRITER, folder, mode];
  const [command, ...args] = [...(options.wrapper ?? []), ...node];
  if (command === undefined) throw new RangeError('nothing to run');
  const child = spawn(command, args, {
    cwd: REPOSITORY,
    stdio: ['ignore', 'pipe', 'inherit'],
    ...(options.uid === undefined ? {} : { uid: options.uid, gid: options.uid }),
  });
  return { child, lines: createInterface({ input: child.stdout }) };
}

describe('a writer that is killed', () => {
  it('between writing and renaming leaves something unfinished only', async () => {
    const folder = await newFolder();
    const { child, lines } = startWriter(folder, 'stuck');
    expect((await once(lines, 'line'))[0]).toBe('renaming');
    child.kill('SIGKILL');
    await once(child, 'exit');
    const left = await listed(folder);
    expect(left).toHaveLength(1);
    expect(left[0]?.file.startsWith(`unfinished${path.sep}`)).toBe(true);
    expect(left[0]?.sha256).toBeNull();
    await openBlobFolder(folder).removeUnfinished();
    expect(await listed(folder)).toEqual([]);
  });

  it('at any moment leaves whole blobs only', async () => {
    const folder = await newFolder();
    for (const delayMs of [0, 3, 11]) {
      const { child, lines } = startWriter(folder, 'endless');
      await once(lines, 'line');
      await sleep(delayMs);
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    await openBlobFolder(folder).removeUnfinished();
    const left = await listed(folder);
    expect(left.length).toBeGreaterThanOrEqual(3);
    for (const { file, sha256 } of left) expect(sha256Of(await readFile(path.join(folder, file)))).toBe(sha256);
  });
});

describe('a folder that cannot be written to stops the run, and says what to do:', () => {
  /** Parses the only line of a writer. */
  async function failureOf(folder: string, options: { wrapper?: string[]; uid?: number }): Promise<unknown> {
    const { lines } = startWriter(folder, 'once', options);
    const [line] = (await once(lines, 'line')) as [string];
    expect(line).toMatch(/^failed /);
    return JSON.parse(line.slice('failed '.length));
  }

  /** In a mount namespace of its own, so that nothing is left behind. */
  function onTmpfs(folder: string, then: string): string[] {
    return ['unshare', '-m', 'sh', '-c', `mount -t tmpfs -o size=64k tmpfs '${folder}' && ${then} && exec "$@"`, 'sh'];
  }

  const mountFailure = (): string | null => {
    if (!isRoot) return 'only root can mount a small tmpfs';
    const tried = spawnSync('unshare', ['-m', 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt'], { encoding: 'utf8' });
    return tried.status === 0 ? null : `unshare -m mount fails here: ${tried.error?.message ?? tried.stderr.trim()}`;
  };

  it('a full disk', async (context) => {
    const reason = mountFailure();
    if (reason !== null) context.skip(reason);
    const folder = await newFolder();
    expect(await failureOf(folder, { wrapper: onTmpfs(folder, 'true') })).toEqual({
      name: 'StopTheRun',
      code: 'disk-full',
      message: expect.stringMatching(
        /^No room for a file of 200000 bytes in '.*': received 'ENOSPC.*'; make room on that disk and run the command again/,
      ),
    });
  });

  it('a read-only file system', async (context) => {
    const reason = mountFailure();
    if (reason !== null) context.skip(reason);
    const folder = await newFolder();
    const wrapper = onTmpfs(folder, `mount -o remount,ro '${folder}'`);
    expect(await failureOf(folder, { wrapper })).toEqual({
      name: 'StopTheRun',
      code: 'folder-read-only',
      message: expect.stringMatching(/EROFS.*--data/),
    });
  });

  it('no permission', async (context) => {
    const folder = await newFolder();
    await chmod(folder, 0o555);
    if (isRoot) {
      const seen = spawnSync(process.execPath, ['-e', `require('fs').accessSync(${JSON.stringify(WRITER)}, 4)`], {
        uid: 65_534,
        gid: 65_534,
        cwd: '/',
      });
      if (seen.status !== 0) context.skip(`another user cannot read ${REPOSITORY}`);
    }
    expect(await failureOf(folder, isRoot ? { uid: 65_534 } : {})).toEqual({
      name: 'StopTheRun',
      code: 'folder-permission',
      message: expect.stringMatching(/for user id \d+: received 'EACCES.*run as the folder's owner/),
    });
  });
});
