import { oneLine } from '../../kernel/printable.ts';

/** A text that stays as it is in Markdown: on one line, with every character that Markdown or HTML would read escaped. */
export function plainMarkdown(text: string): string {
  return oneLine(text).replace(/[\\`*_[\]{}<>|#~&$]/g, String.raw`\$&`);
}

const tableLine = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;

/** A table. The cells are Markdown without line breaks. */
export function markdownTable(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  return [heads, heads.map(() => '---'), ...rows].map(tableLine).join('\n');
}

export const bullets = (texts: readonly string[]): string => texts.map((text) => `- ${indented(text)}`).join('\n');

/** A quotation of plain text, line by line. */
export const quotation = (text: string): string =>
  text
    .split('\n')
    .map((line) => `> ${plainMarkdown(line)}`.trimEnd())
    .join('\n');

/** Keeps the further lines of a text inside its bullet. */
const indented = (text: string): string => text.replaceAll('\n', '\n  ');
