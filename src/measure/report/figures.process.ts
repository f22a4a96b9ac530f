import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { packageRoot } from '../../core/config/root.ts';
import { figurePng } from './figure-png.process.ts';
import { figureSvg } from './figure-svg.tsx';
import { FIGURES_FOLDER } from './report-html.tsx';
import type { Report } from './report.ts';
import { reportFigures } from './page/figures.ts';

const FONT = path.join(packageRoot, 'assets', 'fonts', 'NotoSans-Regular.ttf');

/** PNGs have two pixels for each unit. The same report gives equal SVG bytes, and on one machine equal PNG bytes. */
export async function writeFigures(report: Report, folder: string): Promise<string[]> {
  const names: string[] = [];
  await mkdir(path.join(folder, FIGURES_FOLDER), { recursive: true });
  for (const figure of reportFigures(report)) {
    const svg = figureSvg(figure);
    const name = `${FIGURES_FOLDER}/${figure.name}`;
    await writeFile(path.join(folder, `${name}.svg`), svg);
    await writeFile(path.join(folder, `${name}.png`), await figurePng(svg, FONT));
    names.push(`${name}.svg`, `${name}.png`);
  }
  return names;
}
