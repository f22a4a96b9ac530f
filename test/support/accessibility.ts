import axe, { type AxeResults } from 'axe-core';
import type { Page } from 'playwright-core';

/** What axe finds on a page, one line for each element: rule, element and what is wrong. Empty for an accessible page. */
export async function violationsOn(page: Page): Promise<string[]> {
  // The page's policy refuses scripts of others, but not what the browser's debugger runs.
  await page.evaluate(axe.source);
  const results: AxeResults = await page.evaluate('axe.run(document, { resultTypes: ["violations"] })');
  return results.violations.flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${html.slice(0, 160)}: ${failureSummary ?? ''}`),
  );
}

/** By how many pixels the document is wider than the window. Boxes within it may scroll on their own. */
export async function overflowOf(page: Page): Promise<number> {
  return page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth');
}
