/** Replaces NUL and lone surrogates, which PostgreSQL cannot store. */
export function wellFormed(text: string): string {
  return text.replaceAll('\0', '\u{FFFD}').replaceAll(/\p{Surrogate}/gu, '\u{FFFD}');
}

export function isStorable(text: string): boolean {
  return !text.includes('\0') && !/\p{Surrogate}/u.test(text);
}

export const STORABLE_RULE = 'text without U+0000 and without halves of surrogate pairs';

/** Converts text to a form that the catalogue can store: well-formed Unicode without U+0000 and surrounding blanks. */
export function storableText(text: string): string {
  return wellFormed(text).trim();
}

/** Shortens text to one storable line of at most `maxCharacters`, followed by a mark if it was longer. */
export function shortText(text: string, maxCharacters: number): string {
  // Cut first, because bodies can be megabytes. Twice the length allows for blanks that are merged.
  const start = text.slice(0, 2 * maxCharacters + 100).replaceAll(/[\s\p{Cc}]+/gu, ' ');
  const line = storableText(start.trimStart());
  const cut = line.length > maxCharacters;
  if (!cut && text.length <= 2 * maxCharacters + 100) return line;
  return `${line.slice(0, maxCharacters).replace(/[\uD800-\uDBFF]$/, '')}...`;
}
