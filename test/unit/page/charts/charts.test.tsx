import { renderToStaticMarkup } from 'preact-render-to-string';
import { describe, expect, it } from 'vitest';
import { Curves, type Series } from '../../../../src/page/charts/curves.tsx';
import { Histograms } from '../../../../src/page/charts/histograms.tsx';
import { Matrix } from '../../../../src/page/charts/matrix.tsx';
import { Bars, Estimates } from '../../../../src/page/charts/rows.tsx';
import { figureStyle, CHART_STYLE } from '../../../../src/page/charts/style.ts';
import { TenCrops } from '../../../../src/page/charts/ten-crops.tsx';
import { fitText, widthOf } from '../../../../src/page/charts/texts.ts';

const FRAME = { id: 'x', title: 'A title', text: 'A sentence with 12.3 %.' };
const all = (html: string, pattern: RegExp): string[] => [...html.matchAll(pattern)].map(([, found]) => found ?? '');

it('Chart is a picture with a title and a text alternative', () => {
  const html = renderToStaticMarkup(<Bars frame={FRAME} rows={[]} />);
  expect(html).toContain('role="img" aria-labelledby="x-title x-text"');
  expect(html).toContain('<title id="x-title">A title</title><desc id="x-text">A sentence with 12.3 %.</desc>');
});

it('Estimates draws the dot of the set, the hollow one of clean photos, and their intervals on one scale', () => {
  const row = {
    key: 'a',
    label: 'lite2',
    numbers: '25.0 %',
    main: { value: 0.25, low: 0.2, high: 0.3 },
    other: { value: 0.75, low: null, high: null },
    colour: 'm1',
  };
  const html = renderToStaticMarkup(<Estimates frame={FRAME} rows={[row]} axis="accuracy, %" />);
  // The scale is 18 to 322 units.
  expect(all(html, /class="point" cx="([\d.]+)"/g)).toEqual(['94']);
  expect(all(html, /class="hollow" cx="([\d.]+)"/g)).toEqual(['246']);
  expect(all(html, /class="range" d="([^"]+)"/g)).toEqual(['M78.8 30H109.2']);
  expect(html).toContain('accuracy, %');
});

it('Bars draws lengths in proportion to the largest', () => {
  const html = renderToStaticMarkup(
    <Bars
      frame={FRAME}
      rows={[
        { label: 'a', value: 50, numbers: '50' },
        { label: 'b', value: 200, numbers: '200' },
      ]}
    />,
  );
  expect(all(html, /class="fill"[^>]* width="([\d.]+)"/g)).toEqual(['85', '340']);
});

describe('Curves', () => {
  const series = (letter: string, height: number): Series => ({
    letter,
    name: letter,
    numbers: '',
    colour: 'm1',
    dash: undefined,
    points: Array.from({ length: 11 }, (_, i) => ({ x: i / 10, y: height * (1 - i / 10) })),
  });

  it('draws from the lower left at 0 to the upper right at 1', () => {
    const diagonal = {
      ...series('A', 1),
      points: [
        { x: 0, y: 0 },
        { x: 1, y: 1 },
      ],
    };
    const html = renderToStaticMarkup(<Curves frame={FRAME} series={[diagonal]} x="x" y="y" chance={0.5} />);
    expect(all(html, /class="curve" d="(M4[^"]+)"/g)).toEqual(['M42,246L322,26']);
    expect(all(html, /class="chance" d="([^"]+)"/g)).toEqual(['M42 136L322 136']);
  });

  it('puts letters where curves are apart, so that no two overlap', () => {
    const html = renderToStaticMarkup(
      <Curves frame={FRAME} series={[series('A', 0.9), series('B', 0.6)]} x="x" y="y" />,
    );
    const places = [...html.matchAll(/class="badge" cx="([\d.]+)" cy="([\d.]+)"/g)]
      .slice(0, 2)
      .map(([, x, y]) => [Number(x), Number(y)]);
    const [[x1 = 0, y1 = 0] = [], [x2 = 0, y2 = 0] = []] = places;
    expect(Math.hypot(x1 - x2, y1 - y2)).toBeGreaterThan(13);
  });
});

it('Histograms counts values in steps of 5 points, with 0 in the first and 1 in the last', () => {
  const row = { key: 'a', label: 'a', numbers: '', colour: 'm1', values: [0, 0.04, 0.05, 1] };
  const html = renderToStaticMarkup(<Histograms frame={FRAME} rows={[row]} axis="%" />);
  expect(all(html, /class="solid" d="([^"]+)"/g)).toEqual([
    'M19 76v-40h13.2v40zM34.2 76v-20h13.2v20zM307.8 76v-20h13.2v20z',
  ]);
});

describe('Matrix', () => {
  const nameOf = (key: string): string => `class ${key}`;

  it('draws cells with photos only, with names and counts if there are few classes', () => {
    const cells = [
      { row: 'a', column: 'b', count: 9 },
      { row: 'b', column: 'a', count: 1 },
    ];
    const html = renderToStaticMarkup(
      <Matrix frame={FRAME} cells={cells} nameOf={nameOf} rows="searched as" columns="taken for" />,
    );
    expect(all(html, /class="cell" fill-opacity="[\d.]+" d="([^"]+)"/g).map((d) => d.split('M').length - 1)).toEqual([
      1, 1,
    ]);
    expect(html).toContain('class a');
    expect(html).toMatch(/>9<\/text>/);
  });

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

it('TenCrops puts the first five crops on the photo as it is, the centre in the middle, and the others on the mirrored one', () => {
  const crops = Array.from({ length: 10 }, (_, i) => ({ value: `p ${i}`, share: `${i} %`, weight: i / 9 }));
  const html = renderToStaticMarkup(<TenCrops frame={FRAME} crops={crops} />);
  const places = [...html.matchAll(/class="middle" x="([\d.]+)" y="([\d.]+)">p (\d)/g)].map(([, x, y, i]) => [
    Number(i),
    Number(x),
    Number(y),
  ]);
  expect(places).toHaveLength(10);
  const [topLeft, topRight, bottomLeft, , centre, mirrored] = places;
  expect([topLeft?.[1], topLeft?.[2]]).toEqual([bottomLeft?.[1], topRight?.[2]]);
  expect(centre?.[1]).toBe(((topLeft?.[1] ?? 0) + (topRight?.[1] ?? 0)) / 2);
  expect(mirrored?.[1]).toBeGreaterThan(170);
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
