import * as z from 'zod';
import { FLAGS } from '../src/core/library/operation.ts';

/**
 * The options of an operation as members of an interface, each with its sentence, so that the package's types name no type of zod.
 *
 * @param isStated true for a member that the interface states itself
 * @throws Error for an option without a text, or of a kind that has no type here
 */
export function optionMembers({ shape }: z.ZodObject, isStated: (name: string) => boolean): string {
  return Object.entries(shape)
    .filter(([name]) => !isStated(name))
    .map(([name, schema]) => `/** ${sentenceOf(name, schema)} */\n  readonly ${name}?: ${typeOf(schema)} | undefined;`)
    .join('\n  ');
}

function sentenceOf(name: string, schema: z.core.$ZodType): string {
  const text = FLAGS.get(schema);
  if (text === undefined) throw new Error(`Expected a text for the option ${name}`);
  const { help, sentence = `${help.charAt(0).toUpperCase()}${help.slice(1)}.` } = text;
  return sentence;
}

function typeOf(schema: z.core.$ZodType): string {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault) return typeOf(schema.unwrap());
  if (schema instanceof z.ZodNullable) return `${typeOf(schema.unwrap())} | null`;
  if (schema instanceof z.ZodReadonly) return `readonly ${typeOf(schema.unwrap())}`;
  if (schema instanceof z.ZodArray) {
    const element = typeOf(schema.element);
    return element.includes('|') ? `(${element})[]` : `${element}[]`;
  }
  if (schema instanceof z.ZodEnum) return schema.options.map((one) => `'${one}'`).join(' | ');
  if (schema instanceof z.ZodString || schema instanceof z.ZodStringFormat) return 'string';
  if (schema instanceof z.ZodNumber) return 'number';
  if (schema instanceof z.ZodBoolean) return 'boolean';
  throw new Error('Expected an option of text, numbers, true or false, choices, or a list of these');
}
