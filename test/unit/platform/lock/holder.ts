/**
 * Takes a lock, prints a line, and keeps the lock until stdin ends. With `exit` as second argument it exits while it holds
 * the lock.
 */
import { acquireFileLock } from '../../../../src/platform/lock/file-lock.ts';

const [path = '', manner = 'hold'] = process.argv.slice(2);
const lock = await acquireFileLock({ path, purpose: 'holding in a test', waitMs: 20_000 });
process.stdout.write('held\n');
if (manner !== 'exit') {
  await new Promise((resolve) => process.stdin.on('end', resolve).resume());
  await lock.release();
}
