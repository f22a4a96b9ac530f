import * as z from 'zod';
import { parseDocument } from 'yaml';
import { UsageError } from '../kernel/errors.ts';
import { quote } from './quote.ts';

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
const BOOLEANS: ReadonlyMap<string, boolean> = new Map([
  ['true', true],
  ['false', false],
]);

/**
 * Reads text from the environment or the command line as the type that the schema has: numbers, true and false, null where it is
 * allowed, lists by comma or as a YAML flow list (`[a, "b, c"]`). Text that does not fit is handed back as it is; the schema then
 * refuses it with the words that the user wrote.
 */
export function valueFromText(schema: z.ZodType, text: string): unknown {
  const trimmed = text.trim();
  if (schema instanceof z.ZodNullable) {
    const inner = schema.unwrap();
    return trimmed === 'null' || !(inner instanceof z.ZodType) ? null : valueFromText(inner, text);
  }
  if (schema instanceof z.ZodNumber) return numberFromText(trimmed) ?? text;
  if (schema instanceof z.ZodBoolean) return BOOLEANS.get(trimmed) ?? text;
  if (schema instanceof z.ZodArray) return listFromText(schema.element, trimmed);
  return trimmed;
}

/** Undefined beyond 2^53 too, where the number would no longer be the one that was written. */
function numberFromText(text: string): number | undefined {
  const value = NUMBER.test(text) ? Number(text) : Number.NaN;
  return Math.abs(value) <= Number.MAX_SAFE_INTEGER ? value : undefined;
}

function listFromText(element: unknown, text: string): unknown {
  if (text === '') return [];
  const items = text.startsWith('[') ? flowItems(text) : text.split(',').map((item) => item.trim());
  if (items === undefined || !(element instanceof z.ZodType)) return text;
  return items.map((item) => (typeof item === 'string' ? valueFromText(element, item) : item));
}

/** All scalars as the texts that they are, so that each item is read by its own type afterwards. */
function flowItems(text: string): unknown[] | undefined {
  try {
    const document = parseDocument(text, { prettyErrors: false, schema: 'failsafe' });
    if (document.errors.length > 0 || document.warnings.length > 0) return undefined;
    const value: unknown = document.toJS({ maxAliasCount: 0 });
    return Array.isArray(value) ? value : undefined;
  } catch {
    return undefined; // an alias, or nested beyond the stack
  }
}

/**
 * Takes `--set` text apart.
 *
 * @param argument `a.b.c=value`; the value may hold further `=`
 * @throws UsageError `bad-set-argument` without a name or a `=`
 */
export function parseSetArgument(argument: string): [name: string, text: string] {
  const equals = argument.indexOf('=');
  if (equals <= 0) {
    throw new UsageError(
      `Expected name=value for --set, as in --set filter.threads=2, but received ${quote(argument)}`,
      {
        code: 'bad-set-argument',
      },
    );
  }
  return [argument.slice(0, equals).trim(), argument.slice(equals + 1)];
}
