import { type Command, InvalidArgumentError, Option } from 'commander';
import * as z from 'zod';
import { FLAGS, flagName } from '../../library/operation.ts';
import { didYouMean } from '../../tools/nearest.ts';
import { collect, wholeNumberFrom, type GlobalFlags } from './context.ts';

export type FlagsOf<Schema extends z.ZodObject> = GlobalFlags & Readonly<z.output<Schema>>;

/** Adds a flag for each option of an operation, in their order. */
export function addFlags(command: Command, { shape }: z.ZodObject): Command {
  for (const [name, schema] of Object.entries(shape)) {
    command.addOption(flagOf(name, schema));
    // As a default of the flag, the help would show it.
    if (unwrapped(schema).fallback === false) command.setOptionValue(name, false);
  }
  return command;
}

function flagOf(name: string, schema: z.core.$ZodType): Option {
  const text = FLAGS.get(schema);
  if (text === undefined) throw new Error(`Expected a text for --help of the option ${name}`);
  const { value, help, isRepeated = false } = text;
  const { inner, fallback } = unwrapped(schema);
  const flag = `--${fallback === true ? 'no-' : ''}${flagName(name)}`;
  if (inner instanceof z.ZodBoolean) return new Option(flag, help);
  const option = new Option(`${flag} <${value}>`, help);
  if (fallback !== undefined) option.default(fallback);
  if (inner === schema) option.makeOptionMandatory();
  return readAs(option, name, { schema: inner, isRepeated });
}

function readAs(
  option: Option,
  name: string,
  { schema, isRepeated }: { readonly schema: z.core.$ZodType; readonly isRepeated: boolean },
): Option {
  if (schema instanceof z.ZodEnum) return option.choices(schema.options.map(String));
  if (schema instanceof z.ZodNumber)
    return option.argParser(wholeNumberFrom(schema.minValue ?? 0, schema.maxValue ?? 0));
  if (schema instanceof z.ZodArray) return option.argParser(isRepeated ? collect : splitList(name, schema.element));
  return option;
}

/** The schema within `optional`, `default`, `nullable` and `readonly`. */
function unwrapped(schema: z.core.$ZodType): { inner: z.core.$ZodType; fallback?: unknown } {
  if (schema instanceof z.ZodDefault) return { ...unwrapped(schema.unwrap()), fallback: schema.def.defaultValue };
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodNullable || schema instanceof z.ZodReadonly)
    return unwrapped(schema.unwrap());
  return { inner: schema };
}

function splitList(name: string, element: z.core.$ZodType): (text: string) => readonly string[] {
  const choices = element instanceof z.ZodEnum ? element.options.map(String) : null;
  return (text) => {
    const items = text.split(',').map((item) => item.trim());
    if (choices === null && items.includes(''))
      throw new InvalidArgumentError(`Expected ${name} but received '${text}'.`);
    const wrong = choices === null ? undefined : items.find((item) => !choices.includes(item));
    if (choices === null || wrong === undefined) return items;
    throw new InvalidArgumentError(
      `Expected ${choices.join(', ')} but received '${wrong}'.${didYouMean(wrong, choices)}`,
    );
  };
}
