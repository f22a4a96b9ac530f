/**
 * The contact sheet's style sheet. Between `<style>` tags byte for byte: the page's policy admits it by its hash.
 * Colours: ink on warm paper; teal for what a photo was searched as, rust for what the models say. No web fonts, nothing is fetched.
 */
export const CONTACT_SHEET_STYLE = `
:root {
  color-scheme: light dark;
  --paper: #f7f6f3; --card: #fffefc; --mat: #ecebe6; --ink: #24231f; --soft: #67645c; --line: #dedbd3;
  --searched: #1f6f6b; --predicted: #a8481c; --funnel: #8d8879; --track: #e6e3dc;
  --serif: "Iowan Old Style", "Palatino Linotype", Palatino, "URW Palladio L", P052, Georgia, serif;
  --sans: system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Helvetica Neue", Arial, sans-serif;
  --mono: ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace;
}
@media screen and (prefers-color-scheme: dark) {
  :root {
    --paper: #161614; --card: #1f1e1c; --mat: #121210; --ink: #e9e6de; --soft: #a09c91; --line: #34322d;
    --searched: #6fc0b6; --predicted: #e8956a; --funnel: #7d786b; --track: #34322d;
  }
}
* { box-sizing: border-box; }
html { scroll-padding-top: 1rem; }
body {
  margin: 0 auto; padding: clamp(1rem, 3vw, 3rem); max-width: 96rem;
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
.overview { display: grid; grid-template-columns: minmax(0, 5fr) minmax(0, 6fr); gap: 2rem clamp(2rem, 5vw, 5rem); align-items: start; }
.facts div { display: grid; grid-template-columns: 8rem minmax(0, 1fr); padding: 0.4rem 0; border-top: 1px solid var(--line); }
.facts dt { color: var(--soft); }
.member + .member::before { content: ", "; }
.funnel li { display: grid; grid-template-columns: 4.5rem 5rem minmax(0, 1fr) 8.5rem; gap: 0 0.75rem; align-items: center; padding: 0.4rem 0; border-top: 1px solid var(--line); }
.funnel .count { text-align: right; }
.funnel .bar { grid-area: 1 / 3; height: 0.75rem; }
.funnel .share { grid-area: 1 / 4; color: var(--soft); }
.funnel .lost { grid-area: 2 / 3 / auto / -1; color: var(--soft); font-size: 0.8125rem; }
.legend { margin-top: 2rem; color: var(--soft); display: flex; flex-wrap: wrap; gap: 0.25rem 2.5rem; }
.key { font-weight: 600; }
.key::before { content: ""; display: inline-block; width: 1.1em; height: 0.45em; margin-right: 0.45em; border-radius: 1px; background: currentColor; vertical-align: 0.12em; print-color-adjust: exact; }
.searched { color: var(--searched); }
.predicted { color: var(--predicted); }

nav { margin: 2.5rem 0 0; padding: 1.25rem 0 0; border-top: 1px solid var(--line); }
nav h2 { font-size: 1.35rem; margin-bottom: 0.75rem; }
small { font: 0.8125rem var(--sans); color: var(--soft); }
nav ul { columns: 13rem; column-gap: 2rem; }
nav li { display: flex; align-items: baseline; gap: 0.5rem; break-inside: avoid; padding: 0.1rem 0; }
nav li .count { margin-left: auto; color: var(--soft); }
.rest { margin-top: 1rem; color: var(--soft); }

main { display: grid; grid-template-columns: repeat(auto-fill, minmax(14.5rem, 1fr)); gap: 3.5rem 1.25rem; margin-top: 3.5rem; }
.class { grid-column: 1 / -1; min-width: 0; }
.class.few-1 { grid-column: span 1; }
.class.few-2 { grid-column: span 2; }
.few .to-contents, .few .counts, .few .gloss { display: none; }
.class.few h2 { font-size: 1.35rem; }
.class.few h2 code { display: block; margin: 0.15rem 0 0; }
.class.few > header { border-top-width: 1px; padding-top: 0.6rem; margin-bottom: 0.9rem; }
.class > header { display: grid; grid-template-columns: minmax(0, 1fr) auto; gap: 0.15rem 1.5rem; margin-bottom: 1.5rem; padding-top: 1rem; border-top: 2px solid var(--ink); }
.class h2 { font-size: clamp(1.6rem, 3vw, 2.2rem); }
.class h2 code { font-size: 0.8125rem; color: var(--soft); margin-left: 0.35rem; }
.to-contents { align-self: center; color: var(--soft); font-size: 0.8125rem; }
.class > header > :nth-child(n + 3) { grid-column: 1 / -1; }
.gloss { font-family: var(--serif); font-style: italic; color: var(--soft); }
.gloss:empty { display: none; }
.counts { display: flex; flex-wrap: wrap; gap: 0.15rem 1.5rem; margin-top: 0.5rem; }
.counts div { display: flex; flex-direction: row-reverse; gap: 0.35em; }
.counts dt { color: var(--soft); }
.counts dd { font-weight: 600; }
.confusions { color: var(--soft); }

.grid { display: grid; grid-template-columns: repeat(auto-fill, minmax(14.5rem, 1fr)); gap: 1.25rem; }
.card { position: relative; background: var(--card); border: 1px solid var(--line); border-radius: 3px; content-visibility: auto; contain-intrinsic-size: auto 19rem; break-inside: avoid; }
.card:target { border-color: var(--predicted); }
.frame { aspect-ratio: 4 / 3; display: grid; place-items: center; overflow: hidden; background: var(--mat); color: var(--soft); font-size: 0.8125rem; }
.frame img { width: 100%; height: 100%; min-height: 0; object-fit: contain; }
.rank { position: absolute; top: 0.4rem; left: 0.4rem; min-width: 1.6rem; padding: 0 0.4rem; border-radius: 2px; background: var(--card); color: var(--ink); font-size: 0.8125rem; text-align: center; }
.probabilities { padding: 0.65rem 0.8rem 0; }
.probabilities div { display: grid; grid-template-columns: minmax(0, 1fr) auto; gap: 0.1rem 0.5rem; margin-bottom: 0.5rem; line-height: 1.3; }
.probabilities dt { hyphens: auto; }
.probabilities .predicted { font-weight: 600; }
.bar { grid-column: 1 / -1; display: block; width: 100%; height: 0.25rem; }
.bar .track { fill: var(--track); }
.bar .fill { fill: currentColor; }
.bar .mark { stroke: var(--ink); stroke-width: 1.5px; vector-effect: non-scaling-stroke; }
.bar.funnel .fill { fill: var(--funnel); }
.also-in, .credit, .reason { padding: 0 0.8rem; font-size: 0.8125rem; line-height: 1.4; }
.also-in { margin-bottom: 0.35rem; }
.credit { padding-bottom: 0.7rem; color: var(--soft); font-size: 0.75rem; }

.tiles { grid-column: 1 / -1; }
.tile h2 { padding: 0.65rem 0.8rem 0.2rem; font-size: 1.2rem; }
.tile > a { display: block; }
.eyebrow + .legend { margin-top: 0.75rem; }

details { margin-top: 1.5rem; }
summary { width: fit-content; cursor: pointer; color: var(--soft); padding: 0.35rem 0; }
summary:hover { color: var(--ink); }
.grid.small { grid-template-columns: repeat(auto-fill, minmax(10.5rem, 1fr)); gap: 0.9rem; margin-top: 0.75rem; }
.card.small { contain-intrinsic-size: auto 14rem; }
.card.small .frame { opacity: 0.85; }
.reason { padding-top: 0.5rem; font-weight: 600; }
.card.small .probabilities { padding-top: 0.25rem; font-size: 0.8125rem; }
.card.small .probabilities div { margin-bottom: 0.15rem; }
.card.small .credit { padding-top: 0.2rem; }

@media (max-width: 46rem) {
  .overview { grid-template-columns: minmax(0, 1fr); }
  .grid, main { grid-template-columns: repeat(auto-fill, minmax(10rem, 1fr)); column-gap: 0.75rem; }
  .grid { row-gap: 0.75rem; }
  .funnel li { grid-template-columns: minmax(0, 1fr) 5rem 8.5rem; }
  .funnel .share { grid-area: 1 / 3; }
  .funnel .bar { grid-area: 2 / 1 / auto / -1; }
  .funnel .lost { grid-area: 3 / 1 / auto / -1; }
  .facts div { grid-template-columns: 7.5rem minmax(0, 1fr); }
  .probabilities { padding-inline: 0.6rem; font-size: 0.875rem; }
  .also-in, .credit, .reason { padding-inline: 0.6rem; }
}
@media print {
  @page { margin: 12mm; }
  html { font-size: 8.5pt; }
  body { padding: 0; max-width: none; background: none; }
  .grid { grid-template-columns: repeat(5, 1fr); gap: 3mm; }
  .card { content-visibility: visible; }
  main { grid-template-columns: repeat(5, 1fr); gap: 8mm 3mm; margin-top: 8mm; }
  .class > header { break-after: avoid; }
  .frame, .rank { print-color-adjust: exact; }
  .to-contents { display: none; }
}
`;
