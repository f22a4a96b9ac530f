import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import sharp from 'sharp';
import { describe, expect, it, onTestFinished } from 'vitest';
import { UsageError } from '../../../../../src/core/kernel/errors.ts';
import { discoverFolder } from '../../../../../src/core/crawl/sources/folder/discover-folder.process.ts';
import { hashFile } from '../../../../../src/core/crawl/sources/folder/file-system.process.ts';
import { asOrdinaryUser, discover, openFilesBelow, pathOf, scratchFolder, summary } from './scratch.ts';

const { signal } = new AbortController();
const hashOf = (content: string | Buffer): string => createHash('sha256').update(content).digest('hex').slice(0, 16);
const many = (count: number): Record<string, string> =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`n1/${String(index).padStart(4, '0')}.jpg`, 'x']));

describe('discoverFolder without labels.csv', () => {
  it('identifies a photo by its relative path and its hash, with its class and without rights', async () => {
    const dir = scratchFolder({ 'n02129165/two words.jpg': 'lion' });
    expect(await discover(dir)).toEqual([
      {
        source: 'folder',
        sourceId: `n02129165/two words.jpg@${hashOf('lion')}`,
        label: 'n02129165',
        url: pathToFileURL(join(dir, 'n02129165/two words.jpg')).href,
        pageUrl: null,
        creator: null,
        licence: 'unknown',
        licenceUrl: null,
        problem: null,
      },
    ]);
  });

  it('reads from EXIF when a photo was taken, if it is asked to', async () => {
    const picture = sharp({ create: { width: 8, height: 8, channels: 3, background: 'red' } });
    const taken = (day: string) =>
      picture
        .clone()
        .withExif({ IFD2: { DateTimeOriginal: `${day} 10:00:00` } })
        .jpeg()
        .toBuffer();
    const dir = scratchFolder({
      'n1/a.jpg': await taken('2019:05:01'),
      'n1/b.jpg': await taken('0000:00:00'),
      'n1/c.jpg': await picture.clone().jpeg().toBuffer(),
      'n1/d.jpg': 'text',
    });
    const found = await discover(dir, { readsExif: true });
    expect(found.map(({ takenAt }) => takenAt)).toEqual(['2019-05-01', null, null, null]);
    expect((await discover(dir)).filter(({ takenAt }) => takenAt !== undefined)).toEqual([]);
  });

  it('takes the class from the first part of the path at any depth, and none for files at the top', async () => {
    const dir = scratchFolder({ 'great white shark/a/b/c.jpg': '1', 'n1/x.jpg/d.jpg': '2', 'top.jpg': '3' });
    expect(summary(await discover(dir))).toEqual([
      'great white shark/a/b/c.jpg [great white shark] ok',
      'n1/x.jpg/d.jpg [n1] ok',
      'top.jpg [] ok',
    ]);
  });

  it('yields whole paths in bytewise order, the same in both runs', async () => {
    const paths = [
      'a/z.jpg',
      'a-b/y.jpg',
      'a.jpg',
      'a0.jpg',
      'B/x.jpg',
      'a/b/c.jpg',
      'a/b.jpg',
      '\u{1f420}/f.jpg',
      '\uff5e/g.jpg',
    ];
    const dir = scratchFolder(Object.fromEntries(paths.map((path) => [path, path])));
    const found = await discover(dir);
    expect(found.map(pathOf)).toEqual(paths.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))));
    expect(await discover(dir)).toEqual(found);
  });

  it('skips and counts files that operating systems leave in folders', async () => {
    const junk = ['.git/a.jpg', 'n1/.a.jpg', 'n1/Thumbs.db', 'n1/desktop.ini', 'n1/labels.csv'];
    const dir = scratchFolder(
      Object.fromEntries([...junk, 'n1/a.jpg', 'n1/Thumbs.db.d/b.jpg'].map((path) => [path, 'x'])),
    );
    mkdirSync(join(dir, 'desktop.ini'));
    writeFileSync(join(dir, 'desktop.ini/c.jpg'), 'x');
    const ignored: string[] = [];
    const found = await discover(dir, { onIgnored: (path) => ignored.push(path) });
    expect(found.map(pathOf)).toEqual(['desktop.ini/c.jpg', 'n1/Thumbs.db.d/b.jpg', 'n1/a.jpg']);
    expect(ignored.toSorted()).toEqual(['.git', 'n1/.a.jpg', 'n1/Thumbs.db', 'n1/desktop.ini', 'n1/labels.csv']);
  });

  it.each([0, 256 * 1024, 256 * 1024 + 1])('hashes a file of %i bytes', async (bytes) => {
    const content = Buffer.alloc(bytes, 'winnow');
    const [photo] = await discover(scratchFolder({ 'n1/a.jpg': content }));
    expect(photo).toMatchObject({ sourceId: `n1/a.jpg@${hashOf(content)}`, problem: null });
  });

  it('reports a file over maxBytes as too large without reading it, and accepts one of exactly that size', async () => {
    const dir = scratchFolder({ 'n1/fits.jpg': '12345', 'n1/over.jpg': '123456' });
    const found = await discover(dir, { maxBytes: 5 });
    expect(found.map(({ sourceId }) => sourceId)).toEqual([`n1/fits.jpg@${hashOf('12345')}`, 'n1/over.jpg@-']);
    expect(found[1]?.problem).toEqual({
      state: 'failed',
      reason: 'too-large',
      detail: '6 bytes, more than the 5 that are allowed',
    });
  });

  it.each([
    ['', 'nothing'],
    ['missing', 'ENOENT'],
    ['a-file', 'a file'],
  ])('refuses the folder %j before anything is yielded', async (name, received) => {
    const dir = scratchFolder({ 'a-file': 'x' });
    const photos = discoverFolder(name === '' ? '' : join(dir, name), { signal });
    await expect(photos.next()).rejects.toThrow(UsageError);
    await expect(discover(name === '' ? '' : join(dir, name))).rejects.toThrow(received);
  });

  it('reports unreadable files, and refuses an unreadable folder', async () => {
    const dir = scratchFolder({ 'n1/no.jpg': 'x', 'n1/yes.jpg': 'x', 'n2/a.jpg': 'x', 'n3/b.jpg': 'x' });
    chmodSync(join(dir, '..'), 0o755);
    chmodSync(join(dir, 'n1/no.jpg'), 0o000);
    chmodSync(join(dir, 'n2'), 0o000);
    await asOrdinaryUser(async () => {
      const found = await discover(dir);
      expect(summary(found)).toEqual([
        'n1/no.jpg [n1] unreadable',
        'n1/yes.jpg [n1] ok',
        'n2 [n2] unreadable',
        'n3/b.jpg [n3] ok',
      ]);
      expect(found[0]?.problem?.detail).toBe('EACCES: permission denied');
      await expect(discover(join(dir, 'n2'))).rejects.toThrow(UsageError);
    });
    chmodSync(join(dir, 'n2'), 0o755);
  });

  it('never waits for a FIFO or a socket', async () => {
    const dir = scratchFolder({ 'n1/a.jpg': 'x' });
    execFileSync('mkfifo', [join(dir, 'n1/fifo.jpg')]);
    const server = createServer().listen(join(dir, 'n1/socket.jpg'));
    onTestFinished(() => void server.close());
    await new Promise((resolve) => server.once('listening', resolve));
    expect(summary(await discover(dir))).toEqual([
      'n1/a.jpg [n1] ok',
      'n1/fifo.jpg [n1] unreadable',
      'n1/socket.jpg [n1] unreadable',
    ]);
  });
});

describe('links in a folder', () => {
  it('are followed within the folder, even from two classes to one pool, and keep the path where they were found', async () => {
    const dir = scratchFolder({ 'pool/a.jpg': 'x' });
    symlinkSync('pool', join(dir, 'n1'));
    symlinkSync('pool', join(dir, 'n2'));
    symlinkSync('pool/a.jpg', join(dir, 'z.jpg'));
    const found = await discover(dir);
    expect(summary(found)).toEqual(['n1/a.jpg [n1] ok', 'n2/a.jpg [n2] ok', 'pool/a.jpg [pool] ok', 'z.jpg [] ok']);
    expect(new Set(found.map(({ url }) => url))).toEqual(new Set([pathToFileURL(join(dir, 'pool/a.jpg')).href]));
  });

  it('are dropped if they leave the folder in any way, and the file outside is not hashed', async () => {
    const dir = scratchFolder({ 'n1/a.jpg': 'x' });
    const outside = join(dirname(dir), 'photos-outside');
    mkdirSync(outside);
    writeFileSync(join(outside, 'secret.jpg'), 'secret');
    symlinkSync(outside, join(dir, 'n2'));
    symlinkSync(join(outside, 'secret.jpg'), join(dir, 'n1/b.jpg'));
    symlinkSync('../../photos-outside/secret.jpg', join(dir, 'n1/c.jpg'));
    symlinkSync('b.jpg', join(dir, 'n1/d.jpg'));
    symlinkSync('/etc/passwd', join(dir, 'e.jpg'));
    const found = await discover(dir);
    expect(summary(found)).toEqual([
      'e.jpg [] outside-folder',
      'n1/a.jpg [n1] ok',
      'n1/b.jpg [n1] outside-folder',
      'n1/c.jpg [n1] outside-folder',
      'n1/d.jpg [n1] outside-folder',
      'n2 [n2] outside-folder',
    ]);
    for (const photo of found.filter(({ problem }) => problem !== null)) {
      expect(photo).toMatchObject({ problem: { state: 'dropped' }, sourceId: `${pathOf(photo)}@-` });
      expect(photo.url).toBe(pathToFileURL(join(dir, pathOf(photo))).href);
    }
  });

  it('are reported, not followed forever, if they make a cycle', async () => {
    const dir = scratchFolder({ 'n1/a.jpg': 'x', 'n2/deep/b.jpg': 'x' });
    symlinkSync('.', join(dir, 'n1/self'));
    symlinkSync('../n2', join(dir, 'n1/to-n2'));
    symlinkSync('../../n1', join(dir, 'n2/deep/to-n1'));
    symlinkSync('loop', join(dir, 'n1/loop'));
    const found = await discover(dir);
    expect(summary(found)).toEqual([
      'n1/a.jpg [n1] ok',
      'n1/loop [n1] unreadable',
      'n1/self [n1] unreadable',
      'n1/to-n2/deep/b.jpg [n1] ok',
      'n1/to-n2/deep/to-n1 [n1] unreadable',
      'n2/deep/b.jpg [n2] ok',
      'n2/deep/to-n1/a.jpg [n2] ok',
      'n2/deep/to-n1/loop [n2] unreadable',
      'n2/deep/to-n1/self [n2] unreadable',
      'n2/deep/to-n1/to-n2 [n2] unreadable',
    ]);
    expect(found[2]?.problem?.detail).toContain('a cycle');
  });

  it('cannot multiply the folder: one link for each class reaches each directory', async () => {
    const dir = scratchFolder(Object.fromEntries(Array.from({ length: 20 }, (_, level) => [`n1/${level}/a.jpg`, 'x'])));
    for (let level = 0; level < 19; level++) {
      symlinkSync(`../${level + 1}`, join(dir, `n1/${level}/left`));
      symlinkSync(`../${level + 1}`, join(dir, `n1/${level}/right`));
    }
    const found = await discover(dir);
    const good = found.filter(({ problem }) => problem === null);
    // Without the rule there would be 2^20 paths.
    expect(good.length).toBeGreaterThanOrEqual(20);
    expect(found.length).toBeLessThan(20 * 20 * 2);
  });
});

describe('a folder that changes during the walk', () => {
  it('loses only the files that disappear', async () => {
    const dir = scratchFolder(many(50));
    const found = [];
    for await (const photo of discoverFolder(dir, { signal })) {
      found.push(photo);
      if (found.length === 1) rmSync(join(dir, 'n1/0040.jpg'));
    }
    expect(found.length).toBe(50);
    expect(found.filter(({ problem }) => problem !== null)).toMatchObject([
      { sourceId: 'n1/0040.jpg@-', problem: { reason: 'unreadable', detail: 'ENOENT: no such file or directory' } },
    ]);
  });

  it('loses only the files that are replaced by a FIFO, a link or a directory, without waiting or following', async () => {
    const dir = scratchFolder(many(50));
    const path = (name: string): string => join(dir, 'n1', name);
    const found = [];
    for await (const photo of discoverFolder(dir, { signal })) {
      if (found.push(photo) !== 1) continue;
      for (const name of ['0040.jpg', '0041.jpg', '0042.jpg']) rmSync(path(name));
      execFileSync('mkfifo', [path('0040.jpg')]);
      symlinkSync('/etc/passwd', path('0041.jpg'));
      mkdirSync(path('0042.jpg'));
    }
    const failed = found.filter(({ problem }) => problem !== null);
    expect(summary(failed)).toEqual(['0040', '0041', '0042'].map((name) => `n1/${name}.jpg [n1] unreadable`));
  });

  it('loses a file whose length changes', async () => {
    // The kernel has an example: a regular file of 0 bytes from which more can be read.
    const hashed = await hashFile('/proc/version', { maxBytes: 1_000_000, signal });
    expect(hashed).toMatchObject({ state: 'failed', reason: 'unreadable' });
    expect(hashed).toHaveProperty('detail', expect.stringContaining('changed while it was read'));
  });
});

describe('stopping', () => {
  it('does not wait for the hash of a huge file, and closes it', async () => {
    const dir = scratchFolder({ 'n1/huge.jpg': '' });
    truncateSync(join(dir, 'n1/huge.jpg'), 1024 ** 4);
    const controller = new AbortController();
    const all = discover(dir, { signal: controller.signal });
    await expect.poll(() => openFilesBelow(dir)).toEqual([join(dir, 'n1/huge.jpg')]);
    controller.abort(new Error('Ctrl-C'));
    await expect(all).rejects.toThrow('Ctrl-C');
    await expect.poll(() => openFilesBelow(dir)).toEqual([]);
  });

  it('by the consumer ends the running hashes and leaves no file open', async () => {
    const dir = scratchFolder({ 'n1/a.jpg': 'x', 'n1/huge.jpg': '', ...many(20) });
    truncateSync(join(dir, 'n1/huge.jpg'), 1024 ** 4);
    for await (const photo of discoverFolder(dir, { signal })) if (pathOf(photo) === 'n1/0019.jpg') break;
    await expect.poll(() => openFilesBelow(dir)).toEqual([]);
  });
});
