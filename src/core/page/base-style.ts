/** Teal marks the class that a photo was searched as, rust the models' predictions. Loads no fonts or other files. */
export const BASE_STYLE = `
:root {
  color-scheme: light dark;
  --paper: #f7f6f3; --card: #fffefc; --mat: #ecebe6; --ink: #24231f; --soft: #67645c; --line: #dedbd3;
  --searched: #1f6f6b; --predicted: #a8481c; --funnel: #8d8879; --track: #e6e3dc; --warn: #8a5a00;
  --serif: "Iowan Old Style", "Palatino Linotype", Palatino, "URW Palladio L", P052, Georgia, serif;
  --bar: 2.6rem; --top: clamp(1rem, 3vw, 3rem);
  --sans: system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Helvetica Neue", Arial, sans-serif;
  --mono: ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace;
}
@media screen and (prefers-color-scheme: dark) {
  :root {
    --paper: #161614; --card: #1f1e1c; --mat: #121210; --ink: #e9e6de; --soft: #a09c91; --line: #34322d;
    --searched: #6fc0b6; --predicted: #e8956a; --funnel: #7d786b; --track: #34322d; --warn: #d9a441;
  }
}
* { box-sizing: border-box; }
html { scroll-padding-top: 1rem; }
body {
  margin: 0 auto; padding: var(--top); max-width: 96rem;
  background: var(--paper); color: var(--ink); font: 0.9375rem/1.5 var(--sans);
  font-variant-numeric: tabular-nums; overflow-wrap: anywhere; -webkit-text-size-adjust: 100%;
}
h1, h2, p, dl, dd, ol, ul { margin: 0; padding: 0; }
ol, ul { list-style: none; }
h1, h2 { font-family: var(--serif); font-weight: 500; line-height: 1.15; text-wrap: balance; }
a { color: inherit; text-decoration-color: color-mix(in srgb, currentColor 45%, transparent); text-underline-offset: 0.2em; }
a:hover { text-decoration-color: currentColor; }
:focus-visible { outline: 2px solid var(--searched); outline-offset: 3px; border-radius: 2px; }
code { font: 0.86em var(--mono); }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }

.eyebrow { color: var(--soft); font-size: 0.8125rem; }
h1 { font-size: clamp(2.2rem, 5vw, 3.6rem); letter-spacing: -0.015em; margin: 0.1em 0 0.6em; }
.funnel li { display: grid; grid-template-columns: 6.6rem 4.4rem minmax(0, 1fr) 10.4rem; gap: 0 0.75rem; align-items: center; padding: 0.4rem 0; border-top: 1px solid var(--line); }
.funnel .stage, .funnel .share { white-space: nowrap; }
.funnel .count { text-align: right; }
.funnel .bar { grid-area: 1 / 3; height: 0.75rem; }
.funnel .share { grid-area: 1 / 4; color: var(--soft); font-size: 0.8125rem; }
.funnel .lost { grid-area: 2 / 3 / auto / -1; color: var(--soft); font-size: 0.8125rem; }
.legend { margin-top: 2rem; color: var(--soft); display: flex; flex-wrap: wrap; gap: 0.25rem 2.5rem; }
.key { font-weight: 600; }
.key::before { content: ""; display: inline-block; width: 1.1em; height: 0.45em; margin-right: 0.45em; border-radius: 1px; background: currentColor; vertical-align: 0.12em; print-color-adjust: exact; }
.searched { color: var(--searched); }
.predicted { color: var(--predicted); }
small { font: 0.8125rem var(--sans); color: var(--soft); }
.grid { display: grid; grid-template-columns: repeat(auto-fill, minmax(14.5rem, 1fr)); gap: 1.25rem; }
.card { position: relative; background: var(--card); border: 1px solid var(--line); border-radius: 3px; content-visibility: auto; contain-intrinsic-size: auto 19rem; break-inside: avoid; }
.card:target { border-color: var(--predicted); }
.frame { aspect-ratio: 4 / 3; display: grid; place-items: center; overflow: hidden; background: var(--mat); color: var(--soft); font-size: 0.8125rem; }
.frame img { width: 100%; height: 100%; min-height: 0; object-fit: contain; }
.rank { position: absolute; top: 0.4rem; left: 0.4rem; min-width: 1.6rem; padding: 0 0.4rem; border-radius: 2px; background: var(--card); color: var(--ink); font-size: 0.8125rem; text-align: center; }
.probabilities { padding: 0.65rem 0.8rem 0; }
.probabilities div { display: grid; grid-template-columns: minmax(0, 1fr) auto; gap: 0.1rem 0.5rem; margin-bottom: 0.5rem; line-height: 1.3; }
.probabilities dt { hyphens: auto; }
.probabilities dd { display: contents; }
.probabilities .predicted { font-weight: 600; }
.bar { grid-column: 1 / -1; display: block; width: 100%; height: 0.25rem; }
.bar .track { fill: var(--track); }
.bar .fill { fill: currentColor; }
.bar .mark { stroke: var(--ink); stroke-width: 1.5px; }
.bar.funnel .fill { fill: var(--funnel); }
.also-in, .credit, .reason { padding: 0 0.8rem; font-size: 0.8125rem; line-height: 1.4; }
.also-in { margin-bottom: 0.35rem; }
.credit { padding-bottom: 0.7rem; color: var(--soft); font-size: 0.75rem; }
summary { width: fit-content; cursor: pointer; padding: 0.35rem 0; }
/* As wide as the window, whatever the page's own margins. Where it does not fit, it scrolls sideways. */
body:has(> .site) { overflow-x: clip; }
.site { display: flex; gap: 1.5rem; align-items: stretch; height: var(--bar); margin: calc(-1 * var(--top)) calc(50% - 50vw) 1.4rem; padding: 0 clamp(0.9rem, 2.5vw, 2rem); overflow: auto hidden; scrollbar-width: none; white-space: nowrap; border-bottom: 1px solid var(--line); font-size: 0.9375rem; }
.site > * { display: flex; align-items: center; flex: none; }
.site a { color: var(--soft); text-decoration: none; border-bottom: 2px solid transparent; border-top: 2px solid transparent; }
.site a:hover { color: var(--ink); }
.site a:focus-visible { outline-offset: -3px; }
.site a[aria-current] { color: var(--ink); font-weight: 600; border-bottom-color: var(--ink); }
.site .end { margin-left: auto; color: var(--soft); font-size: 0.8125rem; }

@media (max-width: 46rem) {
  .site { gap: 1rem; padding-right: 2.5rem; mask-image: linear-gradient(to left, transparent, #000 2.5rem); }
  .grid { grid-template-columns: repeat(auto-fill, minmax(10rem, 1fr)); gap: 0.75rem; }
  .funnel li { grid-template-columns: minmax(0, 1fr) 4.4rem 10.4rem; }
  .funnel .share { grid-area: 1 / 3; }
  .funnel .bar { grid-area: 2 / 1 / auto / -1; }
  .funnel .lost { grid-area: 3 / 1 / auto / -1; }
  .probabilities { padding-inline: 0.6rem; font-size: 0.875rem; }
  .also-in, .credit, .reason { padding-inline: 0.6rem; }
}
@media (max-width: 28rem) {
  .funnel li { grid-template-columns: minmax(0, 1fr) 4.4rem; }
  .funnel .share { grid-area: 3 / 1 / auto / -1; }
  .funnel .lost { grid-area: 4 / 1 / auto / -1; }
}
`;
