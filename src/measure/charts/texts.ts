const FONT_PX = 12;

/** Widths of letters as shares of the font's size, in the widest of the usual fonts (DejaVu Sans), on the safe side. */
const NARROW = /[ .,:;'|!()ijlft·\u00a0-]/;
const WIDE = /[mwMW%@…–—]|[^\p{Script=Latin}\p{Script=Common}\p{Script=Greek}\p{Script=Cyrillic}]/u;

function shareOf(letter: string): number {
  if (NARROW.test(letter)) return 0.36;
  return WIDE.test(letter) ? 0.98 : 0.64;
}

/** Chart units that a text takes at most. */
export function widthOf(text: string, fontPx = FONT_PX): number {
  return Array.from(text, (letter) => shareOf(letter) * fontPx).reduce((sum, width) => sum + width, 0);
}

/** Cuts a text to a width in units of the chart, with an ellipsis. */
export function fitText(text: string, width: number, fontPx = FONT_PX): string {
  if (widthOf(text, fontPx) <= width) return text;
  let left = width - widthOf('…', fontPx);
  let cut = '';
  for (const letter of text) {
    left -= shareOf(letter) * fontPx;
    if (left < 0) break;
    cut += letter;
  }
  return `${cut.trimEnd()}…`;
}

/** A coordinate with at most one decimal. */
export function at(value: number): number {
  return Math.round(value * 10) / 10;
}

export function percentTick(fraction: number): string {
  return `${Math.round(100 * fraction)} %`;
}
