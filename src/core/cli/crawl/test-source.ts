import type { Command } from 'commander';
import { resolve } from 'node:path';
import * as z from 'zod';
import { createClassSet } from '../../collection/class-set.ts';
import type { ClassRow } from '../../collection/class-table.ts';
import { loadClassTable } from '../../collection/class-table.process.ts';
import { firstOf } from '../../collection/first-of.ts';
import { readyOwnSource } from '../../crawl/discover/discover-stage.process.ts';
import { openSourceApi } from '../../crawl/network/source-api.process.ts';
import { loadSource } from '../../crawl/sources/own/load-source.process.ts';
import { searchOwn } from '../../crawl/sources/own/own-source.ts';
import type { FoundPhoto } from '../../crawl/sources/source.ts';
import { workingFolder } from '../../config/root.ts';
import { GiveUpOnItem, messageOf, RetryLater, UsageError } from '../../kernel/errors.ts';
import { oneLine } from '../../kernel/printable.ts';
import type { App } from '../../runtime/open/app.process.ts';
import { addPlainCommand, runOnData, type CommandContext } from '../start/context.ts';
import { listOf, optional } from '../start/flags.ts';
import { EXIT, linesText, plural, writeResult } from '../text/output.ts';

const THREE = ['dragonfly', 'typewriter keyboard', 'umbrella'];

export function addTestSourceCommand(program: Command): void {
  addPlainCommand(program, 'test-source', 'Try a source in a file of your own: print what a crawl would store')
    .argument('<file>', 'a JavaScript file, as docs/crawling.md describes it')
    .flags({ class: optional(listOf(z.string()), 'names', 'classes of ImageNet-1k, separated by commas') })
    .addHelpText(
      'after',
      `
Asks for the first page of each class (default: ${THREE.join(', ')}), with the same politeness as a crawl. No photo is
fetched, and none is stored.

Example:
  winnow test-source ./my-source.mjs --class lighter --set crawl.contact=me@example.org
`,
    )
    .run((flags, file: string) =>
      runOnData(flags, { name: 'crawl' }, (app, context) =>
        tryFile(app, context, { file, labels: flags.class ?? THREE }),
      ),
    );
}

async function tryFile(
  app: App,
  { flags, signal }: CommandContext,
  { file, labels }: { readonly file: string; readonly labels: readonly string[] },
): Promise<number> {
  const source = await loadSource(resolve(workingFolder(), file));
  const api = openSourceApi(app, readyOwnSource(source), { signal, onWait: (why) => app.log.info(why) });
  const failures: string[] = [];
  try {
    for (const { wnid, name, scientificName } of await classesOf(labels)) {
      const wanted = { wnid, name, scientificName, line: null, since: null, cursor: null };
      const found = await searchOwn(source, wanted, api).catch(failureOf);
      const problem = typeof found === 'string' ? found : null;
      const photos = typeof found === 'string' ? [] : found.photos;
      const text = oneLine(`${source.name}  ${name} (${wnid}): ${problem ?? plural(photos.length, 'photo')}`);
      await writeResult(flags, { wnid, problem, photos }, () => linesText([text, ...photos.map(photoText)]));
      if (problem !== null || photos.some((photo) => photo.problem !== null)) failures.push(wnid);
    }
  } finally {
    api.close();
  }
  return failures.length === 0 ? EXIT.done : EXIT.incomplete;
}

function failureOf(error: unknown): string {
  if (error instanceof GiveUpOnItem || error instanceof RetryLater) return messageOf(error);
  throw error;
}

async function classesOf(labels: readonly string[]): Promise<readonly ClassRow[]> {
  const table = await loadClassTable();
  const entries = labels.map((label) => ({ wnid: label, where: '--class' }));
  const { classes, problems } = createClassSet(entries, table);
  if (problems.length > 0) throw new UsageError(firstOf(problems).join('\n'), { code: 'unknown-class' });
  return table.rows.filter(({ wnid }) => classes.wnids.includes(wnid));
}

/** All that is known of a photo: `licence CC0-1.0, creator The Museum`. */
function photoText({ sourceId, source: _source, label: _label, problem, ...facts }: FoundPhoto): string {
  const known = Object.entries(facts).flatMap(([name, fact]) => (fact === null ? [] : [`${name} ${String(fact)}`]));
  const refusal = problem === null ? null : `${problem.reason}: ${problem.detail}`;
  return oneLine(`  ${sourceId}  ${refusal ?? known.join(', ')}`);
}
