import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { suiteFolder } from '../../../support/process-tree.ts';
import { repositoryRoot } from '../../../support/winnow.ts';

const PROGRAM = path.join(repositoryRoot, 'src', 'cli', 'winnow.cjs');
const folder = suiteFolder();

async function threadsOf(env: Readonly<Record<string, string>>): Promise<number> {
  const counter = folder.at('count-threads.cjs');
  await writeFile(
    counter,
    `process.once('exit', () => process.stderr.write(String(require('node:fs').readdirSync('/proc/self/task').length)));`,
  );
  const args = ['--require', counter, PROGRAM, 'config', '--json'];
  const { UV_THREADPOOL_SIZE: _, NODE_OPTIONS: __, ...inherited } = process.env;
  const { stderr } = await promisify(execFile)(process.execPath, args, { env: { ...inherited, ...env } });
  return Number(stderr);
}

it('the program gives libuv two threads for each processor and sixteen more, or as many as UV_THREADPOOL_SIZE says', async (context) => {
  context.skip(process.platform !== 'linux', 'only /proc tells how many threads a process has');
  const one = await threadsOf({ UV_THREADPOOL_SIZE: '1' });
  expect((await threadsOf({})) - one).toBe(2 * availableParallelism() + 15);
  expect((await threadsOf({ UV_THREADPOOL_SIZE: '6' })) - one).toBe(5);
});

it('a program that waits for something that cannot happen any more fails', async () => {
  const endless = 'export const main = () => new Promise(() => {});';
  const hooks = `export const load = async (url, context, next) => /\\/(src|dist)\\/main\\.(mjs|ts)$/.test(url)
    ? { format: 'module', shortCircuit: true, source: ${JSON.stringify(endless)} } : next(url, context);`;
  const preload = folder.at('endless.mjs');
  await writeFile(
    preload,
    `import { register } from 'node:module'; register('data:text/javascript,' + encodeURIComponent(${JSON.stringify(hooks)}));`,
  );
  const run = promisify(execFile)(process.execPath, ['--import', preload, PROGRAM, '--version']);
  await expect(run).rejects.toMatchObject({ code: 13, stderr: expect.stringContaining('unexpected end') });
});
