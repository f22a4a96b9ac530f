/** A text from outside as the catalogue can store it: well-formed Unicode without U+0000, without blanks around it. */
export function storableText(text: string): string {
  return text
    .replaceAll('\0', '\u{FFFD}')
    .replaceAll(/\p{Surrogate}/gu, '\u{FFFD}')
    .trim();
}
