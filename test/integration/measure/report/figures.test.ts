import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import sharp from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';
import { suiteFolder } from '../../../support/process-tree.ts';
import { writeFigures } from '../../../../src/measure/report/figures.process.ts';
import { madeReport } from '../../../support/made-report.ts';

const root = fileURLToPath(new URL('../../../../', import.meta.url));

const folder = suiteFolder();
let names: readonly string[] = [];
beforeAll(async () => {
  names = await writeFigures(madeReport(), folder.at('here'));
});

/** Writes the figures of the made report in a process that finds no font of the system. */
async function writeWithoutFonts(target: string): Promise<void> {
  const fonts = folder.at('no-fonts.conf');
  const script = folder.at('write.mts');
  await writeFile(fonts, '<?xml version="1.0"?><fontconfig></fontconfig>');
  const moduleAt = (file: string): string => JSON.stringify(path.join(root, file));
  await writeFile(
    script,
    `import { writeFigures } from ${moduleAt('src/measure/report/figures.process.ts')};
     import { madeReport } from ${moduleAt('test/support/made-report.ts')};
     await writeFigures(madeReport(), ${JSON.stringify(target)});`,
  );
  const env = { ...process.env, FONTCONFIG_FILE: fonts, FONTCONFIG_PATH: folder.at() };
  await promisify(execFile)(process.execPath, ['--import', 'tsx', script], { cwd: root, env });
}

describe('writeFigures', () => {
  it('writes each chart as SVG, and as PNG with two pixels for each unit', async () => {
    const target = folder.at('here');
    expect(names).toContain('figures/transfer.svg');
    expect(names).toContain('figures/transfer.png');
    for (const name of names.filter((one) => one.endsWith('.png'))) {
      const svg = await readFile(path.join(target, name.replace(/png$/, 'svg')), 'utf8');
      const [, width, height] = / width="(\d+)" height="([\d.]+)"/.exec(svg) ?? [];
      const png = await sharp(path.join(target, name)).metadata();
      expect([name, png.width, Math.abs(png.height - 2 * Number(height)) <= 1]).toEqual([
        name,
        2 * Number(width),
        true,
      ]);
    }
  });

  it('draws the same letters on a machine without fonts', async () => {
    const [here, there] = [folder.at('here'), folder.at('without-fonts')];
    await writeWithoutFonts(there);
    for (const name of names) {
      const [one, other] = await Promise.all([here, there].map((place) => readFile(path.join(place, name))));
      expect([name, other?.equals(one ?? Buffer.alloc(0))]).toEqual([name, true]);
    }
  });

  it('gives files of hostile names that can be drawn', async () => {
    const hostile = await writeFigures(madeReport({ isHostile: true }), folder.at('hostile'));
    expect(hostile.length).toBeGreaterThan(20);
  });
});
