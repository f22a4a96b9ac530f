/** Takes a lock, says so, and keeps it until stdin ends; with `exit` as second argument it ends while it holds. */
import { acquireFileLock } from '../../../../src/platform/lock/file-lock.ts';

const [path = '', manner = 'hold'] = process.argv.slice(2);
const lock = await acquireFileLock({ path, purpose: 'holding in a test', waitMs: 20_000 });
process.stdout.write('held\n');
if (manner !== 'exit') {
  await new Promise((resolve) => process.stdin.on('end', resolve).resume());
  await lock.release();
}
