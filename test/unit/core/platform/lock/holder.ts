/**
 * Takes a lock, prints a line, and keeps the lock until stdin ends. With `exit` as second argument it exits while it holds
 * the lock.
 */
import { withFileLock } from '../../../../../src/core/platform/lock/file-lock.ts';

const [path = '', manner = 'hold'] = process.argv.slice(2);
await withFileLock({ path, purpose: 'holding in a test', waitMs: 20_000 }, async () => {
  process.stdout.write('held\n');
  // Nothing is left to do, so the process ends.
  if (manner === 'exit') await new Promise(() => undefined);
  await new Promise((resolve) => process.stdin.on('end', resolve).resume());
});
