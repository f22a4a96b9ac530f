import stringWidth from 'string-width';
import { oneLine } from '../../kernel/printable.ts';
import { countText } from '../../kernel/texts.ts';

export function tableText(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const areNumbers = head.map((_, column) => rows.every((row) => typeof row[column] === 'number'));
  const lines = [head, ...rows].map((row) =>
    row.map((cell) => (typeof cell === 'number' ? countText(cell) : oneLine(cell))),
  );
  const widths = head.map((_, column) =>
    lines.reduce((widest, row) => Math.max(widest, stringWidth(row[column] ?? '')), 0),
  );
  const padded = (text: string, column: number): string => {
    const space = ' '.repeat((widths[column] ?? 0) - stringWidth(text));
    return areNumbers[column] === true ? space + text : text + space;
  };
  return lines.map((row) => `${row.map(padded).join('  ').trimEnd()}\n`).join('');
}
