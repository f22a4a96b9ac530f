/** PostgreSQL stores neither NUL nor half a surrogate pair; nothing that matters is lost by replacing them. */
export function wellFormed(text: string): string {
  return text.replaceAll('\0', '\u{FFFD}').replaceAll(/\p{Surrogate}/gu, '\u{FFFD}');
}

/** A text from outside as the catalogue can store it: well-formed Unicode without U+0000, without blanks around it. */
export function storableText(text: string): string {
  return wellFormed(text).trim();
}

/** The beginning of a text, as one line of storable text of at most `maxCharacters` and a mark that there is more. */
export function shortText(text: string, maxCharacters: number): string {
  // Twice as many before blanks are put together: bodies can be megabytes.
  const start = text.slice(0, 2 * maxCharacters + 100).replaceAll(/[\s\p{Cc}]+/gu, ' ');
  const line = storableText(start.trimStart());
  const cut = line.length > maxCharacters;
  if (!cut && text.length <= 2 * maxCharacters + 100) return line;
  return `${line.slice(0, maxCharacters).replace(/[\uD800-\uDBFF]$/, '')}...`;
}
