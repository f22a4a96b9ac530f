import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { setFlags } from '../../test/support/winnow.ts';
import { runProgram, type ProgramRun } from './run-program.ts';

export const WINNOW = 'winnow';
export const POSTGRES = 'postgres';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const COLLECTION = `name: bench
mode: A
classes: imagenet-1k
sources: [urls]
licences: any
ensemble: [efficientnet-lite0]
`;

export interface CrawlRun {
  /** The folder that contains the data folder of the run. */
  readonly folder: string;
  readonly list: string;
  readonly connections: number;
  /** host:port of the photo server. */
  readonly address: string;
  readonly signal: AbortSignal;
}

/** Runs the real command on a new data folder, without politeness to the photo server. */
export async function runCrawl({ folder, list, connections, address, signal }: CrawlRun): Promise<ProgramRun> {
  const collection = path.join(folder, 'bench.yaml');
  const data = path.join(folder, 'data');
  await writeFile(collection, COLLECTION);
  const settings = {
    'crawl.contact': 'bench@example.org',
    'fetch.polite': 'false',
    'fetch.allowAddresses': address,
    'fetch.connections': String(connections),
    'fetch.connectionsPerHost': String(Math.min(connections, 64)),
  };
  const sets = setFlags(settings);
  return runProgram({
    name: WINNOW,
    command: [
      process.execPath,
      path.join(ROOT, 'src', 'cli', 'winnow.cjs'),
      ...`crawl --source urls --json`.split(' '),
      ...Object.entries({ collection, data, from: list }).flatMap(([flag, value]) => [`--${flag}`, value]),
      ...sets,
    ],
    cwd: ROOT,
    beside: new Map([[POSTGRES, () => postmasterOf(data)]]),
    signal,
  });
}

/** The embedded server is not a descendant of the command, because it runs on its own. */
export async function postmasterOf(data: string): Promise<number[]> {
  const text = await readFile(path.join(data, 'postgres', 'cluster', 'postmaster.pid'), 'utf8').catch(() => '');
  const pid = Number(text.split('\n', 1)[0]);
  return Number.isInteger(pid) && pid > 0 ? [pid] : [];
}
