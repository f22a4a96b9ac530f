import { spawnSync } from 'node:child_process';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

/**
 * `npm run test:changed -- [REF] [flags of vitest]` runs the tests that import a changed file, directly or indirectly. Git
 * tells what has changed: everything that differs from the commit where the branch left `main`, or from REF, and what is
 * not committed. On `main` itself it is only what is not committed.
 *
 * Vitest sees only imports. It does not know which tests start a command, a worker or a thread that uses a changed file. So
 * end-to-end tests run only if they, or the files that they share, have changed themselves.
 */
const root = fileURLToPath(new URL('../', import.meta.url));

function git(...args: readonly string[]): string | null {
  const { status, stdout } = spawnSync('git', ['-c', 'safe.directory=*', ...args], { cwd: root, encoding: 'utf8' });
  return status === 0 ? stdout.trim() : null;
}

/** The commit where the branch left `main`. */
function branchPoint(): string {
  const bases = ['main', 'origin/main'].map((branch) => git('merge-base', branch, 'HEAD'));
  return bases.find((base) => base !== null) ?? 'HEAD';
}

const args = process.argv.slice(2);
const given = args[0]?.startsWith('-') === false ? args.shift() : undefined;
const from = given ?? branchPoint();
console.log(`Tests of what differs from ${given ?? git('log', '-1', '--format=%h (%s)', from) ?? from}.`);
console.log(
  'Tests that start commands do not import them. Run the tests of the commands that you changed (npm run test:all -- test/e2e).',
);
const vitest = ['node_modules/vitest/vitest.mjs', 'run', '--config', 'config/tools/vitest.config.ts'];
const { status } = spawnSync(process.execPath, [...vitest, '--changed', from, ...args], {
  cwd: root,
  stdio: 'inherit',
});
process.exitCode = status ?? 1;
