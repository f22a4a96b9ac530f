/** Problems or ids that one message lists; `checkCollection` has them all. */
const MAX_LISTED = 20;

/** The first few of a list in a message, and how many more there are. */
export function firstOf(items: readonly string[], atMost = MAX_LISTED): string[] {
  return items.length <= atMost
    ? [...items]
    : [...items.slice(0, atMost), `and ${(items.length - atMost).toLocaleString('en')} more`];
}
