import { execFileSync } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { suiteFolder } from '../support/process-tree.ts';
import { makeReviewedSet, type ReviewedSet } from '../support/reviewed-set.ts';
import { useSharedServer } from '../support/shared-server.ts';
import { mountSmallDisk } from '../support/small-disk.ts';
import { winnow } from '../support/winnow.ts';

useSharedServer();
const folder = suiteFolder();
let set: ReviewedSet;

beforeAll(async () => {
  set = await makeReviewedSet(folder.at());
});

describe('a disk that becomes full', () => {
  it.for([
    // Pictures of few bytes become PNGs of many, which the check before the export does not know.
    { command: 'export', more: ['--thumbnails'], spareKB: 1_100 },
    { command: 'report', more: ['--photos', 'accepted', '--models', 'efficientnet-lite0'], spareKB: 12 },
  ])('ends $command with a sentence, and nothing unfinished stays', async ({ command, more, spareKB }, context) => {
    const disk = folder.at(`disk of ${command}`);
    mountSmallDisk(context, disk, 4);
    execFileSync('dd', ['if=/dev/zero', `of=${path.join(disk, 'ballast')}`, 'bs=1k', `count=${4_096 - spareKB}`]);
    const flags = ['--collection', set.collection, '--data', set.data];
    const { code, stderr } = await winnow([command, '--out', path.join(disk, 'out'), ...flags, ...more]);
    expect([code, stderr.trimEnd().split('\n').at(-1)]).toEqual([
      1,
      expect.stringMatching(
        /^winnow: No room on the disk of .*: no space left on device\. .*Make room, or give --out a folder on another disk\.$/,
      ),
    ]);
    expect(await readdir(disk)).toEqual(['ballast']);
  });
});
