import { access, cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import type { DecisionLine } from '../../src/core/filter/run/decision-line.ts';
import { jsonLines, repositoryRoot, winnow, withFolder } from '../support/winnow.ts';
import { numberFrom } from '../support/sizing.ts';
import { useSharedServer } from '../support/shared-server.ts';

useSharedServer();

/** Photos and reference decisions that may be used but not copied into the project: absent on most machines. */
const shared = path.join(repositoryRoot, '..', 'shared');
/** Every crop of every photo takes both processors two minutes. WINNOW_TEST_REFERENCE=1 takes every photo. */
const EVERY = numberFrom('WINNOW_TEST_REFERENCE', 6);
const MODES = ['true', 'shift100', 'third', 'sixth'] as const;
const MEMBERS = ['efficientnet-lite0', 'efficientnet-lite1'] as const;

interface Expected {
  readonly label: string;
  readonly maxTrueProb: number;
  readonly kept: boolean;
  readonly confusion: string;
  readonly cropTrueProb: Record<(typeof MEMBERS)[number], number[]>;
  readonly cropTop1: Record<(typeof MEMBERS)[number], string[]>;
}
type Image = { readonly file: string } & Partial<Record<(typeof MODES)[number], Expected>>;

// All of them, with all crops, keep both processors busy for minutes.
describe('decisions of the PyTorch and torchvision reference', { timeout: 900_000 }, () => {
  it('are ours, for each photo and label, whether all crops are run or only the needed ones', async (context) => {
    if (!(await exists(path.join(shared, 'golden', 'reference-decisions.json'))))
      context.skip('the reference photos are not on this machine');
    const golden = JSON.parse(await readFile(path.join(shared, 'golden', 'reference-decisions.json'), 'utf8')) as {
      images: Record<string, Image>;
    };
    const images = Object.fromEntries(Object.entries(golden.images).filter((_, i) => i % EVERY === 0));
    await withFolder(async (folder) => {
      const photos = path.join(folder, 'photos');
      const rows = await copyPhotos(images, photos);
      await writeFile(path.join(photos, 'labels.csv'), ['file,wnid', ...rows].join('\n'));
      const needed = await decide(path.join(folder, 'needed'), photos, 'needed');
      const all = await decide(path.join(folder, 'all'), photos, 'all');
      expect(all.size).toBe(rows.length);
      const worst = compareWithReference(images, all);
      console.log(
        `${rows.length} decisions and confusions equal the reference's; largest difference of a probability ${worst.toExponential(2)}`,
      );
      expect(worst).toBeLessThan(1e-4);
      for (const [key, line] of all) {
        const early = needed.get(key);
        expect([key, early?.state, early?.confusion]).toEqual([key, line.state, line.confusion]);
        expect(early?.crops.length).toBeLessThanOrEqual(line.crops.length);
      }
    });
  });
});

async function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}

async function copyPhotos(images: Record<string, Image>, photos: string): Promise<string[]> {
  await mkdir(photos);
  const rows: string[] = [];
  for (const [sha256, image] of Object.entries(images)) {
    await cp(path.join(shared, 'images', 'photos', image.file), path.join(photos, `${sha256}.jpg`));
    for (const label of new Set(MODES.flatMap((mode) => image[mode]?.label ?? []))) rows.push(`${sha256}.jpg,${label}`);
  }
  return rows;
}

async function decide(data: string, photos: string, evaluate: 'needed' | 'all'): Promise<Map<string, DecisionLine>> {
  const common = ['--collection', 'imagenet-a', '--data', data];
  const args = ['run', ...common, '--from', photos, '--set', `filter.evaluate=${evaluate}`, '--json'];
  // Every crop of 600 decisions: minutes beside other programs.
  const run = await winnow(args, { timeoutMs: 800_000 });
  expect([run.code, run.stderr]).toEqual([0, expect.anything()]);
  const listed = await winnow(['decisions', ...common, '--json']);
  return new Map(jsonLines<DecisionLine>(listed.stdout).map((line) => [`${line.sha256} ${line.wnid}`, line]));
}

/** Checks every decision, confusion, top-1 and probability; returns the largest difference of a probability. */
function compareWithReference(images: Record<string, Image>, lines: ReadonlyMap<string, DecisionLine>): number {
  const differences = Object.entries(images).flatMap(([sha256, image]) =>
    MODES.flatMap((mode) => {
      const expected = image[mode];
      return expected === undefined ? [] : differencesOf(expected, lines.get(`${sha256} ${expected.label}`));
    }),
  );
  return Math.max(...differences);
}

/** How far the probabilities of one photo and label are off; everything else must be equal. */
function differencesOf(expected: Expected, line: DecisionLine | undefined): number[] {
  const confusion = expected.kept ? line?.confusion?.wnid : expected.confusion;
  expect({ kept: line?.state === 'kept', confusion }).toEqual({ kept: expected.kept, confusion: expected.confusion });
  expect(line?.crops).toHaveLength(MEMBERS.length * 10);
  const crops = (line?.crops ?? []).map((crop) => {
    const member = MEMBERS.find((name) => name === crop.model) ?? 'efficientnet-lite0';
    expect([crop.model, crop.top1]).toEqual([member, expected.cropTop1[member][crop.crop]]);
    return Math.abs((crop.pTrue ?? Number.NaN) - (expected.cropTrueProb[member][crop.crop] ?? Number.NaN));
  });
  return [...crops, Math.abs((line?.maxTrueProb ?? Number.NaN) - expected.maxTrueProb)];
}
