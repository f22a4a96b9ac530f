import { oneLine } from '../../kernel/printable.ts';

/** A text that stays as it is in Markdown: on one line, with every character that Markdown or HTML would read escaped. */
export function plainMarkdown(text: string): string {
  return oneLine(text).replace(/[\\`*_[\]{}<>|#~&$]/g, String.raw`\$&`);
}

const tableLine = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;

export function markdownTable(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  return [heads, heads.map(() => '---'), ...rows].map(tableLine).join('\n');
}

export const bullets = (texts: readonly string[]): string => texts.map((text) => `- ${indented(text)}`).join('\n');

export const quotation = (text: string): string =>
  text
    .split('\n')
    .map((line) => `> ${plainMarkdown(line)}`.trimEnd())
    .join('\n');

const indented = (text: string): string => text.replaceAll('\n', '\n  ');
