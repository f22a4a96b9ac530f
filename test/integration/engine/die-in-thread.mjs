// Preloaded into a process and its worker threads (`--import`): a thread dies after a while, in the way that is asked for.
import { isMainThread } from 'node:worker_threads';

const { WINNOW_TEST_DIE: way, WINNOW_TEST_DIE_MS: delayMs } = process.env;

if (!isMainThread) {
  setTimeout(() => {
    if (way === 'throw') throw new Error('out of luck');
    process.exit(way === 'exit-0' ? 0 : 3);
  }, Number(delayMs));
}
