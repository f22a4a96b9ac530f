/** Problems or ids that one message lists; `checkCollection` has them all. */
const MAX_LISTED = 20;

/** The first few of a list in a message, and how many more there are. */
export function firstOf(items: readonly string[]): string[] {
  return items.length <= MAX_LISTED
    ? [...items]
    : [...items.slice(0, MAX_LISTED), `and ${items.length - MAX_LISTED} more`];
}
