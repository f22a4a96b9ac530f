import { cp, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import type { DecisionLine } from '../../src/filter/run/decision-line.ts';
import type { Funnel } from '../../src/kernel/funnel.ts';
import { jsonLines, repositoryRoot, winnow, withFolder } from '../support/winnow.ts';
import { useSharedServer } from '../support/shared-server.ts';

useSharedServer();

const SAMPLES = path.join(repositoryRoot, 'assets', 'samples', 'photos');
const CLASSES = 20;

interface FilterResult {
  readonly kept: number;
  readonly dropped: number;
  readonly left: number;
  /** Null if no crop was evaluated. */
  readonly work: { readonly crops: number } | null;
}

/** A scratch folder with the photos of some classes, and the commands that are run on it. */
class Trial {
  readonly photos: string;
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
    this.photos = path.join(folder, 'photos');
  }

  /** Copies the photos of the classes that have most; returns the wnids, sorted. */
  async copyLargestClasses(count: number): Promise<string[]> {
    const sizes = await Promise.all(
      (await readdir(SAMPLES)).map(async (wnid) => ({
        wnid,
        photos: (await readdir(path.join(SAMPLES, wnid))).length,
      })),
    );
    sizes.sort((a, b) => b.photos - a.photos || (a.wnid < b.wnid ? -1 : 1));
    const largest = sizes.slice(0, count).map(({ wnid }) => wnid);
    for (const wnid of largest) await cp(path.join(SAMPLES, wnid), path.join(this.photos, wnid), { recursive: true });
    return largest.toSorted();
  }

  /** Writes the collection file and returns the flags that choose it, on a data folder of that name. */
  async collection(lines: string, data: string): Promise<string[]> {
    const file = path.join(this.#folder, 'birds.yaml');
    await writeFile(file, `name: birds\n${lines}\n`);
    return ['--collection', file, '--data', path.join(this.#folder, data)];
  }
}

async function json(args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await winnow([...args, '--json']);
  expect([args[0], code, code === 0 ? '' : stderr]).toEqual([args[0], 0, '']);
  return stdout;
}

async function filter(flags: readonly string[]): Promise<FilterResult> {
  return JSON.parse(await json(['filter', ...flags])) as FilterResult;
}

/** The parts of decisions that do not depend on the schedule, by photo and class. */
async function decisionsOf(flags: readonly string[]): Promise<Map<string, Pick<DecisionLine, 'state' | 'confusion'>>> {
  const lines = jsonLines<DecisionLine>(await json(['decisions', ...flags]));
  return new Map(lines.map(({ sha256, wnid, state, confusion }) => [`${wnid} ${sha256}`, { state, confusion }]));
}

describe('a collection whose models choose among more classes than it collects', () => {
  it('decides each photo as the collection of all these classes does, and says which of them it is taken for', async () => {
    await withFolder(async (folder) => {
      const trial = new Trial(folder);
      const classes = await trial.copyLargestClasses(CLASSES);
      const list = `classes: [${classes.join(', ')}]`;
      const run = (flags: readonly string[]): Promise<string> => json(['run', ...flags, '--from', trial.photos]);

      const thousand = await trial.collection('classes: imagenet-1k', 'thousand');
      await run(thousand);
      const expected = await decisionsOf(thousand);
      expect(expected.size).toBe(76);

      const among = await trial.collection(`${list}\namong: imagenet-1k`, 'twenty');
      const funnel = JSON.parse(await run(among)) as Funnel;
      expect(funnel.totals.decided).toMatchObject({ kept: 16, undecided: 0 });
      expect(funnel.classes.map(({ wnid }) => wnid)).toEqual(classes);
      const found = await decisionsOf(among);
      expect(found).toEqual(expected);
      const confusions = [...found.values()].flatMap(({ confusion }) => confusion ?? []);
      expect(confusions.filter(({ wnid }) => !classes.includes(wnid)).length).toBeGreaterThan(8);
      expect(confusions.filter(({ wnid, name }) => name === wnid)).toEqual([]);
      const [csv = '', page = ''] = await Promise.all(
        ['shortlist.csv', 'shortlist.html'].map((name) =>
          readFile(path.join(folder, 'twenty', 'shortlists', 'birds', name), 'utf8'),
        ),
      );
      expect(
        confusions.filter(({ wnid, name }) => !csv.includes(wnid) || !page.includes(`<bdi>${name}</bdi>`)),
      ).toEqual([]);
      const told = JSON.parse(await json(['what-if', ...among])) as { settings: object[] };
      expect(told.settings).toMatchObject([{ kept: 16, undecided: 0 }]);

      // Fewer classes are collected, and the models choose among as many as before: nothing is decided again.
      const fewer = await trial.collection(
        `classes: [${classes.slice(0, 12).join(', ')}]\namong: imagenet-1k`,
        'twenty',
      );
      expect(await filter(fewer)).toMatchObject({ kept: 0, dropped: 0, left: 0, work: null });
      const some = await decisionsOf(fewer);
      expect(some).toEqual(new Map([...expected].filter(([key]) => classes.indexOf(key.slice(0, 9)) < 12)));

      // The models choose among fewer classes: stored evidence tells all, and no crop runs. To spell that out changes nothing.
      const alone = await trial.collection(list, 'twenty');
      expect(await filter(alone)).toMatchObject({ kept: 3, dropped: 73, left: 0, work: null });
      const spelt = await trial.collection(`${list}\namong: [${classes.toReversed().join(', ')}]`, 'twenty');
      expect(await filter(spelt)).toMatchObject({ kept: 0, dropped: 0, left: 0, work: null });
    });
  });
});
