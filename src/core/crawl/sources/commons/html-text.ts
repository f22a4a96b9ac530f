import { DomUtils, parseDocument } from 'htmlparser2';
import { storableText } from '../text.ts';

/** Tags at which browsers begin a line or a cell. */
const LINES = /<\/?(?:br|p|div|li|ul|ol|d[ldt]|t[rdh]|table|h\d)\b/gi;

/** Returns the text of a piece of HTML as people see it, in one line. */
export function htmlText(html: string): string {
  const root = parseDocument(html.replaceAll(LINES, ' $&'));
  // {{unknown}} and others repeat their text for machines in an element that browsers do not show.
  const hidden = DomUtils.getElements({ style: (style) => /display:\s*none/i.test(style ?? '') }, root, true);
  for (const element of hidden) DomUtils.removeElement(element);
  return storableText(DomUtils.innerText(root.children).replaceAll(/\s+/g, ' '));
}
