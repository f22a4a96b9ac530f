/**
 * Custom properties of every page, of the contact sheet and of the report: what has one value in all of them is changed here.
 * Teal marks the class that a photo was searched as, rust the models' predictions. Loads no fonts or other files.
 *
 * Media queries cannot use custom properties. Their widths are: 28rem and 30rem (small phone), 46rem (phone; 54rem for the single view
 * of the review), 52rem (tablet), 60rem (report in one column), 80rem (laptop), 120rem (large screen).
 */
export const TOKENS = `
:root {
  color-scheme: light dark;
  --paper: #f7f6f3; --card: #fffefc; --mat: #ecebe6; --ink: #24231f; --soft: #67645c; --line: #dedbd3;
  --searched: #1f6f6b; --predicted: #a8481c; --funnel: #8d8879; --track: #e6e3dc; --warn: #8a5a00;
  --serif: "Iowan Old Style", "Palatino Linotype", Palatino, "URW Palladio L", P052, Georgia, serif;
  --sans: system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Helvetica Neue", Arial, sans-serif;
  --mono: ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace;
  --text: 0.9375rem; --text-dense: 0.875rem; --text-small: 0.8125rem; --text-note: 0.78125rem; --text-tiny: 0.6875rem;
  --heading: 500 1.2rem/1.2 var(--serif); --heading-small: 600 1rem var(--sans); --figure: 500 1.3rem/1.2 var(--serif);
  --bar: 2.6rem; --top: clamp(1rem, 3vw, 3rem);
  --gutter: clamp(0.9rem, 2.5vw, 2rem); --columns: clamp(1.5rem, 4vw, 3rem); --charts: clamp(1.2rem, 3vw, 2.4rem);
  --touch: 2.75rem; --page-height: calc(100dvh - var(--bar));
  --rule: 1px solid var(--line); --radius: 3px; --radius-photo: 2px; --focus: 2px solid var(--searched); --cursor: 2px solid var(--ink);
  --shadow: 0 2px 12px rgb(0 0 0 / 12%); --shade: rgb(0 0 0 / 45%);
}
@media screen and (prefers-color-scheme: dark) {
  :root {
    --paper: #161614; --card: #1f1e1c; --mat: #121210; --ink: #e9e6de; --soft: #a09c91; --line: #34322d;
    --searched: #6fc0b6; --predicted: #e8956a; --funnel: #7d786b; --track: #34322d; --warn: #d9a441;
  }
}
`;
