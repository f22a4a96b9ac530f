import { mkdir, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { blackPng } from '../support/bombs.ts';
import { peakMemoryBytes, suiteFolder } from '../support/process-tree.ts';
import { ONE_MODEL } from '../support/one-model.ts';
import { setFlags, startWinnow } from '../support/winnow.ts';
import { catalogueOf, useSharedServer } from '../support/shared-server.ts';

useSharedServer();

const folder = suiteFolder();

/** The most that is accepted: 13,377 x 13,377 pixels, 537 MB decoded, in 22 kB. Each a little smaller than the one before. */
const LARGEST_SIDE = 13_377;
const BOMBS = 3;
/** One decoded picture, and the program with its models on four threads. */
const MOST_BYTES = 3 * LARGEST_SIDE ** 2 + 1e9;
const MORE_THAN_CORES = { 'fetch.connections': 32, 'filter.threads': 4 };

async function peakOf(command: string, args: readonly string[]): Promise<{ code: number | null; peakBytes: number }> {
  const settings = setFlags(MORE_THAN_CORES);
  await catalogueOf(folder.at('data'));
  const run = startWinnow([command, '--collection', ONE_MODEL, '--data', folder.at('data'), ...args, ...settings]);
  let peakBytes = 0;
  while (run.child.exitCode === null && run.child.signalCode === null) {
    peakBytes = Math.max(peakBytes, (await peakMemoryBytes(run.child.pid ?? 0)) ?? 0);
    await sleep(20);
  }
  const { code, stderr } = await run.result;
  if (code !== 0) console.log(stderr);
  return { code, peakBytes };
}

describe('photos of 22 kB that decode to half a gigabyte', () => {
  it('take the memory of one at a time, whatever the number of connections and threads', async (context) => {
    if ((await peakMemoryBytes(process.pid)) === null) context.skip('/proc tells no peak of memory here');
    await mkdir(folder.at('photos', 'n02268443'), { recursive: true });
    for (let i = 0; i < BOMBS; i += 1)
      await writeFile(folder.at('photos', 'n02268443', `${i}.png`), await blackPng(LARGEST_SIDE - i));
    const crawl = await peakOf('crawl', ['--from', folder.at('photos')]);
    const filter = await peakOf('filter', []);
    console.log(`peak of crawl ${crawl.peakBytes / 1e6} MB, of filter ${filter.peakBytes / 1e6} MB`);
    expect([crawl.code, filter.code]).toEqual([0, 0]);
    expect(crawl.peakBytes).toBeGreaterThan(3 * LARGEST_SIDE ** 2);
    expect(crawl.peakBytes).toBeLessThan(MOST_BYTES);
    expect(filter.peakBytes).toBeLessThan(MOST_BYTES);
  });
});
