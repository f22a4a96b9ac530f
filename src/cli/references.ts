import { type Command, InvalidArgumentError, Option } from 'commander';
import { addReferences, findReferenceSet, removeReferences, type AddedReferences } from '../app/photos/references.ts';
import { sumOf } from '../funnel/funnel.ts';
import { UsageError } from '../kernel/errors.ts';
import type { HoldCounts } from '../photo/hold-references.process.ts';
import { listReferenceSets, type ReferenceSetLine } from '../photo/reference-set.repository.ts';
import { countText, linesText, plural, tableText, writeJsonLines, writeOut, writeResult } from './output.ts';
import { withProgress } from './progress.ts';
import { addCommand, runCommand, withApp, type GlobalFlags } from './start/context.ts';

interface AddFlags extends GlobalFlags {
  readonly for: 'leaks';
  readonly distance: number;
}

const DEFAULT_DISTANCE = 6;

export function addReferencesCommand(program: Command): void {
  const references = program
    .command('references')
    .description(
      'Manage reference sets: pictures that must not be in a test set, such as the training pictures of the models',
    );
  addCommand(references, 'add', 'Store the hashes of the pictures of a folder, and drop photos that match one of them')
    .argument('<dir>', 'the folder; every picture below it counts')
    .addOption(
      new Option('--for <purpose>', 'leaks: photos found here are dropped as in-reference-set')
        .choices(['leaks'])
        .makeOptionMandatory(),
    )
    .option(
      '--distance <bits>',
      'perceptual hashes may differ in this many of their 64 bits; a finer hash confirms each match',
      bits,
      DEFAULT_DISTANCE,
    )
    .addHelpText(
      'after',
      `
Stores a SHA-256 and two perceptual hashes of each picture, but no bytes. If you add a folder again, only
new or changed pictures are read; an interrupted run continues. A folder without pictures changes nothing,
because its disk may not be mounted. A photo leaks if it has the same bytes as a picture, or is within the
distance and confirmed by the finer hash. Leaks are dropped in every collection of the data folder, before
or after winnow filter, and winnow show names the matching picture. If you remove the set, these photos get
their decisions back. Neither command runs a model.

Example:
  winnow references add ~/imagenet/train --for leaks
`,
    )
    .action((dir: string, flags: AddFlags) => add(dir, flags));
  addCommand(references, 'list', 'List the reference sets of the data folder').action((flags: GlobalFlags) =>
    list(flags),
  );
  addCommand(references, 'remove', 'Remove a reference set and restore the decisions that it changed')
    .argument('<dir>', 'the folder, as `winnow references list` shows it')
    .action((dir: string, flags: GlobalFlags) => remove(dir, flags));
}

function bits(text: string): number {
  if (/^\d{1,2}$/.test(text) && Number(text) <= 64) return Number(text);
  throw new InvalidArgumentError(`Expected a whole number of bits from 0 to 64 but received '${text}'.`);
}

async function add(dir: string, flags: AddFlags): Promise<void> {
  await runCommand(flags, (context) =>
    withApp(context, { name: 'references' }, async (app) => {
      const counts: HoldCounts = { seen: 0, held: 0, unchanged: 0, unreadable: {} };
      const { signal } = context;
      try {
        const added = await withProgress(
          () => ({ label: 'pictures', done: counts.seen, total: null, note: unreadableText(counts) }),
          () => addReferences(app, { dir, distance: flags.distance }, { signal, counts }),
        );
        await writeResult(flags, { ...counts, ...added }, () => addedText(counts, added));
      } catch (error) {
        if (signal.aborted)
          console.error(
            `winnow: ${plural(counts.held + counts.unchanged, 'picture')} are held, nothing is dropped for them yet; run the command again to go on`,
          );
        throw error;
      }
    }),
  );
}

function addedText(counts: HoldCounts, { folder, leaks, overruled, restored, undecided }: AddedReferences): string {
  const back = restored + undecided;
  return linesText([
    `holding ${plural(counts.held + counts.unchanged, 'picture')} of ${folder}, ${countText(counts.held)} of them read now`,
    unreadableText(counts),
    `${plural(leaks, 'photo')} of the data folder ${leaks === 1 ? 'is' : 'are'} among them; ${plural(overruled, 'decision')} changed to in-reference-set`,
    back > 0 && `${plural(back, 'decision')} taken back: no longer among them`,
    overruled + back > 0 && 'shortlists stay as they are until you run winnow shortlist again',
  ]);
}

function unreadableText({ unreadable }: Pick<HoldCounts, 'unreadable'>): string {
  const reasons = Object.entries(unreadable).toSorted(([, a], [, b]) => b - a);
  const total = sumOf(unreadable);
  if (total === 0) return '';
  return `not held ${countText(total)}: ${reasons.map(([reason, count]) => `${reason} ${countText(count)}`).join(', ')}`;
}

async function list(flags: GlobalFlags): Promise<void> {
  await runCommand(flags, (context) =>
    withApp(context, { name: 'references', access: 'read' }, async (app) => {
      const sets = await listReferenceSets(app.db);
      if (flags.json === true) await writeJsonLines(sets);
      else if (sets.length === 0)
        await writeOut('no reference sets: winnow references add DIR --for leaks holds one\n');
      else
        await writeOut(
          tableText(
            ['folder', 'for', 'pictures', 'not held', 'distance', 'leaks', 'added'],
            sets.map((set) => [
              set.folder,
              set.purpose,
              set.pictures,
              sumOf(set.unreadable),
              set.distance,
              set.leaks,
              `${set.addedAt.toISOString().slice(0, 10)}${unendedText(set)}`,
            ]),
          ),
        );
    }),
  );
}

/** Nothing here shows whether another process is still adding the set. */
function unendedText({ completedAt, isUnended }: ReferenceSetLine): string {
  if (completedAt === null) return ', interrupted: add it again';
  return isUnended ? ', added again but not to the end: add it again' : '';
}

async function remove(dir: string, flags: GlobalFlags): Promise<void> {
  await runCommand(flags, (context) =>
    withApp(context, { name: 'references', access: 'use' }, async (app) => {
      const set = await findReferenceSet(app.db, dir);
      if (set === undefined) {
        const known = (await listReferenceSets(app.db)).map(({ folder }) => `'${folder}'`).join(', ');
        throw new UsageError(
          `Expected the folder of a reference set (${known === '' ? 'there are none' : known}) but received '${dir}'`,
          { code: 'unknown-reference-set' },
        );
      }
      const { restored, undecided } = await removeReferences(app, set);
      await writeResult(
        flags,
        { folder: set.folder, restored, undecided },
        () =>
          `removed ${plural(set.pictures, 'picture')} of ${set.folder}; ${plural(restored, 'decision')} restored, ${countText(undecided)} undecided again${undecided > 0 ? ': winnow filter decides them' : ''}\n`,
      );
    }),
  );
}
