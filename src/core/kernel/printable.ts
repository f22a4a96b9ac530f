/**
 * Characters that can control a terminal. Names, creators and page addresses come from strangers on the web, so they may
 * contain them. ESC and the C1 codes clear screens and move the cursor (ECMA-48). The bidirectional controls of Unicode
 * (UAX #9, 2.1 to 2.3) can make a line look like another one.
 */
// oxlint-disable-next-line no-control-regex
const CONTROLS = /[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]/g;
const LINE_BREAKS_AND_TABS = /[\n\t]/g;

/** Escapes control characters as `\u001b`, which JSON reads as the same text. Keeps line breaks and tabs. */
export function printable(text: string): string {
  return text.replaceAll(CONTROLS, escaped);
}

/** Escapes control characters of a text that must stay on one line: also line breaks (as `\n`) and tabs (as `\t`). */
export function oneLine(text: string): string {
  return printable(text).replaceAll(LINE_BREAKS_AND_TABS, (character) =>
    character === '\n' ? String.raw`\n` : String.raw`\t`,
  );
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/** A text for people who may not know where files lie on this machine: each absolute path becomes its last part. */
export function withoutFolders(text: string): string {
  return text.replaceAll(/(?:file:\/\/|(?<![\w:/.~%-]))\/(?:[^\s/'"]+\/)+/g, '');
}
