import { BASE_STYLE } from '../../page/base-style.ts';

/** The contact sheet's style sheet. It stands between `<style>` tags byte for byte: the page's policy admits it by its hash. */
export const CONTACT_SHEET_STYLE = `${BASE_STYLE}.overview { display: grid; grid-template-columns: minmax(0, 5fr) minmax(0, 6fr); gap: 2rem clamp(2rem, 5vw, 5rem); align-items: start; }
.facts div { display: grid; grid-template-columns: 8rem minmax(0, 1fr); padding: 0.4rem 0; border-top: 1px solid var(--line); }
.facts dt { color: var(--soft); }
.member + .member::before { content: ", "; }

#contents { margin: 2.5rem 0 0; padding: 1.25rem 0 0; border-top: 1px solid var(--line); }
#contents h2 { font-size: 1.35rem; margin-bottom: 0.75rem; }
#contents ul { columns: 13rem; column-gap: 2rem; }
#contents li { display: flex; align-items: baseline; gap: 0.5rem; break-inside: avoid; padding: 0.1rem 0; }
#contents li .count { margin-left: auto; color: var(--soft); }
.rest { margin-top: 1rem; color: var(--soft); }

main.sheet { display: grid; grid-template-columns: repeat(auto-fill, minmax(14.5rem, 1fr)); gap: 3.5rem 1.25rem; margin-top: 3.5rem; }
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

details { margin-top: 1.5rem; }
summary { color: var(--soft); }
summary:hover { color: var(--ink); }

.tiles { grid-column: 1 / -1; }
.tile h2 { padding: 0.65rem 0.8rem 0.2rem; font-size: 1.2rem; }
.tile > a { display: block; }
.eyebrow + .legend { margin-top: 0.75rem; }

.grid.small { grid-template-columns: repeat(auto-fill, minmax(10.5rem, 1fr)); gap: 0.9rem; margin-top: 0.75rem; }
.card.small { contain-intrinsic-size: auto 14rem; }
.card.small .frame { opacity: 0.85; }
.reason { padding-top: 0.5rem; font-weight: 600; }
.card.small .probabilities { padding-top: 0.25rem; font-size: 0.8125rem; }
.card.small .probabilities div { margin-bottom: 0.15rem; }
.card.small .credit { padding-top: 0.2rem; }
@media (max-width: 46rem) {
  .overview { grid-template-columns: minmax(0, 1fr); }
  main.sheet { grid-template-columns: repeat(auto-fill, minmax(10rem, 1fr)); column-gap: 0.75rem; }
  .facts div { grid-template-columns: 7.5rem minmax(0, 1fr); }
}
/* There is one column only. */
@media (max-width: 23rem) {
  .class.few-2 { grid-column: 1 / -1; }
}
@media print {
  @page { margin: 12mm; }
  html { font-size: 8.5pt; }
  body { padding: 0; max-width: none; background: none; }
  .grid { grid-template-columns: repeat(5, 1fr); gap: 3mm; }
  .card { content-visibility: visible; }
  main.sheet { grid-template-columns: repeat(5, 1fr); gap: 8mm 3mm; margin-top: 8mm; }
  .class > header { break-after: avoid; }
  .frame, .rank { print-color-adjust: exact; }
  .to-contents, .site { display: none; }
}
`;
