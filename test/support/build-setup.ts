import { execFileSync } from 'node:child_process';
import path from 'node:path';
import process from 'node:process';
import { builtProgram } from '../../src/cli/built.mjs';

const root = path.resolve(import.meta.dirname, '../..');

/** The commands are tested as users run them: built. */
export function setup(): void {
  if (builtProgram(root) !== null) return;
  execFileSync(process.execPath, ['--import', 'tsx', 'scripts/build.ts'], { cwd: root, stdio: 'inherit' });
  if (builtProgram(root) === null)
    throw new Error('Expected the build to be of the sources as they are; were they just changed?');
}
