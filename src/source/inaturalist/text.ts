/** Converts text from outside to a form that the catalogue can store: well-formed Unicode without U+0000 and surrounding blanks. */
export function storableText(text: string): string {
  return text
    .replaceAll('\0', '\u{FFFD}')
    .replaceAll(/\p{Surrogate}/gu, '\u{FFFD}')
    .trim();
}
