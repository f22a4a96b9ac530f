import { cp, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Funnel } from '../../src/core/kernel/funnel.ts';
import { sumsThatFail } from '../../src/core/status/funnel.ts';
import { repositoryRoot, winnow, withFolder, type CommandResult } from '../support/winnow.ts';
import { useSharedServer } from '../support/shared-server.ts';

useSharedServer();

const SAMPLES = path.join(repositoryRoot, 'test', 'fixtures', 'samples', 'photos');
/** Goldfish that are dropped, two of them only for the threshold, and a stingray that is kept. */
const CLASSES = ['n01443537', 'n01498041'];

function collectionOf(threshold: number): string {
  return `
name: fish
mode: A
classes: imagenet-1k
ensemble: [efficientnet-lite0, efficientnet-lite1]
policy: { threshold: ${threshold} }
settings: { blobs: { retain: kept } }
`;
}

describe('a collection that retains what is kept', () => {
  it('has the bytes of nothing else on disk, says what other rules would need, and fetches that again', async () => {
    await withFolder(async (folder) => {
      const photos = path.join(folder, 'photos');
      for (const wnid of CLASSES) await cp(path.join(SAMPLES, wnid), path.join(photos, wnid), { recursive: true });
      const file = path.join(folder, 'fish.yaml');
      const data = path.join(folder, 'data');
      const on = async (...args: string[]): Promise<CommandResult> => {
        const done = await winnow([...args, '--collection', file, '--data', data]);
        expect({ args, code: done.code, stderr: done.stderr }).toMatchObject({ code: 0 });
        return done;
      };

      await writeFile(file, collectionOf(0.15));
      const first = JSON.parse((await on('run', '--from', photos, '--json')).stdout) as Funnel;
      expect(sumsThatFail(first.totals)).toEqual([]);
      const { kept, correct, confident } = first.totals.decided;
      expect([first.totals.pruned, first.totals.undecidedPruned]).toEqual([correct + confident, 0]);
      expect([kept > 0, confident > 0]).toEqual([true, true]);
      expect(await blobsIn(data)).toBe(kept);

      await writeFile(file, collectionOf(0.9));
      const filtered = await on('filter');
      expect(filtered.stdout).toMatch(/cannot be decided without the bytes that were pruned: winnow retry/);
      expect((await on('retry', '--reason', 'pruned')).stdout).toMatch(/that had been pruned will be fetched again/);
      const after = JSON.parse((await on('run', '--from', photos, '--json')).stdout) as Funnel;
      expect(sumsThatFail(after.totals)).toEqual([]);
      expect(after.totals).toMatchObject({ undecidedPruned: 0, decided: { undecided: 0 } });
      expect((await on('doctor', '--deep')).stdout).not.toMatch(/FAIL/);
    });
  });
});

async function blobsIn(data: string): Promise<number> {
  const files = await readdir(path.join(data, 'blobs'), { recursive: true, withFileTypes: true });
  return files.filter((entry) => entry.isFile()).length;
}
