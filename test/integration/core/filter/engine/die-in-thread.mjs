// Preloaded into a process and its worker threads (`--import`). Each thread dies in the requested way at the requested
// time.
import { isMainThread, parentPort } from 'node:worker_threads';

const { WINNOW_TEST_DIE_HOW: how, WINNOW_TEST_DIE_WHEN: when } = process.env;

function die() {
  if (how === 'throw') throw new Error('out of luck');
  process.exit(0);
}

if (!isMainThread) {
  if (when === 'at-start') setTimeout(die, 0);
  else parentPort?.once('message', () => setTimeout(die, 20));
}
