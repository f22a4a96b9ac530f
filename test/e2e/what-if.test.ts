import { cp, mkdir, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import type { DecisionLine } from '../../src/core/filter/run/decision-line.ts';
import { jsonLines, repositoryRoot, winnow, withFolder } from '../support/winnow.ts';
import { useSharedServer } from '../support/shared-server.ts';

useSharedServer();

const SAMPLES = path.join(repositoryRoot, 'test', 'fixtures', 'samples', 'photos');
/** Labelled as what they show, so that most are dropped at the first crop. */
const CLASSES = ['n01440764', 'n01443537', 'n01498041', 'n11939491'];

interface Told {
  readonly settings: readonly Record<'kept' | 'undecided' | 'missingCrops' | 'dropped', number>[];
  readonly fill?: Record<'photos' | 'crops' | 'notFillable', number>;
}

describe('winnow what-if', () => {
  it('tells other settings from what is stored, fills exactly what they lack, and decides as it told', async () => {
    await withFolder(async (folder) => {
      for (const wnid of CLASSES)
        await cp(path.join(SAMPLES, wnid), path.join(folder, 'photos', wnid), { recursive: true });
      await mkdir(path.join(folder, 'config'));
      const collection = async (name: string, policy: string, classes = CLASSES): Promise<string[]> => {
        const file = path.join(folder, 'config', `${name}.yaml`);
        await writeFile(file, `name: fishes\nclasses: [${classes.join(', ')}]\npolicy: { ${policy} }\n`);
        return ['--collection', file, '--data', path.join(folder, 'data')];
      };
      const run = async (args: readonly string[]): Promise<string> => {
        const { code, stdout, stderr } = await winnow([...args, '--json']);
        expect([args[0], code, code === 0 ? '' : stderr]).toEqual([args[0], 0, '']);
        return stdout;
      };
      const told = async (flags: readonly string[], where: readonly string[]): Promise<Told> =>
        JSON.parse(await run(['what-if', ...where, ...flags]));
      const crops = async (where: readonly string[]): Promise<number> =>
        jsonLines<DecisionLine>(await run(['decisions', ...where])).reduce(
          (total, line) => total + line.crops.length,
          0,
        );

      const paper = await collection('paper', 'threshold: 0.15');
      await run(['run', ...paper, '--source', 'folder', '--from', path.join(folder, 'photos')]);
      const atFirst = await crops(paper);
      // Where bytes should be and are not, nobody is judged. Under other thresholds all is known, but the mean of ten crops is not.
      const [blobs = '', away = ''] = ['blobs', 'away'].map((name) => path.join(folder, 'data', name));
      await rename(blobs, away);
      const grid = ['--threshold', '0.05,0.15,0.9', '--aggregation', 'max,mean'];
      const lost = await winnow(['what-if', ...paper, ...grid, '--fill', '--json']);
      expect(lost).toMatchObject({
        code: 1,
        stdout: '',
        stderr: expect.stringMatching(/bytes of \d+ photos such as [0-9a-f]{64} are lost .*its disk/),
      });
      const before = await told(grid, paper);
      expect(before.settings.slice(0, 2).map(({ undecided }) => undecided)).toEqual([0, 0]);
      const least = Math.max(...before.settings.map(({ missingCrops }) => missingCrops));

      await rename(away, blobs);
      const filled = await told([...grid, '--fill'], paper);
      expect(filled.fill).toMatchObject({ notFillable: 0, undecodable: 0 });
      expect(filled.fill?.photos).toBeGreaterThan(3);
      // Crops that were known but without logits run again where the mean's argmax, or a confusion, needs them.
      expect(filled.fill?.crops).toBeLessThanOrEqual(least + atFirst);
      expect(await crops(paper)).toBeGreaterThan(atFirst);
      expect(filled.settings.map(({ undecided, missingCrops }) => undecided + missingCrops)).toEqual(
        filled.settings.map(() => 0),
      );

      // From here on nothing can run: the filter decides as it was told, and for fewer classes, too.
      await rename(blobs, away);
      const byMean = await collection('mean', 'threshold: 0.9, aggregation: mean');
      const { kept, dropped } = JSON.parse(await run(['filter', ...byMean])) as { kept: number; dropped: number };
      expect(filled.settings.at(-1)).toMatchObject({ kept, dropped });
      const fewer = await collection('fewer', 'threshold: 0.15', CLASSES.slice(0, 2));
      const two = JSON.parse(await run(['filter', ...fewer])) as { kept: number; dropped: number; left: number };
      expect(two.left).toBe(0);
      expect(two.kept + two.dropped).toBeGreaterThan(3);
    });
  });
});
