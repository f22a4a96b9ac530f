/** @jsxRuntime automatic @jsxImportSource preact */
import { renderToStaticMarkup } from 'preact-render-to-string';
import type { ReportFigure } from './page/context.ts';
import { WIDTH } from '../charts/chart.tsx';
import { FIGURE_PAPER, figureStyle } from '../charts/style.ts';

const MARGIN = 12;

/**
 * A chart as an SVG file that needs nothing else. It has a size in pixels, so that programs that embed it know how
 * large it is. The same figure gives the same bytes.
 */
export function figureSvg({ name, title, text, draw }: ReportFigure): string {
  const chart = renderToStaticMarkup(draw({ id: name, title, text }));
  const [opening = '', height = ''] =
    /^<svg class="chart" role="img" aria-labelledby="[^"]*" viewBox="0 0 \d+ ([\d.]+)">/.exec(chart) ?? [];
  const [width, outerHeight] = [WIDTH + 2 * MARGIN, Number(height) + 2 * MARGIN];
  const place = `viewBox="${-MARGIN} ${-MARGIN} ${width} ${outerHeight}" width="${width}" height="${outerHeight}"`;
  return [
    opening.replace(/^<svg/, '<svg xmlns="http://www.w3.org/2000/svg"').replace(/viewBox="[^"]*"/, place),
    `<style>${figureStyle()}</style>`,
    `<rect x="${-MARGIN}" y="${-MARGIN}" width="${width}" height="${outerHeight}" fill="${FIGURE_PAPER}"/>`,
    `${chart.slice(opening.length)}\n`,
  ].join('\n');
}
