const MAX_LISTED = 20;

export function firstOf(items: readonly string[], atMost = MAX_LISTED): string[] {
  return items.length <= atMost
    ? [...items]
    : [...items.slice(0, atMost), `and ${(items.length - atMost).toLocaleString('en')} more`];
}
