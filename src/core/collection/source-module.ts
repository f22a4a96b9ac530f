import { basename, dirname, resolve } from 'node:path';
import { parse, stringify } from 'yaml';
import * as z from 'zod';
import { nameSchema } from './name.ts';

/** A file of the user's own that describes a source (docs/crawling.md, "A source of your own"). */
export interface SourceModule {
  /** Absolute path. */
  readonly path: string;
  /** As the file says. Null until a crawl has read it. */
  readonly name: string | null;
  /** SHA-256 of the file at the last crawl, in hex. */
  readonly sha256: string | null;
}

const SOURCE_FILE = /[/\\].*\.m?js$/;

/** An item of `sources`: a name, the path of a file, or in the catalogue a file that a crawl has read. */
export const sourceEntrySchema = z.union([
  z.string(),
  z.strictObject({ name: nameSchema, path: z.string().regex(SOURCE_FILE), sha256: z.string() }),
]);
type SourceEntry = z.output<typeof sourceEntrySchema>;

/** Null for a name. Paths are relative to the collection file, which is null for a text of the catalogue. */
export function moduleOf(source: SourceEntry, file: string | null): SourceModule | null {
  if (typeof source === 'object') return source;
  if (!SOURCE_FILE.test(source)) return null;
  return { path: file === null ? source : resolve(dirname(file), source), name: null, sha256: null };
}

/** The item of `sources` in the canonical text. */
export function moduleEntry({ path, name, sha256 }: SourceModule): SourceEntry {
  return name === null || sha256 === null ? path : { name, path, sha256 };
}

/** True for two different sources of one name. A file that was moved or changed stays the same source. */
export function isNamesake(a: SourceModule, b: SourceModule): boolean {
  return a.name === b.name && a.sha256 !== b.sha256 && basename(a.path) !== basename(b.path);
}

const keysSchema = z.record(z.string(), z.unknown());

function sourcesOf({ sources }: z.output<typeof keysSchema>): SourceEntry[] {
  return z.array(sourceEntrySchema).parse(sources);
}

export function modulesIn(text: string): SourceModule[] {
  return sourcesOf(keysSchema.parse(parse(text))).flatMap((source) => moduleOf(source, null) ?? []);
}

/**
 * The canonical text with what is known of the files that it names. Another machine may have a file in another folder: one that is
 * known under no path of the text is found by its file name.
 */
export function withModules(text: string, known: readonly SourceModule[]): string {
  // In the order of its keys, because texts are compared.
  const keys = keysSchema.parse(parse(text));
  const given = sourcesOf(keys);
  const paths = new Set(given.map((source) => moduleOf(source, null)?.path));
  const elsewhere = known.filter(({ path }) => !paths.has(path));
  const sources = given.map((source) => {
    const own = moduleOf(source, null);
    if (own === null) return source;
    const found =
      known.find(({ path }) => path === own.path) ??
      elsewhere.find(({ path }) => basename(path) === basename(own.path));
    return moduleEntry({ ...(found ?? own), path: own.path });
  });
  return stringify({ ...keys, sources }, { lineWidth: 0 });
}
