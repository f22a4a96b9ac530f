/**
 * Names, creators and pages come from anybody, and a terminal obeys what it is sent: ESC and the C1 codes clear screens
 * and move the cursor (ECMA-48), the bidirectional controls of Unicode (UAX #9, 2.1 to 2.3) let a line read as another.
 */
// oxlint-disable-next-line no-control-regex
const CONTROLS = /[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]/g;
const LINE_BREAKS_AND_TABS = /[\n\t]/g;

/** A text with its control characters as `\u001b`, which JSON reads as the same text; line breaks and tabs stay. */
export function printable(text: string): string {
  return text.replaceAll(CONTROLS, escaped);
}

/** The same for a part of a line: a line break is written as `\n`, a tab as `\t`. */
export function oneLine(text: string): string {
  return printable(text).replaceAll(LINE_BREAKS_AND_TABS, (character) =>
    character === '\n' ? String.raw`\n` : String.raw`\t`,
  );
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
