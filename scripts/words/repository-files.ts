import { execFileSync } from 'node:child_process';
import { lstatSync } from 'node:fs';

/** The files that are, or would be, in the repository: what git tracks and does not ignore. Relative to the working folder. */
export function repositoryFiles(): readonly string[] {
  // A checkout that belongs to another user will do: git runs nothing of its settings.
  const args = ['-c', 'safe.directory=*', 'ls-files', '-z', '--cached', '--others', '--exclude-standard'];
  const listing = execFileSync('git', args, { encoding: 'utf8', maxBuffer: 64 * 2 ** 20 });
  return listing.split('\0').filter((file) => file !== '' && lstatSync(file, { throwIfNoEntry: false })?.isFile());
}
