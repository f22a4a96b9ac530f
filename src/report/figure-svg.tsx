/** @jsxRuntime automatic @jsxImportSource preact */
import { renderToStaticMarkup } from 'preact-render-to-string';
import type { ReportFigure } from '../ui/report/figure.tsx';
import { WIDTH } from '../ui/shared/charts/chart.tsx';
import { figurePaper, figureStyle } from '../ui/shared/charts/style.ts';

/** Units around the chart. */
const MARGIN = 12;

/**
 * A chart as an SVG file that needs nothing else: fixed light colours, a list of usual fonts, title and text alternative inside.
 * It has a size in pixels, so that programs that embed it know how large it is. The same figure gives the same bytes.
 */
export function figureSvg({ name, title, text, draw }: ReportFigure): string {
  const chart = renderToStaticMarkup(draw({ id: name, title, text }));
  const height = heightOf(chart);
  const [outerWidth, outerHeight] = [WIDTH + 2 * MARGIN, height + 2 * MARGIN];
  const inner = chart.replace(
    '<svg class="chart" role="img"',
    `<svg class="chart" role="img" x="${MARGIN}" y="${MARGIN}" width="${WIDTH}" height="${height}"`,
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${outerWidth}" height="${outerHeight}" viewBox="0 0 ${outerWidth} ${outerHeight}">`,
    `<style>${figureStyle()}</style>`,
    `<rect width="${outerWidth}" height="${outerHeight}" fill="${figurePaper()}"/>`,
    inner,
    '</svg>\n',
  ].join('\n');
}

/** As the chart says it in its `viewBox`. */
function heightOf(chart: string): number {
  return Number(/viewBox="0 0 \d+ ([\d.]+)"/.exec(chart)?.[1]);
}
