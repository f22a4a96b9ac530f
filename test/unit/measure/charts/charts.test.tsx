import path from 'node:path';
import { renderToStaticMarkup } from 'preact-render-to-string';
import { describe, expect, it } from 'vitest';
import { Curves, type Series } from '../../../../src/measure/charts/curves.tsx';
import { Histograms } from '../../../../src/measure/charts/histograms.tsx';
import { Matrix } from '../../../../src/measure/charts/matrix.tsx';
import { Bars, Estimates } from '../../../../src/measure/charts/rows.tsx';
import { figureStyle, CHART_STYLE } from '../../../../src/measure/charts/style.ts';
import { TenCrops } from '../../../../src/measure/charts/ten-crops.tsx';
import { fitText, widthOf } from '../../../../src/measure/charts/texts.ts';
import { repositoryRoot } from '../../../support/winnow.ts';

const FRAME = { id: 'x', title: 'A title', text: 'A sentence with 12.3 %.' };
const all = (html: string, pattern: RegExp): string[] => [...html.matchAll(pattern)].map(([, found]) => found ?? '');

const series = (letter: string, height: number): Series => ({
  letter,
  name: letter,
  numbers: '',
  colour: 'm1',
  dash: undefined,
  points: Array.from({ length: 11 }, (_, i) => ({ x: i / 10, y: height * (1 - i / 10) })),
});

const nameOf = (key: string): string => `class ${key}`;
const estimate = { value: 0.25, low: 0.2, high: 0.3 };
const CHARTS = {
  bars: (
    <Bars
      frame={FRAME}
      rows={[
        { label: 'a', value: 50, numbers: '50' },
        { label: 'b', value: 200, numbers: '200' },
      ]}
    />
  ),
  // The hollow dot is that of clean photos.
  estimates: (
    <Estimates
      frame={FRAME}
      rows={[
        {
          label: 'lite2',
          numbers: '25.0 %',
          main: estimate,
          other: { value: 0.75, low: null, high: null },
          colour: 'm1',
        },
      ]}
      axis="accuracy, %"
    />
  ),
  curves: <Curves frame={FRAME} series={[series('A', 0.9)]} x="x" y="y" chance={0.5} />,
  histograms: (
    <Histograms frame={FRAME} rows={[{ label: 'a', numbers: '', colour: 'm1', values: [0, 0.04, 0.05, 1] }]} axis="%" />
  ),
  matrix: (
    <Matrix
      frame={FRAME}
      cells={[
        { row: 'a', column: 'b', count: 9 },
        { row: 'b', column: 'a', count: 1 },
      ]}
      nameOf={nameOf}
      rows="searched as"
      columns="taken for"
    />
  ),
  'ten-crops': (
    <TenCrops
      frame={FRAME}
      crops={Array.from({ length: 10 }, (_, i) => ({ value: `p ${i}`, share: `${i} %`, weight: i / 9 }))}
    />
  ),
};

it.each(Object.entries(CHARTS))('the chart %s is the file of the fixtures', async (name, chart) => {
  const svg = renderToStaticMarkup(chart).replaceAll('><', '>\n<');
  await expect(svg).toMatchFileSnapshot(path.join(repositoryRoot, `test/fixtures/charts/${name}.svg`));
});

it('Curves puts letters where curves are apart, so that no two overlap', () => {
  const html = renderToStaticMarkup(<Curves frame={FRAME} series={[series('A', 0.9), series('B', 0.6)]} x="x" y="y" />);
  const places = [...html.matchAll(/class="badge" cx="([\d.]+)" cy="([\d.]+)"/g)]
    .slice(0, 2)
    .map(([, x, y]) => [Number(x), Number(y)]);
  const [[x1 = 0, y1 = 0] = [], [x2 = 0, y2 = 0] = []] = places;
  expect(Math.hypot(x1 - x2, y1 - y2)).toBeGreaterThan(13);
});

describe('Matrix', () => {
  it('leaves names out if there are too many classes', () => {
    const cells = Array.from({ length: 200 }, (_, i) => ({
      row: `r${i}`,
      column: `c${(i * 7) % 200}`,
      count: 1 + (i % 5),
    }));
    const html = renderToStaticMarkup(
      <Matrix frame={FRAME} cells={cells} nameOf={nameOf} rows="searched as" columns="taken for" />,
    );
    expect(html).not.toContain('class r1');
    expect(html).toContain('taken for: 200 classes');
    const drawn = all(html, / d="(M[^"]+z)"/g).reduce((sum, d) => sum + d.split('M').length - 1, 0);
    expect(drawn).toBe(200);
  });
});

it('figureStyle has a fixed light colour for every variable', () => {
  expect(CHART_STYLE).toContain('var(--');
  expect(figureStyle()).not.toContain('var(');
  expect(figureStyle()).toContain('.chart .searched { color: #1f6f6b; }');
});

it('fitText keeps a text that fits, and cuts another to the width', () => {
  expect(fitText('goldfinch', 100)).toBe('goldfinch');
  const cut = fitText('great grey owl or great gray owl', 100);
  expect(cut).toMatch(/^great.*…$/);
  expect(widthOf(cut)).toBeLessThanOrEqual(100);
});
