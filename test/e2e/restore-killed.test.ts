import { access, mkdir } from 'node:fs/promises';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { withFileLock } from '../../src/core/platform/lock/file-lock.ts';
import { makeCopies } from '../support/copies.ts';
import { killAllOn, suiteFolder } from '../support/process-tree.ts';
import { momentsOf } from '../support/sizing.ts';
import { until } from '../support/until.ts';
import { startWinnow, winnow } from '../support/winnow.ts';

const folder = suiteFolder();
const PHOTOS = 3;

beforeAll(async () => {
  await makeCopies(folder.at('photos'), PHOTOS);
  const data = ['--data', folder.at('data')];
  const crawl = ['crawl', '--collection', 'demo', '--from', folder.at('photos'), ...data];
  for (const args of [crawl, ['backup', folder.at('backup'), ...data]]) {
    const { code, stderr } = await winnow(args);
    if (code !== 0) throw new Error(`Expected ${args[0]} to end well but it ended with ${code}: ${stderr}`);
  }
});

/** Files that a restore makes in its first seconds, in this order. */
const FIRST_FILES = [
  'postgres',
  'postgres/password',
  'postgres/cluster/PG_VERSION',
  'postgres/cluster/global/pg_control',
  'postgres/socket/.s.PGSQL.5432',
];

const exists = (file: string): Promise<boolean> =>
  access(file).then(
    () => true,
    () => false,
  );

describe('a restore that is killed in its first seconds', { timeout: 600_000 }, () => {
  it.each(momentsOf(FIRST_FILES))('is named by other commands, and ends when it is run again: %s', async (file) => {
    const data = folder.at(`killed at ${path.basename(file)}`);
    const restore = startWinnow(['restore', folder.at('backup'), '--data', data]);
    await until(async () => exists(path.join(data, file)));
    restore.killGroup('SIGKILL');
    await restore.result;
    await killAllOn(data);
    const expected = expect.stringMatching(/A restore of the snapshot \S+ into the data folder '.*' is not finished/);
    for (const command of ['status', 'crawl']) {
      const photos = command === 'crawl' ? ['--from', folder.at('photos')] : [];
      const { code, stderr } = await winnow([command, '--collection', 'demo', '--data', data, ...photos]);
      expect([command, code, stderr]).toEqual([command, 2, expected]);
    }
    const again = await winnow(['restore', folder.at('backup'), '--data', data]);
    expect([again.code, again.stderr]).toEqual([0, expect.not.stringContaining('winnow:')]);
    const { stdout } = await winnow(['status', '--collection', 'demo', '--data', data, '--json']);
    expect(JSON.parse(stdout).totals.fetched).toBe(PHOTOS);
    expect(await exists(path.join(data, 'restore-unfinished'))).toBe(false);
  });
});

describe('a command that waits while another one attaches to the data folder', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)('ends at %s', async (signal) => {
    const postgres = folder.at(`held ${signal}`, 'postgres');
    await mkdir(postgres, { recursive: true, mode: 0o700 });
    const lock = { path: path.join(postgres, 'attach.lock'), purpose: 'a test', waitMs: 0 };
    await withFileLock(lock, async () => {
      const flags = ['--collection', 'demo', '--data', folder.at(`held ${signal}`), '--set', 'log.level=debug'];
      const command = startWinnow(['status', ...flags]);
      let heard = '';
      command.child.stderr?.on('data', (text) => (heard += String(text)));
      await until(async () => heard.includes('waiting for another process'));
      command.killGroup(signal);
      try {
        await until(async () => command.child.exitCode !== null);
      } finally {
        command.killGroup('SIGKILL');
      }
      expect((await command.result).code).toBe(130);
    });
  });
});
