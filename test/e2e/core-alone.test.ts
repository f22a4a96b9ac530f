import { cp, mkdir, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, it } from 'vitest';
import { suiteFolder } from '../support/process-tree.ts';
import { repositoryRoot, startNode } from '../support/winnow.ts';

/** The files that core needs to run alone. */
const PARTS = ['package.json', 'assets', 'config', 'src/cli', 'src/core'];
const MAIN = `import { commands } from './core/commands.ts';
import { runProgram } from './core/cli/start/program.ts';

export const main = (argv: readonly string[]): Promise<void> => runProgram(argv, { commands });
`;

const folder = suiteFolder();

/** Runs a command of a copy of the sources that has no wing. */
async function coreAlone(...args: string[]): Promise<{ readonly stdout: string; readonly stderr: string }> {
  const { code, stdout, stderr } = await startNode(['src/cli/winnow.cjs', ...args], { cwd: folder.at('copy') }).result;
  expect(code, stderr).toBe(0);
  return { stdout, stderr };
}

it('core makes a set and proves it without a wing: run, verdicts import, export, verify', async () => {
  await mkdir(folder.at('copy'));
  for (const part of PARTS) await cp(path.join(repositoryRoot, part), folder.at('copy', part), { recursive: true });
  await symlink(path.join(repositoryRoot, 'node_modules'), folder.at('copy/node_modules'));
  await writeFile(folder.at('copy/src/main.ts'), MAIN);
  const where = ['--collection', 'demo', '--data', 'data'];

  await coreAlone('run', ...where, '--from', 'assets/demo');
  await coreAlone('verdicts', 'import', 'assets/demo/verdicts.csv', ...where);
  const exported = JSON.parse((await coreAlone('export', ...where, '--out', 'set', '--json')).stdout);
  const verified = JSON.parse((await coreAlone('verify', 'set', '--json')).stdout);
  expect(verified).toMatchObject({ ok: true, photos: exported.photos, breaches: [] });
  expect(exported.photos).toBeGreaterThan(0);

  const { stdout: help } = await coreAlone('--help');
  expect(help).toContain('\n  export ');
  expect(help).not.toMatch(/\n {2}(?:server|report|backup|publish|demo) /);
}, 300_000);
