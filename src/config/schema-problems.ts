import * as z from 'zod';
import { didYouMean } from './nearest.ts';
import { quote } from './quote.ts';
import type { ValuePath, YamlFile } from './yaml.ts';

type Issue = z.core.$ZodIssue;

/**
 * Describes in words what a schema accepts, by its `describe()` text if it has one. Messages put these words after "Expected",
 * and the documentation puts them after "Takes". Schemas of numbers and strings with rules therefore need a description.
 */
export function expectedOf(schema: z.ZodType): string {
  if (schema.description !== undefined) return schema.description;
  if (schema instanceof z.ZodNullable) return `${expectedOf(asType(schema.unwrap()))} or null`;
  if (schema instanceof z.ZodDefault || schema instanceof z.ZodOptional) return expectedOf(asType(schema.unwrap()));
  if (schema instanceof z.ZodEnum) return `one of ${schema.options.join(', ')}`;
  if (schema instanceof z.ZodLiteral) return [...schema.values].map((value) => quote(value)).join(' or ');
  if (schema instanceof z.ZodBoolean) return 'true or false';
  if (schema instanceof z.ZodArray) return `a list, each ${expectedOf(asType(schema.element))}`;
  if (schema instanceof z.ZodObject) return `a mapping with the keys ${Object.keys(schema.shape).join(', ')}`;
  return schema.def.type === 'string' ? 'text' : `a ${schema.def.type}`;
}

/** A schema of whole numbers from `min` to `max`, both included. */
export function wholeNumber(min: number, max: number = Number.MAX_SAFE_INTEGER): z.ZodNumber {
  const range = max === Number.MAX_SAFE_INTEGER ? `of at least ${min}` : `from ${min} to ${max}`;
  return z.int().min(min).max(max).describe(`a whole number ${range}`);
}

/** Checks a parsed file against a schema. Returns a message with file and line for each problem. */
export function schemaProblems(schema: z.ZodType, file: YamlFile): string[] {
  const result = schema.safeParse(file.value);
  if (result.success) return [];
  return result.error.issues.flatMap((issue) => issueProblems(schema, file, issue));
}

function issueProblems(schema: z.ZodType, file: YamlFile, given: Issue): string[] {
  return deepest(given).flatMap((issue) => {
    if (issue.code === 'unrecognized_keys') return unknownKeys(schema, file, issue);
    const expected = expectedOf(schemaAt(schema, issue.path));
    const value = valueAt(file.value, issue.path);
    const received = value === undefined ? 'it is missing' : `received ${quote(value)}`;
    return [`Expected ${expected} for '${issue.path.join('.')}' in ${file.where(issue.path)} but ${received}`];
  });
}

function unknownKeys(schema: z.ZodType, file: YamlFile, issue: z.core.$ZodIssueUnrecognizedKeys): string[] {
  const known = keysOf(schemaAt(schema, issue.path));
  const place = issue.path.length === 0 ? '' : ` of '${issue.path.join('.')}'`;
  return issue.keys.map((key) => {
    const where = file.where([...issue.path, key]);
    return `Expected one of the keys ${known.join(', ')}${place} in ${where} but received ${quote(key)}.${didYouMean(key, known)}`;
  });
}

function keysOf(schema: z.ZodType): string[] {
  const inner = unwrap(schema);
  if (inner instanceof z.ZodObject) return Object.keys(inner.shape);
  if (inner instanceof z.ZodUnion) return inner.options.flatMap((option) => keysOf(asType(option)));
  return [];
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

/** The schema of the value at `path`. If the path leaves the schema, the last schema on the way. */
function schemaAt(schema: z.ZodType, path: ValuePath): z.ZodType {
  let current = schema;
  for (const step of path) {
    const next = childSchema(current, step);
    if (next === undefined) return current;
    current = next;
  }
  return current;
}

function childSchema(schema: z.ZodType, step: PropertyKey): z.ZodType | undefined {
  const inner = unwrap(schema);
  if (inner instanceof z.ZodObject)
    return Object.hasOwn(inner.shape, step) ? asType(inner.shape[String(step)]) : undefined;
  if (inner instanceof z.ZodArray) return typeof step === 'number' ? asType(inner.element) : undefined;
  if (inner instanceof z.ZodUnion) {
    return inner.options.map((option) => childSchema(asType(option), step)).find((found) => found !== undefined);
  }
  return undefined;
}

function unwrap(schema: z.ZodType): z.ZodType {
  const isWrapper =
    schema instanceof z.ZodNullable || schema instanceof z.ZodOptional || schema instanceof z.ZodDefault;
  return isWrapper ? unwrap(asType(schema.unwrap())) : schema;
}

function valueAt(value: unknown, path: ValuePath): unknown {
  let current: unknown = value;
  for (const step of path) {
    if (typeof current !== 'object' || current === null) return undefined;
    current = Reflect.get(current, step);
  }
  return current;
}

/** Narrows a part of a schema. zod gives the parts its core type, but this program creates classic schemas only. */
function asType(part: unknown): z.ZodType {
  if (part instanceof z.ZodType) return part;
  throw new TypeError('Expected a schema of the classic zod API');
}
