import { Command, InvalidArgumentError, Option } from 'commander';
import * as z from 'zod';
import { FLAGS, flagName } from '../../library/operation.ts';
import { didYouMean } from '../../tools/nearest.ts';

export { wholeNumber } from '../../config/schema-problems.ts';
export { either, listOf, neededText, option, optional, optionalText } from '../../library/operation.ts';

export interface GlobalFlags {
  readonly collection?: string;
  readonly data: string;
  readonly json?: boolean;
  readonly config?: string;
  readonly set?: readonly string[];
}

export type FlagsOf<Shape extends z.ZodRawShape> = GlobalFlags & Readonly<z.output<z.ZodObject<Shape>>>;

/** A command whose flags are declared as the options of an operation are. */
export class FlaggedCommand<Flags extends GlobalFlags> extends Command {
  /** Adds a flag for each option, in their order. */
  flags<Shape extends z.ZodRawShape>(shape: Shape): FlaggedCommand<Flags & FlagsOf<Shape>> {
    for (const [name, schema] of Object.entries(shape)) {
      this.addOption(flagOf(name, schema));
      // As a default of the flag, the help would show it.
      if (unwrapped(schema).fallback === false) this.setOptionValue(name, false);
    }
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the flags were added
    return this as unknown as FlaggedCommand<Flags & FlagsOf<Shape>>;
  }

  /** @param action gets the flags, also those that stand before the command's name, and the arguments */
  run(action: (flags: Flags, ...given: never[]) => Promise<void>): this {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the action says which arguments it takes
    return this.action(() => action(this.optsWithGlobals<Flags>(), ...(this.processedArgs as never[])));
  }
}

export function collect(value: string, previous: readonly string[] = []): readonly string[] {
  return [...previous, value];
}

function flagOf(name: string, schema: z.core.$ZodType): Option {
  const text = FLAGS.get(schema);
  if (text === undefined) throw new Error(`Expected a text for --help of the option ${name}`);
  const { value, help, isRepeated = false, parse } = text;
  const { inner, fallback } = unwrapped(schema);
  const flag = `--${fallback === true ? 'no-' : ''}${flagName(name)}`;
  if (inner instanceof z.ZodBoolean) return new Option(flag, help);
  const option = new Option(`${flag} <${value}>`, help);
  if (fallback !== undefined) option.default(fallback);
  if (!z.safeParse(schema, undefined).success) option.makeOptionMandatory();
  if (parse !== undefined) return option.argParser(parse);
  return readAs(option, name, { schema: inner, isRepeated });
}

function readAs(
  option: Option,
  name: string,
  { schema, isRepeated }: { readonly schema: z.core.$ZodType; readonly isRepeated: boolean },
): Option {
  if (schema instanceof z.ZodEnum) return option.choices(schema.options.map(String));
  if (schema instanceof z.ZodNumber) return option.argParser(wholeNumberIn(name, schema));
  if (schema instanceof z.ZodArray && option.variadic)
    return readAs(option, name, { schema: schema.element, isRepeated });
  if (schema instanceof z.ZodArray) return option.argParser(isRepeated ? collect : splitList(schema.element));
  return option;
}

function wholeNumberIn(name: string, { minValue: min, maxValue: max }: z.ZodNumber): (text: string) => number {
  if (min === null || max === null) throw new Error(`Expected the range of the option ${name}`);
  return (text) => {
    if (/^\d{1,9}$/.test(text) && Number(text) >= min && Number(text) <= max) return Number(text);
    throw new InvalidArgumentError(`Expected a whole number from ${min} to ${max} but received '${text}'.`);
  };
}

/** The schema within `optional`, `default`, `nullable` and `readonly`. */
function unwrapped(schema: z.core.$ZodType): { inner: z.core.$ZodType; fallback?: unknown } {
  if (schema instanceof z.ZodDefault) return { ...unwrapped(schema.unwrap()), fallback: schema.def.defaultValue };
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodNullable || schema instanceof z.ZodReadonly)
    return unwrapped(schema.unwrap());
  return { inner: schema };
}

function splitList(element: z.core.$ZodType): (text: string) => readonly string[] {
  const choices = element instanceof z.ZodEnum ? element.options.map(String) : null;
  return (text) => {
    const items = text.split(',').map((item) => item.trim());
    if (choices === null && items.includes(''))
      throw new InvalidArgumentError(`Expected a list without empty parts but received '${text}'.`);
    const wrong = choices === null ? undefined : items.find((item) => !choices.includes(item));
    if (choices === null || wrong === undefined) return items;
    throw new InvalidArgumentError(
      `Expected ${choices.join(', ')} but received '${wrong}'.${didYouMean(wrong, choices)}`,
    );
  };
}
