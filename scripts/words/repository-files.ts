import { execFileSync } from 'node:child_process';
import { lstatSync } from 'node:fs';

/**
 * The files that are in the repository or would be after `git add`: those that git does not ignore. Paths are relative to
 * the working folder.
 */
export function repositoryFiles(): readonly string[] {
  // Also works in a checkout of another user: this git command runs nothing from its settings.
  const args = ['-c', 'safe.directory=*', 'ls-files', '-z', '--cached', '--others', '--exclude-standard'];
  const listing = execFileSync('git', args, { encoding: 'utf8', maxBuffer: 64 * 2 ** 20 });
  return listing.split('\0').filter((file) => file !== '' && lstatSync(file, { throwIfNoEntry: false })?.isFile());
}
