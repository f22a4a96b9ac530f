import { readFile } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';
import * as z from 'zod';
import { nameSchema } from '../../../collection/name.ts';
import { firstProblem, wholeNumber } from '../../../config/schema-problems.ts';
import { httpUrl } from '../../../config/setting.ts';
import { SOURCE_NAMES } from '../../../config/sources/sources.ts';
import { messageOf, UsageError } from '../../../kernel/errors.ts';
import { within } from '../../../kernel/within.ts';
import { quote } from '../../../tools/quote.ts';
import { sha256Of } from '../../../tools/sha256.ts';
import { rightsSchema, type OwnSource, type SearchFunction } from './own-source.ts';

export const SOURCE_MODULE_MISSING = 'source-module-missing';

const host = z
  .string()
  .toLowerCase()
  .regex(/^[\w.-]+(?::\d+)?$/)
  .describe('a host, such as images.example.org');
const moduleSchema = z.strictObject({
  name: nameSchema,
  requestsPerMinute: wholeNumber(1),
  addresses: z.array(httpUrl()).min(1).describe('a list of http or https URLs'),
  mediaHosts: z.array(host).min(1).describe('a list of hosts, such as [images.example.org]'),
  rights: rightsSchema.optional(),
  search: z.custom<SearchFunction>((value) => typeof value === 'function').describe('a function'),
});

const LOAD_TIMEOUT_MS = 10_000;

/**
 * Runs a file of the user's own and checks the source that it exports by default.
 * @throws UsageError `source-module-missing`, `bad-source-module`, `source-name-taken`
 */
export async function loadSource(path: string): Promise<OwnSource> {
  let bytes: Buffer;
  try {
    bytes = await readFile(path);
  } catch (error) {
    throw new UsageError(
      `The file of a source cannot be read: ${quote(path)} (${messageOf(error)}). Give the path of an existing file, or remove it from 'sources' of the collection.`,
      { code: SOURCE_MODULE_MISSING },
    );
  }
  const sha256 = sha256Of(bytes);
  const exported = await defaultExport(path, sha256);
  const parsed = moduleSchema.safeParse(exported);
  if (!parsed.success) throw badSource(path, problemText(exported, parsed.error));
  const { name } = parsed.data;
  if (SOURCE_NAMES.some((taken) => taken === name))
    throw new UsageError(
      `The source in ${path} has the name '${name}', which winnow has for its own. Choose another.`,
      {
        code: 'source-name-taken',
      },
    );
  return { ...parsed.data, path, sha256 };
}

function badSource(path: string, problem: string, cause?: unknown): UsageError {
  return new UsageError(`The source in ${path} cannot be used: ${problem}`, { code: 'bad-source-module', cause });
}

async function defaultExport(path: string, sha256: string): Promise<unknown> {
  try {
    // With its hash in the address, a changed file is read again by a process that stays.
    const loaded: unknown = await within(LOAD_TIMEOUT_MS, import(`${pathToFileURL(path).href}?${sha256}`));
    return z.looseObject({ default: z.unknown() }).parse(loaded).default;
  } catch (error) {
    throw badSource(path, `${messageOf(error)}. \`node --check ${path}\` says more`, error);
  }
}

function problemText(exported: unknown, error: z.ZodError): string {
  const { path, expected } = firstProblem(moduleSchema, error);
  const [issue] = error.issues;
  if (issue?.code === 'unrecognized_keys') return `it has the unknown key ${issue.keys.map(quote).join(', ')}`;
  const received = path.reduce<unknown>((value, key) => Object(value)[key], exported);
  return `expected ${expected} for ${path.length === 0 ? 'its default export' : quote(path.join('.'))} but received ${quote(received)}`;
}
