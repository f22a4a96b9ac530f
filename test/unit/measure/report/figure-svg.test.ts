import { describe, expect, it } from 'vitest';
import { figureSvg } from '../../../../src/measure/report/figure-svg.tsx';
import { reportFigures } from '../../../../src/measure/report/page/figures.ts';
import { madeReport } from '../../../support/made-report.ts';

describe('figureSvg', () => {
  it.each([
    ['mode A', {}],
    ['mode O', { mode: 'O' }],
    ['hostile names', { isHostile: true }],
    ['200 classes', { classes: 200, outsiders: 5 }],
  ] as const)('gives files that need nothing else: %s', (_, options) => {
    for (const figure of reportFigures(madeReport(options))) {
      const svg = figureSvg(figure);
      expect(svg).toMatch(
        /^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg" class="chart" role="img" .* width="364" height="[\d.]+">/,
      );
      expect(svg.replace('http://www.w3.org/2000/svg', '')).not.toMatch(/var\(|https?:|url\(|<script|href/);
      // XML has no control characters.
      expect(svg).not.toMatch(/[^\P{Cc}\n]/u);
      expect(figure.name).toMatch(/^[a-z0-9-]+$/);
    }
  });

  it('gives the same bytes for the same report', () => {
    const svgs = () => reportFigures(madeReport()).map(figureSvg);
    expect(svgs()).toEqual(svgs());
  });

  it('stays small for 200 x 200 classes', () => {
    const matrix = reportFigures(madeReport({ classes: 200 })).find(({ name }) => name === 'confusion');
    expect(matrix === undefined ? 0 : figureSvg(matrix).length).toBeLessThan(250_000);
  });
});
