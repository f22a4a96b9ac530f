import process from 'node:process';
import { Command, InvalidArgumentError } from 'commander';
import { openApp } from '../src/core/runtime/open/app.process.ts';
import { readStatus } from '../src/core/status/status.process.ts';
import { openWorkspace } from '../src/core/models/workspace/workspace.process.ts';
import { usableCollection } from '../src/core/collection/collection.process.ts';
import { loadConfig } from '../src/core/config/load-config.ts';
import { openLogger } from '../src/core/platform/log/logger.ts';
import { makeCatalogue } from '../test/support/made-catalogue.ts';

/**
 * `node --import tsx scripts/make-catalogue.ts DIR` makes a data folder as large as after weeks of crawling, to measure
 * winnow with.
 */

interface Flags {
  readonly candidates: number;
  readonly seed: number;
  readonly bytes: boolean;
  readonly waiting: boolean;
  readonly thin: boolean;
}

function wholeNumber({ min, max, step = 1 }: { min: number; max: number; step?: number }): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= min && value <= max && value % step === 0) return value;
    const steps = step === 1 ? '' : `, a multiple of ${step},`;
    throw new InvalidArgumentError(`Expected a whole number from ${min} to ${max}${steps} but received '${text}'.`);
  };
}

const interrupt = new AbortController();
process.once('SIGINT', () => interrupt.abort());

await new Command('make-catalogue')
  .description(
    'Fills a new data folder with candidates of imagenet-a and all that follows from them. No site is asked, no model runs.',
  )
  .argument('<folder>', 'data folder; with DATABASE_URL the catalogue goes to that database, which must be empty')
  .option('--candidates <n>', 'how many', wholeNumber({ min: 50, max: 100_000_000, step: 50 }), 1_000_000)
  .option('--seed <n>', 'another seed gives another catalogue', wholeNumber({ min: 0, max: 1_000_000 }), 1)
  .option('--bytes', 'write small JPEGs for photos that have their bytes, so that doctor --deep finds them', false)
  .option('--waiting', 'leave all pictures to be fetched instead of a tenth', false)
  .option('--thin', 'store decisions without the evidence for them', false)
  .showHelpAfterError()
  .action(make)
  .parseAsync();

async function make(dataDir: string, { candidates, seed, bytes, waiting, thin }: Flags): Promise<void> {
  const { config } = await loadConfig();
  const log = openLogger({ level: 'warn', format: 'text' }, process.stderr);
  const app = await openApp({ config, log, dataDir, clientName: 'make-catalogue' });
  const startMs = performance.now();
  const seconds = (): string => `${((performance.now() - startMs) / 1_000).toFixed(0)} s`;
  try {
    const isUsed = (await app.db.selectFrom('picture').select('id').limit(1).execute()).length > 0;
    if (isUsed) throw new Error(`Expected an empty catalogue for '${dataDir}' but it has pictures: give a new folder`);
    const workspace = await openWorkspace(app, (await usableCollection('imagenet-a')).collection);
    await makeCatalogue(workspace, {
      candidates,
      seed,
      withBytes: bytes,
      thin,
      waiting: waiting ? 1 : 0.1,
      signal: interrupt.signal,
      onProgress: (made) => console.error(`${made.toLocaleString('en-US')} candidates, ${seconds()}`),
    });
    const { totals } = await readStatus(workspace);
    console.error(`made in ${seconds()}`);
    console.log(JSON.stringify(totals, null, 2));
  } finally {
    await app.close();
  }
}
