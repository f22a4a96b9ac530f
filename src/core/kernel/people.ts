/** Roles on the server: a viewer looks, a reviewer also judges photos, an operator also steers the work. */
export const ROLES = ['viewer', 'reviewer', 'operator'] as const;
export type Role = (typeof ROLES)[number];

/**
 * The same for the two kinds of readers. Operators with a token see every verdict. To all others a photo whose second, blind
 * verdict is pending looks unreviewed, because each of them may be the one who gives it.
 */
export interface ByReader<T> {
  readonly operators: T;
  readonly others: T;
}
export type Reader = keyof ByReader<unknown>;

export const PERSON_NAME = /^[\p{L}\p{N}][\p{L}\p{M}\p{N} ._@'’-]{0,59}$/u;
export const PERSON_NAME_RULE = "1 to 60 letters, digits, spaces and . _ - @ ', the first a letter or a digit";

/** Normalises a name to one Unicode form, without spaces around it. Null if it is not a name. */
export function personName(text: string): string | null {
  const name = text.normalize('NFC').trim();
  return PERSON_NAME.test(name) ? name : null;
}

/** Names that are equal in this form are those of one person. */
export function foldedName(name: string): string {
  return name.normalize('NFKC').toLowerCase();
}

/** Returns those of these names that known people have, in any case, each once. */
export function namesOfPeople(names: readonly string[], people: readonly string[]): string[] {
  const known = new Set(people.map(foldedName));
  return [...new Set(names)].filter((name) => known.has(foldedName(name)));
}
