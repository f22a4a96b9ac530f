import { readFile } from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import { Command } from 'commander';
import * as z from 'zod';

/**
 * `node --import tsx scripts/label-studio.ts tasks.json --blobs DIR` makes a Label Studio project with visible pictures
 * from the output of `winnow shortlist --format label-studio`.
 *
 * Label Studio serves a file only if a local storage of the project contains it. It does not accept its document root as a
 * storage, so each folder of photos below the root becomes a storage, 256 at most. Tested with Label Studio 1.23.2. API:
 * https://api.labelstud.io
 */

interface Flags {
  readonly blobs: string;
  readonly url: string;
  readonly title: string;
}

const LABEL_CONFIG = new URL('../config/label-studio.xml', import.meta.url);
const TOKEN_VARIABLE = 'LABEL_STUDIO_API_KEY';
const TASKS_PER_REQUEST = 1_000;
const REQUEST_TIMEOUT_MS = 300_000;
/** Largest number of characters of an answer that an error message quotes. */
const MAX_ANSWER_CHARS = 500;

const tasksSchema = z.array(z.looseObject({ data: z.looseObject({ image: z.string() }) }));

await new Command('label-studio')
  .description(
    `Makes a Label Studio project of a shortlist. ${TOKEN_VARIABLE} must hold a personal access token: Label Studio shows it under Account & Settings.`,
  )
  .argument('<tasks>', 'file with the output of winnow shortlist --format label-studio')
  .requiredOption(
    '--blobs <folder>',
    "Label Studio's document root: the blobs/ of the data folder, as Label Studio sees it",
  )
  .option('--url <url>', 'where Label Studio listens', 'http://localhost:8080')
  .option('--title <title>', 'title of the project', 'winnow shortlist')
  .showHelpAfterError()
  .action(makeProject)
  .parseAsync()
  .catch((error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  });

async function makeProject(file: string, { blobs, url, title }: Flags): Promise<void> {
  const tasks = await readTasks(file);
  const folders = [...new Set(tasks.map(({ data }) => topFolderOf(data.image)))].toSorted();
  const call = callsTo(url);
  const label_config = await readFile(LABEL_CONFIG, 'utf8');
  const { id } = z.object({ id: z.number() }).parse(await call('POST', '/api/projects/', { title, label_config }));
  const address = new URL(`/projects/${id}/data`, url).href;
  try {
    for (const folder of folders) {
      const storage = { project: id, title: folder, path: path.resolve(blobs, folder), use_blob_urls: true };
      await call('POST', '/api/storages/localfiles/', storage);
    }
    for (let i = 0; i < tasks.length; i += TASKS_PER_REQUEST) {
      await call('POST', `/api/projects/${id}/import`, tasks.slice(i, i + TASKS_PER_REQUEST));
    }
  } catch (error) {
    // Users would take half a project for a whole one.
    await call('DELETE', `/api/projects/${id}/`).catch(() => {
      process.stderr.write(`The unfinished project remains: delete ${address}\n`);
    });
    throw error;
  }
  process.stdout.write(`${tasks.length} tasks, ${folders.length} local storages: ${address}\n`);
}

async function readTasks(file: string): Promise<z.output<typeof tasksSchema>> {
  const text = await readFile(file, 'utf8');
  try {
    return tasksSchema.parse(JSON.parse(text));
  } catch (error) {
    throw new Error(
      `Expected the output of winnow shortlist --format label-studio in '${file}' but the file has other content.`,
      {
        cause: error,
      },
    );
  }
}

/** The `ab` of `/data/local-files/?d=ab/cd/abcd...`. */
function topFolderOf(image: string): string {
  const [folder = '', ...rest] = (new URL(image, 'http://localhost').searchParams.get('d') ?? '').split('/');
  if (folder !== '' && rest.length > 0) return folder;
  throw new Error(`Expected a picture as /data/local-files/?d=ab/cd/... but a task has ${JSON.stringify(image)}`);
}

type Call = (method: 'POST' | 'DELETE', route: string, body?: unknown) => Promise<unknown>;

/**
 * Calls Label Studio. An access token is valid for five minutes, so each call exchanges the personal token for a new one.
 */
function callsTo(url: string): Call {
  const refresh = process.env[TOKEN_VARIABLE];
  if (refresh === undefined || refresh === '')
    throw new Error(`${TOKEN_VARIABLE} is not set. Set it to a personal access token of Label Studio.`);
  return async (method, route, body) => {
    const answer = await send(new URL('/api/token/refresh/', url), { method: 'POST', body: { refresh } });
    const { access } = z.object({ access: z.string() }).parse(answer);
    return send(new URL(route, url), { method, body, headers: { authorization: `Bearer ${access}` } });
  };
}

interface Sent {
  readonly method: string;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** @throws Error with Label Studio's own words if it refuses, or with the remedy if it cannot be reached */
async function send(address: URL, { method, body, headers }: Sent): Promise<unknown> {
  const response = await fetch(address, {
    method,
    headers: { 'content-type': 'application/json', ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
  }).catch((error: unknown) => {
    throw new Error(`Cannot reach Label Studio at ${address.origin}. Start it, or name its address with --url.`, {
      cause: error,
    });
  });
  const text = await response.text();
  if (response.ok) return text === '' ? null : JSON.parse(text);
  const words = text.slice(0, MAX_ANSWER_CHARS);
  throw new Error(`Label Studio answered ${response.status} to ${method} ${address.pathname}: ${words}`);
}
