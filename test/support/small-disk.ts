import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { onTestFinished, type TestContext } from 'vitest';

/**
 * Mounts a file system in memory that can be made larger; unmounted at the end of the test. The test is skipped, and says why,
 * where that cannot be done.
 */
export function mountSmallDisk(context: TestContext, folder: string, megabytes: number) {
  if (process.getuid?.() !== 0) context.skip('only root can mount a small tmpfs');
  mkdirSync(folder, { recursive: true });
  const failure = mount(['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', folder]);
  if (failure !== null) context.skip(`mounting a tmpfs fails here: ${failure}`);
  onTestFinished(() => {
    spawnSync('umount', ['--lazy', folder]);
  });
  return {
    resize(size: number): void {
      const problem = mount(['-o', `remount,size=${size}m`, folder]);
      if (problem !== null)
        throw new Error(`Expected the tmpfs to be resized to ${size} MB but mount said: ${problem}`);
    },
  };
}

function mount(args: readonly string[]): string | null {
  const { status, error, stderr } = spawnSync('mount', args, { encoding: 'utf8' });
  return status === 0 ? null : (error?.message ?? stderr.trim());
}
