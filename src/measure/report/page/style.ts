import { CHART_STYLE } from '../../charts/style.ts';

/** The style of the report, beside that of every page. Pages have rules of their own for tables and sections: these are more specific. */
export const REPORT_STYLE = `${CHART_STYLE}
.report { max-width: 78rem; margin: 0 auto; }
.report h1 { font-size: clamp(2.2rem, 5vw, 3.6rem); margin: 0.05em 0 0.15em; }
.report h2 { font: 500 clamp(1.5rem, 3vw, 1.95rem)/1.15 var(--serif); margin: 0 0 0.9rem; }
.report h3 { font: var(--heading); margin: 2.4rem 0 0.5rem; }
.report section { margin: 0; padding-top: 1.1rem; border-top: 2px solid var(--ink); }
.report section + section { margin-top: 3.6rem; }
.report section > p, .report .sentences { max-width: 44rem; }
.report :is(.lead, .origin, .note, .fresh, .says, .files, .letter, .nothing-yet, .scale, .no-picture, thead th, .facts dt, td small),
.report :is(.big-numbers dd span, .caution code, .leads li:first-child, .left-out dd) { color: var(--soft); }
.report :is(.origin, .note, .fresh, .leads, .big-numbers dd span) { font-size: var(--text-dense); }
.report :is(.warn, .says, .files, .letter, .scale, .no-picture, .tags, thead th) { font-size: var(--text-small); }
.report .lead { font: 1.15rem/1.4 var(--serif); max-width: 46rem; }
.report .note { margin-top: 0.9rem; }
.report .note b { color: var(--ink); font-weight: 600; }
.report .nothing-yet { margin-bottom: 0.6rem; font-family: var(--serif); font-style: italic; }

.report .big-numbers { display: grid; grid-template-columns: repeat(auto-fit, minmax(15rem, 1fr)); gap: 0.4rem clamp(1.5rem, 4vw, 3.5rem); margin: 2rem 0 1.6rem; }
.report .big-numbers > div { display: grid; grid-row: span 2; grid-template-rows: subgrid; gap: 0; padding-top: 0.7rem; border-top: var(--rule); }
.report .big-numbers dt { line-height: 1.35; margin-bottom: 0.35rem; }
.report .big-numbers dd b { display: block; font: 500 clamp(2.6rem, 6vw, 4.2rem)/1.05 var(--serif); letter-spacing: -0.02em; white-space: nowrap; }

.report :is(.stale, .fresh) { display: flex; flex-wrap: wrap; align-items: center; gap: 0.4rem 1.4rem; margin-bottom: 1rem; }
.report .stale { margin-bottom: 1.6rem; padding: 0.6rem 0.9rem; border: 1px solid var(--warn); border-radius: var(--radius); background: var(--card); }
.report .stale form { margin-left: auto; }
.report :is(.warn, .stale b, .caution b) { color: var(--warn); }
.report :is(.stale, .caution) b { font-weight: 600; }
.report :is(.stale, .caution) b::after { content: ":"; }
.report .caution { margin-bottom: 0.9rem; padding: 0.15rem 0 0.15rem 0.8rem; border-left: 3px solid var(--warn); }
.report .caution code { display: block; margin-top: 0.15rem; }

.report .contents { margin: 2.2rem 0 2.6rem; padding: 0.8rem 0; border-top: var(--rule); border-bottom: var(--rule); }
.report .contents ol { display: flex; flex-wrap: wrap; gap: 0.3rem 1.6rem; }

.report .plots { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(19rem, 100%), 1fr)); gap: 2.2rem clamp(1.6rem, 3.5vw, 3.2rem); align-items: start; margin-top: 1.4rem; }
.report .plot { max-width: 26rem; break-inside: avoid; }
.report .chart { display: block; width: 100%; height: auto; }
.report .plot figcaption { font-weight: 600; margin-bottom: 0.6rem; }
.report .says { margin-top: 0.5rem; line-height: 1.45; }
.report :is(.files, .key, .top-confusions p > a, .why dd) { white-space: nowrap; }
.report .files a + a { margin-left: 0.7em; }

.report .tabled { position: relative; width: fit-content; max-width: 100%; margin-top: 1.8rem; }
.report div.tabled > .files { position: absolute; top: 0.2rem; right: 0; }
.report div.tabled caption { padding-right: 3.2rem; }
.report table { width: auto; min-width: min(100%, 22rem); max-width: 100%; border-collapse: collapse; }
.report :is(caption, .tabled summary) { font: 500 1.05rem/1.3 var(--serif); color: inherit; }
.report caption { text-align: left; margin: 0; padding-bottom: 0.35rem; }
.report th, .report td { padding: 0.35rem 0 0.35rem 1.6rem; border-top: var(--rule); text-align: right; font-weight: 400; white-space: nowrap; vertical-align: baseline; }
.report table.wide :is(thead th, td) { white-space: normal; overflow-wrap: normal; }
.report th:first-child { text-align: left; padding-left: 0; white-space: normal; }
.report thead th { border-top: 0; border-bottom: 1px solid var(--ink); vertical-align: bottom; }
.report tbody tr:first-child > * { border-top: 0; }
.report td small { display: block; white-space: normal; }
.report .letter { display: inline-block; min-width: 1.3em; }

.report .pair { display: grid; grid-template-columns: minmax(0, 7fr) minmax(0, 4fr); gap: 1rem clamp(1.6rem, 4vw, 3.5rem); align-items: start; }
.report .pair .tabled { margin-top: 0; width: auto; }
.report .tables { display: flex; flex-wrap: wrap; align-items: flex-start; gap: 0 clamp(2rem, 5vw, 4.5rem); }
.report .pair table { min-width: 100%; }
.report .facts { display: grid; gap: 0.4rem; max-width: 50rem; }
.report .facts div { display: grid; grid-template-columns: 7rem minmax(0, 1fr); gap: 0 0.8rem; border: 0; padding: 0; }

/* The page of reviews has a stage of its own. */
.report .funnel .stage { display: block; background: none; }
.report .leads { display: flex; flex-wrap: wrap; gap: 0.2rem 1.4rem; margin-top: 0.8rem; }

.report .beside { display: grid; grid-template-columns: minmax(0, 25rem) minmax(0, 1fr); gap: 1.4rem clamp(1.6rem, 4vw, 3.5rem); align-items: start; }
.report .beside .plots { grid-template-columns: minmax(0, 1fr); }
.report .top-confusions { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(15rem, 100%), 1fr)); gap: 1.2rem 1.4rem; margin-top: 1.4rem; }
.report .top-confusions li { break-inside: avoid; }
.report .top-confusions p { display: flex; justify-content: space-between; gap: 0.8rem; padding-top: 0.4rem; border-top: var(--rule); line-height: 1.35; }
.report .examples { display: grid; grid-template-columns: repeat(4, minmax(0, 1fr)); gap: 3px; margin-top: 0.45rem; }
.report .examples img { display: block; width: 100%; aspect-ratio: 1; object-fit: cover; background: var(--mat); border-radius: var(--radius-photo); }

.report .gallery { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(17rem, 100%), 1fr)); gap: 1.6rem 1.2rem; margin: 1.2rem 0 0.8rem; }
.report .why { display: flex; flex-direction: column; background: var(--card); border: var(--rule); border-radius: var(--radius); break-inside: avoid; }
.report .why .shots { display: grid; gap: 2px; background: var(--mat); }
.report .why .shot { display: block; width: 100%; height: 13rem; background: var(--mat); }
.report .why .shot img { width: 100%; height: 100%; object-fit: contain; }
.report .why .alone, .report .no-picture { height: 19.7rem; }
.report .why .heats { display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 2px; }
.report .why .heat { height: 6.6rem; }
.report .why .scale { display: flex; align-items: center; gap: 0.5rem; padding: 0.25rem 0.8rem; background: var(--card); }
.report .why .ramp { width: 4.5rem; height: 0.5rem; background: linear-gradient(to right, transparent, currentColor); border: var(--rule); }
.report .heat rect { fill: currentColor; }
.report .heat .pale { filter: grayscale(1); opacity: 0.5; }
.report .no-picture { display: grid; place-items: center; background: var(--mat); }
.report .why dl { padding: 0.6rem 0.8rem 0.2rem; }
.report .why dl div { display: flex; justify-content: space-between; align-items: baseline; gap: 0.8rem; line-height: 1.4; }
.report .why div:last-child :is(dt, dd) { font-weight: 600; }
.report .why .tags { padding: 0.1rem 0.8rem; }
.report .why .credit { margin-top: auto; }

.report .method { display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 0 clamp(2rem, 5vw, 4.5rem); }
.report .method h3:first-child { margin-top: 0.6rem; }
.report .left-out div { padding: 0.2rem 0; }
.report .sentences { display: grid; gap: 0.35rem; }
.report .sentences li { padding-left: 1.1em; text-indent: -1.1em; }
.report .sentences li::before { content: "–"; display: inline-block; width: 1.1em; text-indent: 0; color: var(--soft); }

@media (max-width: 60rem) {
  .report .pair, .report .beside, .report .method { grid-template-columns: minmax(0, 1fr); }
}
@media screen and (max-width: 46rem) {
  .report .big-numbers { grid-template-columns: minmax(0, 1fr); gap: 1.1rem; }
  .report table, .report tbody, .report th[scope="row"], .report td, .report caption:not(.unseen) { display: block; min-width: 0; width: auto; }
  .report thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  .report th[scope="row"], .report td { border: 0; padding: 0.05rem 0; }
  .report tr { padding: 0.5rem 0; border-top: var(--rule); display: grid; grid-template-columns: repeat(3, minmax(0, 1fr)); gap: 0.15rem 0.8rem; }
  .report table.wide tr { grid-template-columns: repeat(2, minmax(0, 1fr)); }
  .report th[scope="row"] { grid-column: 1 / -1; }
  .report td { text-align: left; line-height: 1.35; white-space: normal; }
  .report td::before { content: attr(data-title); display: block; color: var(--soft); font-size: 0.75rem; }
  .report .tables > *, .report .tabled { flex: 1 1 100%; min-width: 0; width: auto; }
  .report .facts div { grid-template-columns: minmax(0, 1fr); }
}
@media print {
  @page report { margin: 14mm; }
  .report { page: report; }
  html:has(.report) { font-size: 8.5pt; }
  body:has(.report) { padding: 0; max-width: none; background: none; }
  .report .contents, .report .stale, .report .fresh, .report .files, nav.site:has(+ .report) { display: none; }
  .report section + section { margin-top: 9mm; }
  .report h2, .report h3, .report caption { break-after: avoid; }
  .report tr { break-inside: avoid; }
  .report details::details-content { content-visibility: visible; block-size: auto; }
  .report .plots { grid-template-columns: repeat(3, minmax(0, 1fr)); gap: 6mm; }
  .report .plot { max-width: none; }
  .report .pair { grid-template-columns: minmax(0, 7fr) minmax(0, 4fr); }
  .report .beside { grid-template-columns: minmax(0, 2fr) minmax(0, 3fr); }
  .report .gallery { grid-template-columns: repeat(4, minmax(0, 1fr)); gap: 4mm; }
  .report .why .shot { height: 34mm; }
  .report .why .heat { height: 17mm; }
  .report .why .alone { height: 51.5mm; }
  .report svg, .report img { print-color-adjust: exact; }
}
`;
