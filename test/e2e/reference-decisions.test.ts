import { access, cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import type { DecisionLine } from '../../src/core/filter/run/decision-line.ts';
import { jsonLines, repositoryRoot, winnow, withFolder } from '../support/winnow.ts';
import { numberFrom } from '../support/sizing.ts';
import { useSharedServer } from '../support/shared-server.ts';

useSharedServer();

/** Reference decisions of photos that may be used but not copied into the project: absent on most machines. */
const shared = path.join(repositoryRoot, '..', 'shared');
const samples = path.join(repositoryRoot, 'test', 'fixtures', 'samples');
/** Every crop of every photo takes both processors two minutes. WINNOW_TEST_REFERENCE=1 takes every photo. */
const EVERY = numberFrom('WINNOW_TEST_REFERENCE', 6);
const MEMBERS = ['efficientnet-lite0', 'efficientnet-lite1'] as const;

type OfMembers<T> = Readonly<Record<(typeof MEMBERS)[number], readonly T[]>>;

/** The answers of Pillow, torchvision and ONNX Runtime for one photo under one label. */
interface Reference {
  readonly file: string;
  readonly sha256: string;
  readonly label: string;
  readonly kept: boolean;
  readonly confusion: string;
  readonly maxTrueProb: number;
  readonly cropTrueProb: OfMembers<number>;
  readonly cropTop1: OfMembers<string>;
}

// All of them, with all crops, keep both processors busy for minutes.
describe('decisions of the PyTorch and torchvision reference', { timeout: 900_000 }, () => {
  it.each(['demo', 'imagenet-a'] as const)('are ours for the sample photos in the collection %s', (collection) =>
    expectSame(collection, () => ofSamples(collection === 'demo' ? 'imagenet-1k' : 'imagenet-a')),
  );

  it('are ours for other photos, under right and wrong labels', async (context) => {
    if (!(await exists(path.join(shared, 'golden', 'reference-decisions.json'))))
      context.skip('the reference photos are not on this machine');
    await expectSame('imagenet-a', ofShared);
  });
});

/** Decides the photos twice, with all crops and with only the needed ones, and compares both with the reference. */
async function expectSame(collection: string, readReferences: () => Promise<Reference[]>): Promise<void> {
  const references = await readReferences();
  await withFolder(async (folder) => {
    const photos = path.join(folder, 'photos');
    await mkdir(photos);
    for (const { file, sha256 } of references) await cp(file, path.join(photos, `${sha256}.jpg`));
    const rows = references.map(({ sha256, label }) => `${sha256}.jpg,${label}`);
    await writeFile(path.join(photos, 'labels.csv'), ['file,wnid', ...rows].join('\n'));
    const decide = decider(collection, photos);
    const needed = await decide(path.join(folder, 'needed'), 'needed');
    const all = await decide(path.join(folder, 'all'), 'all');
    expect(all.size).toBe(references.length);
    const worst = Math.max(...references.flatMap((one) => differencesOf(one, all.get(`${one.sha256} ${one.label}`))));
    console.log(
      `${references.length} decisions and confusions equal the reference's; largest difference of a probability ${worst.toExponential(2)}`,
    );
    expect(worst).toBeLessThan(1e-4);
    for (const [key, line] of all) {
      const early = needed.get(key);
      expect([key, early?.state, early?.confusion]).toEqual([key, line.state, line.confusion]);
      expect(early?.crops.length).toBeLessThanOrEqual(line.crops.length);
    }
  });
}

async function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}

interface SampleDecision {
  readonly kept: boolean;
  readonly confusion: string;
  readonly maxTrueProb: number;
  /** For each member in the order of `MEMBERS`, then each crop. Classes are indices of ImageNet-1k. */
  readonly trueProb: readonly (readonly number[])[];
  readonly top1: readonly (readonly number[])[];
}

/** `test/fixtures/samples/make-decisions.py` wrote them. */
async function ofSamples(list: 'imagenet-1k' | 'imagenet-a'): Promise<Reference[]> {
  type Line = { readonly sha256: string; readonly file: string; readonly wnid: string } & Partial<
    Record<typeof list, SampleDecision>
  >;
  const lines = jsonLines<Line>(await readFile(path.join(samples, 'reference-decisions.jsonl'), 'utf8'));
  const table = await readFile(path.join(repositoryRoot, 'config', 'classes', 'imagenet-1k.jsonl'), 'utf8');
  const classes = jsonLines<{ readonly wnid: string }>(table);
  return lines
    .filter((_, i) => i % EVERY === 0)
    .flatMap(({ sha256, file, wnid, [list]: decision }) => {
      if (decision === undefined) return [];
      const { trueProb, top1, ...rest } = decision;
      const cropTrueProb = ofMembers((i) => trueProb[i] ?? []);
      const cropTop1 = ofMembers((i) => (top1[i] ?? []).map((index) => classes[index]?.wnid ?? ''));
      return [{ ...rest, file: path.join(samples, file), sha256, label: wnid, cropTrueProb, cropTop1 }];
    });
}

function ofMembers<T>(valuesOf: (i: number) => readonly T[]): OfMembers<T> {
  return { 'efficientnet-lite0': valuesOf(0), 'efficientnet-lite1': valuesOf(1) };
}

const MODES = ['true', 'shift100', 'third', 'sixth'] as const;

async function ofShared(): Promise<Reference[]> {
  type Image = { readonly file: string } & Partial<Record<(typeof MODES)[number], Omit<Reference, 'file' | 'sha256'>>>;
  const text = await readFile(path.join(shared, 'golden', 'reference-decisions.json'), 'utf8');
  const { images } = JSON.parse(text) as { images: Record<string, Image> };
  const references = Object.entries(images)
    .filter((_, i) => i % EVERY === 0)
    .flatMap(([sha256, image]) =>
      MODES.flatMap((mode) => {
        const expected = image[mode];
        const file = path.join(shared, 'images', 'photos', image.file);
        return expected === undefined ? [] : [{ ...expected, file, sha256 }];
      }),
    );
  return [...new Map(references.map((one) => [`${one.sha256} ${one.label}`, one])).values()];
}

function decider(collection: string, photos: string) {
  return async (data: string, evaluate: 'needed' | 'all'): Promise<Map<string, DecisionLine>> => {
    const common = ['--collection', collection, '--data', data];
    const args = ['run', ...common, '--from', photos, '--set', `filter.evaluate=${evaluate}`, '--json'];
    // Every crop of 600 decisions: minutes beside other programs.
    const run = await winnow(args, { timeoutMs: 800_000 });
    expect([run.code, run.stderr]).toEqual([0, expect.anything()]);
    const listed = await winnow(['decisions', ...common, '--json']);
    return new Map(jsonLines<DecisionLine>(listed.stdout).map((line) => [`${line.sha256} ${line.wnid}`, line]));
  };
}

/** How far the probabilities of one photo and label are off; everything else must be equal. */
function differencesOf(expected: Reference, line: DecisionLine | undefined): number[] {
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
