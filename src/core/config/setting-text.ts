import * as z from 'zod';
import { parseDocument } from 'yaml';
import { UsageError } from '../kernel/errors.ts';
import { quote } from '../tools/quote.ts';

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

/**
 * Converts text from the environment or the command line to the type of a schema: numbers, true and false, null if it is allowed,
 * lists separated by commas or as a YAML flow list (`[a, "b, c"]`), mappings as YAML (`{a: {b: c}}`). Returns text that does not fit unchanged, so that the schema's
 * error message quotes what the user wrote.
 */
export function valueFromText(schema: z.ZodType, text: string): unknown {
  const trimmed = text.trim();
  if (schema instanceof z.ZodNullable) {
    const inner = schema.unwrap();
    return trimmed === 'null' || !(inner instanceof z.ZodType) ? null : valueFromText(inner, text);
  }
  if (schema instanceof z.ZodNumber) return numberFromText(trimmed) ?? text;
  if (schema instanceof z.ZodBoolean) return trimmed === 'true' || (trimmed === 'false' ? false : text);
  if (schema instanceof z.ZodArray) return listFromText(schema, trimmed);
  if (schema instanceof z.ZodRecord) return fromYaml(trimmed);
  return trimmed;
}

/** Undefined for text that is not a number, and for numbers beyond 2^53, which would not keep the digits that were written. */
function numberFromText(text: string): number | undefined {
  const value = NUMBER.test(text) ? Number(text) : Number.NaN;
  return Math.abs(value) <= Number.MAX_SAFE_INTEGER ? value : undefined;
}

function listFromText({ element }: z.ZodArray, text: string): unknown {
  if (text === '') return [];
  const list = text.startsWith('[') ? fromYaml(text) : text.split(',').map((item) => item.trim());
  if (!Array.isArray(list) || !(element instanceof z.ZodNumber)) return list;
  return list.map((item) => (typeof item === 'string' ? valueFromText(element, item) : item));
}

function fromYaml(text: string): unknown {
  try {
    const document = parseDocument(text, { prettyErrors: false, schema: 'failsafe' });
    return document.errors.length + document.warnings.length > 0 ? text : document.toJS({ maxAliasCount: 0 });
  } catch {
    return text; // The text has an alias, or is nested so deeply that the parser ran out of stack.
  }
}

/** @throws UsageError `bad-set-argument` if the name or the `=` is missing */
export function parseSetArgument(argument: string): [name: string, text: string] {
  const equals = argument.indexOf('=');
  if (equals <= 0) {
    throw new UsageError(
      `Expected name=value for --set, as in --set filter.threads=2, but received ${quote(argument)}`,
      { code: 'bad-set-argument' },
    );
  }
  return [argument.slice(0, equals).trim(), argument.slice(equals + 1)];
}
