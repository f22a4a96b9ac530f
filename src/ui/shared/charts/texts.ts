/** Width of a letter of the figures' font, as a share of its size: a generous mean. */
const LETTER = 0.57;
const FONT_PX = 12;

/** Cuts a text to a width in units of the chart, with an ellipsis. */
export function fitText(text: string, width: number, fontPx = FONT_PX): string {
  const letters = [...text];
  const most = Math.max(1, Math.floor(width / (LETTER * fontPx)));
  return letters.length <= most ? text : `${letters.slice(0, most - 1).join('')}…`;
}

/** A width in units of the chart that has room for the text. */
export function widthOf(text: string, fontPx = FONT_PX): number {
  return [...text].length * LETTER * fontPx;
}

/** A coordinate with at most one decimal. */
export function at(value: number): number {
  return Math.round(value * 10) / 10;
}

/** `40 %` */
export function percentTick(fraction: number): string {
  return `${Math.round(100 * fraction)} %`;
}
