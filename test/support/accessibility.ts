import axe, { type AxeResults } from 'axe-core';
import type { Page } from 'playwright-core';

/** The rules that depend on colours. A page that passes all rules in light colours need only pass these in dark ones. */
const COLOUR_RULES = ['color-contrast', 'link-in-text-block'];

/**
 * Runs axe on a page. Returns one line for each violation: rule, element and what is wrong.
 *
 * @param rules `colours`: only the rules that depend on colours
 */
export async function violationsOn(page: Page, rules: 'all' | 'colours' = 'all'): Promise<string[]> {
  // The page's policy refuses scripts of others, but not what the browser's debugger runs.
  await page.evaluate(axe.source);
  const options = { resultTypes: ['violations'], ...(rules === 'all' ? {} : { runOnly: COLOUR_RULES }) };
  const results: AxeResults = await page.evaluate(`axe.run(document, ${JSON.stringify(options)})`);
  return results.violations.flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${html.slice(0, 160)}: ${failureSummary ?? ''}`),
  );
}

/** By how many pixels the document is wider than the window. Boxes within it may scroll on their own. */
export async function overflowOf(page: Page): Promise<number> {
  return page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth');
}
