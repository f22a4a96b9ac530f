import { firstOf } from '../../core/collection/first-of.ts';
import { quote } from '../../core/tools/quote.ts';

/** The first few names, for a message: `'a', 'b', and 3 more`. */
export function quoted(names: readonly string[], atMost = 5): string {
  return firstOf(names.map(quote), atMost).join(', ');
}
