import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import sharp from 'sharp';
import { packageRoot } from '../../core/config/root.ts';
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
    await writeFile(path.join(folder, `${name}.png`), await figurePng(svg));
    names.push(`${name}.svg`, `${name}.png`);
  }
  return names;
}

/** SVG has 96 units an inch here, PNG twice as many pixels. */
const DENSITY = 2 * 72;

let added: Promise<unknown> | null = null;

/**
 * Draws an SVG file as PNG, two pixels for each unit, without metadata. A machine without fonts would draw boxes
 * instead of letters, so the TrueType font that the SVG names is added to those that fontconfig knows in this process
 * (libvips does that for the `fontfile` of a text). The same SVG gives the same bytes on one machine.
 */
async function figurePng(svg: string): Promise<Buffer> {
  added ??= sharp({ text: { text: 'x', fontfile: FONT, width: 10 } })
    .png()
    .toBuffer();
  await added;
  return sharp(Buffer.from(svg), { density: DENSITY }).png({ compressionLevel: 9 }).toBuffer();
}
