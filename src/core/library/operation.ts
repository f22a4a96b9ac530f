import * as z from 'zod';
import { firstProblem } from '../config/schema-problems.ts';
import { UsageError } from '../kernel/errors.ts';
import { quote } from '../tools/quote.ts';

/** The flag of an option has the option's name: `hardLinks` is `--hard-links`. */
export interface Flag extends FlagTexts {
  /** The value in the help, as in `--out <dir>`. Empty for options that are true or false. */
  readonly value: string;
}

interface FlagTexts {
  readonly help: string;
  /** The sentence of the package's types. By default it is `help`. */
  readonly sentence?: string;
  /** True if the flag is repeated for several values. By default they are separated by commas. */
  readonly isRepeated?: boolean;
  /** Reads the value of the flag. By default its schema says how. */
  readonly parse?: (text: string) => unknown;
}

export const FLAGS = z.registry<Flag>();

/** Gives an option its flag. Without a default and `optional`, the flag is needed. */
export function option<Schema extends z.ZodType>(schema: Schema, value: string, texts: string | FlagTexts): Schema {
  FLAGS.add(schema, { value, ...(typeof texts === 'string' ? { help: texts } : texts) });
  return schema;
}

export function optional<Schema extends z.ZodType>(
  schema: Schema,
  value: string,
  texts: string | FlagTexts,
): z.ZodOptional<Schema> {
  return option(z.optional(schema), value, texts);
}

export function neededText(value: string, texts: string | FlagTexts): z.ZodString {
  return option(z.string(), value, texts);
}

export function optionalText(value: string, texts: string | FlagTexts): z.ZodOptional<z.ZodString> {
  return optional(z.string(), value, texts);
}

/** True or false. The flag of an option that is true by default is `--no-NAME`. */
export function either(fallback: boolean, texts: string | FlagTexts): z.ZodDefault<z.ZodBoolean> {
  return option(z.boolean().default(fallback), '', texts);
}

export function listOf<Schema extends z.ZodType>(element: Schema): z.ZodReadonly<z.ZodArray<Schema>> {
  return z.array(element).readonly();
}

/** The options as programs give them. */
export type OptionsOf<Schema extends z.ZodObject> = Readonly<z.input<Schema>>;

/**
 * The options with their defaults.
 * @throws UsageError `bad-NAME` for the first option that has a wrong value, because programs without types may give anything
 */
export function withDefaults<Schema extends z.ZodObject>(schema: Schema, options: object): z.output<Schema> {
  const result = schema.safeParse(options);
  if (result.success) return result.data;
  const { path, expected } = firstProblem(schema, result.error);
  const [name, ...within] = path.map(String);
  const value: unknown = Object.entries(options).find(([key]) => key === name)?.[1];
  const received = within.length > 0 && Array.isArray(value) ? value[Number(within[0])] : value;
  throw new UsageError(`Expected ${expected} for '${name}' but received ${quote(received)}`, {
    code: `bad-${flagName(name ?? '')}`,
  });
}

/** `hardLinks` as `hard-links`. */
export function flagName(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
