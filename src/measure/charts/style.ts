import { BASE_STYLE } from '../../core/page/base-style.ts';

/**
 * The style of charts on pages and in figure files. Models differ by colour, dash pattern and letter, so that readers can
 * distinguish them in print and with any colour vision. Hues follow Okabe and Ito and differ in lightness.
 */
export const CHART_STYLE = `
:root { --m1: #1b5e9b; --m2: #b0581b; --m3: #6d3f86; --m4: #4c6a17; --m5: #a3295b; --m6: #5a564c; --chance: #8d8879; --figure-font: "Noto Sans", system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
@media screen and (prefers-color-scheme: dark) {
  :root { --m1: #84b6ec; --m2: #eda069; --m3: #c9a3e0; --m4: #afc96f; --m5: #f08fb4; --m6: #bdb8ab; --chance: #8a8578; }
}
.chart { color: var(--ink); font-family: var(--figure-font); font-size: 12px; }
.chart text { fill: var(--ink); stroke: none; }
.chart .soft { fill: var(--soft); }
.chart .tiny { font-size: 10.5px; }
.chart .end { text-anchor: end; }
.chart .middle { text-anchor: middle; }
.chart .line { fill: none; stroke: var(--line); stroke-width: 1; }
.chart .axis { fill: none; stroke: var(--soft); stroke-width: 1; }
.chart .chance { fill: none; stroke: var(--chance); stroke-width: 1; stroke-dasharray: 2 3; }
.chart .curve { fill: none; stroke-width: 1.8; stroke-linejoin: round; }
.chart .ink { fill: var(--ink); stroke: var(--ink); }
.chart .range { fill: none; stroke: currentColor; stroke-width: 8; stroke-opacity: 0.32; stroke-linecap: butt; }
.chart .point { fill: currentColor; stroke: var(--paper); stroke-width: 1; }
.chart .hollow { fill: var(--paper); stroke: currentColor; stroke-width: 1.6; }
.chart .drop { fill: none; stroke: var(--soft); stroke-width: 1; }
.chart .track { fill: var(--track); }
.chart .fill { fill: var(--funnel); }
.chart .searched { color: var(--searched); }
.chart .predicted { color: var(--predicted); }
.chart text.searched { fill: var(--searched); }
.chart text.predicted { fill: var(--predicted); }
.chart .solid { fill: currentColor; stroke: none; }
.chart .cell { fill: var(--searched); }
.chart .on-dark { fill: var(--paper); }
.chart .badge { fill: var(--paper); stroke: currentColor; stroke-width: 1.3; }
.chart .m1 { color: var(--m1); stroke: var(--m1); }
.chart .m2 { color: var(--m2); stroke: var(--m2); }
.chart .m3 { color: var(--m3); stroke: var(--m3); }
.chart .m4 { color: var(--m4); stroke: var(--m4); }
.chart .m5 { color: var(--m5); stroke: var(--m5); }
.chart .m6 { color: var(--m6); stroke: var(--m6); }
.chart text.letter { font-size: 9.5px; fill: currentColor; text-anchor: middle; }
`;

/** The background of a figure file: white, as in most papers. */
export const FIGURE_PAPER = '#ffffff';

/** The style of a figure file: light colours instead of CSS variables, which some SVG programs do not support. */
export function figureStyle(): string {
  const colours: Record<string, string> = { ...lightOf(BASE_STYLE), ...lightOf(CHART_STYLE), paper: FIGURE_PAPER };
  const rules = CHART_STYLE.slice(CHART_STYLE.indexOf('.chart'));
  return rules.replaceAll(/var\(--([a-z0-9-]+)\)/g, (whole, name: string) => colours[name] ?? whole);
}

/** The variables of the first `:root`. */
function lightOf(style: string): Record<string, string> {
  const start = style.indexOf(':root {');
  const block = style.slice(start, style.indexOf('}', start));
  return Object.fromEntries([...block.matchAll(/--([a-z0-9-]+): ([^;]+);/g)].map(([, name, value]) => [name, value]));
}
