import { LineCounter, isMap, isNode, isScalar, isSeq, parseDocument, type Document } from 'yaml';
import { UsageError, messageOf } from '../kernel/errors.ts';
import { quote } from '../tools/quote.ts';

export type ValuePath = readonly PropertyKey[];

export interface YamlFile {
  /** Plain JavaScript data. An empty file gives an empty mapping. */
  readonly value: Readonly<Record<string, unknown>>;
  /** `file:line` of the value at a path. If the value is absent, of its nearest parent in the file. */
  readonly where: (path: ValuePath) => string;
}

/**
 * YAML 1.2 (core schema: no dates, no merge keys) whose top level is a mapping.
 *
 * @throws UsageError `bad-yaml` with file and line, also for duplicate keys, several documents, and aliases that expand
 * to more than a hundred copies
 */
export function parseYaml(text: string, fileName: string): YamlFile {
  const lineCounter = new LineCounter();
  const placeOf = (offset: number): string => `${fileName}:${lineCounter.linePos(offset).line}`;
  const document = orBadYaml(fileName, () =>
    parseDocument(text, { lineCounter, prettyErrors: false, stringKeys: true, merge: false }),
  );
  const [problem] = [...document.errors, ...document.warnings];
  if (problem !== undefined) throw badYaml(placeOf(problem.pos[0]), problem.message);
  const value: unknown = orBadYaml(fileName, () => document.toJS({ maxAliasCount: 100 }) ?? {});
  if (!isMapping(value)) {
    const kind = Array.isArray(value) ? 'a list' : `the ${typeof value} ${quote(value)}`;
    throw badYaml(`${fileName}:1`, `the file must be a mapping of keys to values, not ${kind}`);
  }
  return { value, where: (path) => placeOf(offsetOf(document, path)) };
}

export function valueAt(value: unknown, path: ValuePath): unknown {
  return path.reduce(
    (inner, step) => (typeof inner === 'object' && inner !== null ? Reflect.get(inner, step) : undefined),
    value,
  );
}

/** True for an object that is neither null nor a list. */
export function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The parser runs out of stack if the nesting is too deep, and throws if aliases expand too far. */
function orBadYaml<T>(fileName: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw badYaml(fileName, messageOf(error), error);
  }
}

/** The offset in the text of the last key or list item of `path` that exists. */
function offsetOf(document: Document.Parsed, path: ValuePath): number {
  let offset = 0;
  let node: unknown = document.contents;
  for (const step of path) {
    const pair = isMap(node)
      ? node.items.find(({ key }) => isScalar(key) && String(key.value) === String(step))
      : undefined;
    const next: unknown = isSeq(node) ? node.items[Number(step)] : pair?.key;
    if (!isNode(next)) break;
    offset = next.range?.[0] ?? 0;
    node = pair === undefined ? next : pair.value;
  }
  return offset;
}

function badYaml(where: string, why: string, cause?: unknown): UsageError {
  return new UsageError(`Invalid YAML in ${where}: ${why}`, { code: 'bad-yaml', cause });
}
