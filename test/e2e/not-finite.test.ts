import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import type { DecisionLine } from '../../src/core/filter/run/decision-line.ts';
import { addNanModel } from '../support/nan-model.ts';
import { jsonLines, winnow, withFolder } from '../support/winnow.ts';
import { useSharedServer } from '../support/shared-server.ts';

useSharedServer();

async function paint(file: string, background: { r: number; g: number; b: number }): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true });
  await sharp({ create: { width: 120, height: 40, channels: 3, background } })
    .png()
    .toFile(file);
}

describe('a model that gives no finite numbers', () => {
  it('for any photo ends the run and says so, instead of setting all of them aside', async () => {
    await withFolder(async (cwd) => {
      await addNanModel(cwd);
      const classes = ['red', 'green', 'blue', 'bright thing', 'dark thing'].map((name) => ({
        wnid: name.replace(' ', '-'),
        name,
      }));
      const policy = { nearDuplicateCosine: 0.9999 };
      const one = { name: 'one', classes, ensemble: ['five-nan-if-dark'], policy };
      await writeFile(path.join(cwd, 'one.yaml'), JSON.stringify(one));
      for (let i = 0; i < 70; i += 1)
        await paint(path.join(cwd, 'photos/blue', `${i}.png`), { r: 100, g: 80, b: 10 + i });
      const flags = ['--collection', 'one.yaml'];
      const crawl = await winnow(['crawl', ...flags, '--from', 'photos'], { cwd });
      expect(crawl, crawl.stderr).toMatchObject({ code: 0 });
      const filter = await winnow(['filter', ...flags], { cwd });
      expect(filter.code).toBe(1);
      expect(filter.stderr).toMatch(
        /Expected finite numbers from the model 'five-nan-if-dark' but it gave none for any of the first 32 photos of this run, .* on crop 0 \(NaN at class 0 of 5\)/,
      );
      const { stdout } = await winnow(['decisions', ...flags, '--state', 'failed', '--json'], { cwd });
      expect(jsonLines<DecisionLine>(stdout).length).toBeLessThan(32);
    });
  });
});
