import { TOKENS } from './tokens.ts';

/** Common to every page, the contact sheet and the report. */
export const BASE_STYLE = `${TOKENS}* { box-sizing: border-box; }
html { scroll-padding-top: 1rem; }
body {
  margin: 0 auto; padding: var(--top); max-width: 96rem;
  background: var(--paper); color: var(--ink); font: var(--text)/1.5 var(--sans);
  font-variant-numeric: tabular-nums; overflow-wrap: anywhere; -webkit-text-size-adjust: 100%;
}
h1, h2, h3, p, dl, dd, ol, ul, figure, fieldset, blockquote, pre { margin: 0; padding: 0; }
ol, ul { list-style: none; }
h1, h2 { font-family: var(--serif); font-weight: 500; line-height: 1.15; text-wrap: balance; }
a { color: inherit; text-decoration-color: color-mix(in srgb, currentColor 45%, transparent); text-underline-offset: 0.2em; }
a:hover { text-decoration-color: currentColor; }
:where(:focus-visible) { border-radius: var(--radius-photo); }
:focus-visible { outline: var(--focus); outline-offset: 3px; }
code { font: 0.86em var(--mono); }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }

.eyebrow, .funnel :is(.share, .lost) { color: var(--soft); font-size: var(--text-small); }
h1 { font-size: clamp(2.2rem, 5vw, 3.6rem); letter-spacing: -0.015em; margin: 0.1em 0 0.6em; }
.funnel li { display: grid; grid-template-columns: 6.6rem 4.4rem minmax(0, 1fr) 10.4rem; gap: 0 0.75rem; align-items: center; padding: 0.4rem 0; border-top: var(--rule); }
.funnel :is(.stage, .share) { white-space: nowrap; }
.funnel .count { text-align: right; }
.funnel .bar { grid-area: 1 / 3; height: 0.75rem; }
.funnel .share { grid-area: 1 / 4; }
.funnel .lost { grid-area: 2 / 3 / auto / -1; }
.legend { margin-top: 2rem; color: var(--soft); display: flex; flex-wrap: wrap; gap: 0.25rem 2.5rem; }
.key { font-weight: 600; }
.key::before { content: ""; display: inline-block; width: 1.1em; height: 0.45em; margin-right: 0.45em; border-radius: 1px; background: currentColor; vertical-align: 0.12em; print-color-adjust: exact; }
/* Names may be written from right to left. What stands beside them keeps its place. */
a, b, .searched, .predicted { unicode-bidi: isolate; }
.searched { color: var(--searched); }
.predicted { color: var(--predicted); }
small { font: var(--text-small) var(--sans); color: var(--soft); }
.grid { display: grid; grid-template-columns: repeat(auto-fill, minmax(14.5rem, 1fr)); gap: 1.25rem; }
.card { position: relative; background: var(--card); border: var(--rule); border-radius: var(--radius); content-visibility: auto; contain-intrinsic-size: auto 19rem; break-inside: avoid; }
.card:target { border-color: var(--predicted); }
.frame { aspect-ratio: 4 / 3; display: grid; place-items: center; overflow: hidden; background: var(--mat); color: var(--soft); font-size: var(--text-small); }
.frame img { width: 100%; height: 100%; min-height: 0; object-fit: contain; }
.rank { position: absolute; top: 0.4rem; left: 0.4rem; min-width: 1.6rem; padding: 0 0.4rem; border-radius: var(--radius-photo); background: var(--card); color: var(--ink); font-size: var(--text-small); text-align: center; }
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
.also-in, .credit, .reason { padding: 0 0.8rem; font-size: var(--text-small); line-height: 1.4; }
.also-in { margin-bottom: 0.35rem; }
.credit { padding-bottom: 0.7rem; color: var(--soft); font-size: 0.75rem; }
summary { width: fit-content; cursor: pointer; padding: 0.35rem 0; }
/* As wide as the window, whatever the page's own margins. Where it does not fit, it scrolls sideways. */
body:has(> .site) { overflow-x: clip; }
.site { display: flex; gap: 1.5rem; align-items: stretch; height: var(--bar); margin: calc(-1 * var(--top)) calc(50% - 50vw) 1.4rem; padding: 0 var(--gutter); overflow: auto hidden; scrollbar-width: none; white-space: nowrap; border-bottom: var(--rule); font-size: var(--text); }
.site > * { display: flex; align-items: center; flex: none; }
.site a { color: var(--soft); text-decoration: none; border-bottom: 2px solid transparent; border-top: 2px solid transparent; }
.site a:hover { color: var(--ink); }
.site a:focus-visible { outline-offset: -3px; }
.site a[aria-current] { color: var(--ink); font-weight: 600; border-bottom-color: var(--ink); }
.site .end { margin-left: auto; color: var(--soft); font-size: var(--text-small); }

@media (max-width: 46rem) {
  .site { gap: 1rem; padding-right: 2.5rem; mask-image: linear-gradient(to left, transparent, #000 2.5rem); }
  .grid { grid-template-columns: repeat(auto-fill, minmax(10rem, 1fr)); gap: 0.75rem; }
  .funnel li { grid-template-columns: minmax(0, 1fr) 4.4rem 10.4rem; }
  .funnel .share { grid-area: 1 / 3; }
  .funnel .bar { grid-area: 2 / 1 / auto / -1; }
  .funnel .lost { grid-area: 3 / 1 / auto / -1; }
  .probabilities { padding-inline: 0.6rem; font-size: var(--text-dense); }
  .also-in, .credit, .reason { padding-inline: 0.6rem; }
}
@media (max-width: 28rem) {
  .funnel li { grid-template-columns: minmax(0, 1fr) 4.4rem; }
  .funnel .share { grid-area: 3 / 1 / auto / -1; }
  .funnel .lost { grid-area: 4 / 1 / auto / -1; }
}
`;
