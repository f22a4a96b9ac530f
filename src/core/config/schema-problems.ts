import * as z from 'zod';
import { didYouMean } from '../tools/nearest.ts';
import { quote } from '../tools/quote.ts';
import { isMapping, valueAt, type YamlFile } from './yaml.ts';

type Issue = z.core.$ZodIssue;
type JsonSchema = z.core.JSONSchema.JSONSchema;

/**
 * Describes in words what a schema accepts, by its `describe()` text if it has one. Messages put these words after "Expected",
 * and the documentation puts them after "Takes". Schemas of numbers and strings with rules therefore need a description.
 */
export function expectedOf(schema: z.ZodType): string {
  return wordsOf(jsonSchemaOf(schema));
}

function jsonSchemaOf(schema: z.ZodType): JsonSchema {
  return z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });
}

function wordsOf({ description, anyOf, enum: values, const: literal, type, items, properties }: JsonSchema): string {
  if (description !== undefined) return description;
  if (anyOf !== undefined) return anyOf.map(wordsOf).join(' or ');
  if (values !== undefined) return `one of ${values.join(', ')}`;
  if (literal !== undefined) return quote(literal);
  if (Array.isArray(type)) return type.map((one) => wordsOf({ type: one })).join(' or ');
  if (type === 'array') return `a list, each ${isSchema(items) ? wordsOf(items) : 'value'}`;
  if (properties !== undefined) return `a mapping with the keys ${Object.keys(properties).join(', ')}`;
  return WORDS_OF_TYPES[type ?? ''] ?? `a ${type ?? 'value'}`;
}

const WORDS_OF_TYPES: Readonly<Record<string, string>> = { boolean: 'true or false', null: 'null', string: 'text' };

/** The path of the first problem of a value ([]: the whole), and what is accepted there. The name of an entry has its path. */
export function firstProblem(
  schema: z.ZodType,
  { issues: [issue] }: z.ZodError,
): { path: PropertyKey[]; expected: string } {
  const path = issue?.path ?? [];
  const there = schemaAt(jsonSchemaOf(schema), issue?.code === 'invalid_key' ? path.slice(0, -1) : path);
  const names = there.propertyNames;
  return { path, expected: wordsOf(issue?.code === 'invalid_key' && isSchema(names) ? names : there) };
}

export function wholeNumber(min: number, max: number = Number.MAX_SAFE_INTEGER): z.ZodNumber {
  const range = max === Number.MAX_SAFE_INTEGER ? `of at least ${min}` : `from ${min} to ${max}`;
  return z.int().min(min).max(max).describe(`a whole number ${range}`);
}

export function schemaProblems(schema: z.ZodType, file: YamlFile): string[] {
  const result = schema.safeParse(file.value);
  if (result.success) return [];
  const expected = jsonSchemaOf(schema);
  return result.error.issues.flatMap(deepest).flatMap((issue) => issueProblems(expected, file, issue));
}

function issueProblems(schema: JsonSchema, file: YamlFile, issue: Issue): string[] {
  const there = schemaAt(schema, issue.path);
  if (issue.code !== 'unrecognized_keys') {
    const value = valueAt(file.value, issue.path);
    const received = value === undefined ? 'it is missing' : `received ${quote(value)}`;
    return [`Expected ${wordsOf(there)} for '${issue.path.join('.')}' in ${file.where(issue.path)} but ${received}`];
  }
  const known = keysOf(there);
  const place = issue.path.length === 0 ? '' : ` of '${issue.path.join('.')}'`;
  return issue.keys.map((key) => {
    const where = file.where([...issue.path, key]);
    return `Expected one of the keys ${known.join(', ')}${place} in ${where} but received ${quote(key)}.${didYouMean(key, known)}`;
  });
}

function keysOf({ properties = {}, anyOf = [] }: JsonSchema): string[] {
  return [...Object.keys(properties), ...anyOf.flatMap(keysOf)];
}

/** If the top level of a value fits one branch of a union, returns that branch's own issues. They say more than "none fits". */
function deepest(issue: Issue): Issue[] {
  if (issue.code !== 'invalid_union') return [issue];
  const fitting = issue.errors.find(
    (branch) =>
      branch.length > 0 && branch.every((inner) => inner.path.length > 0 || inner.code === 'unrecognized_keys'),
  );
  if (fitting === undefined) return [issue];
  return fitting.flatMap((inner) => deepest({ ...inner, path: [...issue.path, ...inner.path] }));
}

function schemaAt(schema: JsonSchema, path: readonly PropertyKey[]): JsonSchema {
  return path.reduce<JsonSchema>((outer, step) => childOf(outer, step) ?? outer, schema);
}

function childOf(schema: JsonSchema, step: PropertyKey): JsonSchema | undefined {
  const { properties, additionalProperties, items, anyOf = [] } = schema;
  const own = typeof step === 'number' ? items : (properties?.[String(step)] ?? additionalProperties);
  if (isSchema(own)) return own;
  return anyOf.map((one) => childOf(one, step)).find((found) => found !== undefined);
}

/** JSON Schema also has `true` and `false`: any value, and none. */
function isSchema(part: unknown): part is JsonSchema {
  return isMapping(part);
}
