import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { suiteFolder } from '../../support/process-tree.ts';
import { repositoryRoot } from '../../support/winnow.ts';

const folder = suiteFolder();

/** How many threads the process of a command has when it ends. */
async function threadsOf(env: Readonly<Record<string, string>>): Promise<number> {
  const counter = folder.at('count-threads.cjs');
  await writeFile(
    counter,
    `process.once('exit', () => process.stderr.write(String(require('node:fs').readdirSync('/proc/self/task').length)));`,
  );
  const args = ['--require', counter, path.join(repositoryRoot, 'src', 'cli', 'winnow.cjs'), 'config', '--json'];
  const { UV_THREADPOOL_SIZE: _, NODE_OPTIONS: __, ...inherited } = process.env;
  const { stderr } = await promisify(execFile)(process.execPath, args, { env: { ...inherited, ...env } });
  return Number(stderr);
}

it('starts the threads that photos are decoded and synced on, before any is used', async (context) => {
  context.skip(process.platform !== 'linux', 'only /proc tells how many threads a process has');
  const one = await threadsOf({ UV_THREADPOOL_SIZE: '1' });
  expect((await threadsOf({})) - one).toBe(2 * availableParallelism() + 3);
  expect((await threadsOf({ UV_THREADPOOL_SIZE: '6' })) - one).toBe(5);
});
