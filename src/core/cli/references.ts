import path from 'node:path';
import type { Command } from 'commander';
import * as z from 'zod';
import { recorded } from '../runtime/activity/activity.repository.ts';
import { localActor } from '../runtime/activity/local-actor.process.ts';
import {
  addDisplayReferences,
  addReferences,
  findReferenceSets,
  removeReferences,
  type AddedReferences,
} from '../filter/references/references.process.ts';
import { sumOf } from '../status/funnel.ts';
import type { ActivityDetail } from '../kernel/activity.ts';
import { UsageError } from '../kernel/errors.ts';
import type { HoldCounts } from '../filter/references/hold-references.process.ts';
import { LEAK_DISTANCE } from '../photo/known-pictures.ts';
import { listReferenceSets, type ReferenceSetLine } from '../photo/reference-set.repository.ts';
import { countText, linesText, plural, writeJsonLines, writeOut, writeResult } from './text/output.ts';
import { tableText } from './text/table.ts';
import { withProgress } from './text/progress.ts';
import { reasonsText } from './run/run-lines.ts';
import { addPlainCommand, runOnData } from './start/context.ts';
import { option, optional, wholeNumber, type FlagsOf, type GlobalFlags } from './start/flags.ts';

const PURPOSES = ['leaks', 'display'] as const;

const ADD = {
  for: option(
    z.enum(PURPOSES),
    'purpose',
    'leaks: photos found here are dropped as in-reference-set; display: the review page shows them beside photos of their class',
  ),
  distance: option(
    wholeNumber(0, 64).default(LEAK_DISTANCE),
    'bits',
    'for leaks: perceptual hashes may differ in this many of their 64 bits; a finer hash confirms each match',
  ),
};

export function addReferencesCommand(program: Command): void {
  const references = program
    .command('references')
    .description(
      'Manage reference sets: pictures that must not be in a test set, such as the training pictures of the models, and pictures that reviewers compare photos with',
    );
  addPlainCommand(
    references,
    'add',
    'Store the hashes of the pictures of a folder, and drop photos that match one of them',
  )
    .argument('<dir>', 'the folder; every picture below it counts')
    .flags(ADD)
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
    .run(add);
  addPlainCommand(references, 'list', 'List the reference sets of the data folder').run(list);
  addPlainCommand(references, 'remove', 'Remove a reference set and restore the decisions that it changed')
    .argument('<dir>', 'the folder, as `winnow references list` shows it')
    .flags({ for: optional(z.enum(PURPOSES), 'purpose', 'needed if the folder is a set for both purposes') })
    .run(remove);
}

async function add(flags: FlagsOf<typeof ADD>, dir: string): Promise<void> {
  await runOnData(flags, { name: 'references' }, async (app, { signal }) => {
    const counts: HoldCounts = { seen: 0, held: 0, unchanged: 0, unreadable: {} };
    const detail = { folder: path.resolve(dir), for: flags.for };
    const resultOf = (): ActivityDetail => ({ pictures: counts.held + counts.unchanged });
    const addThem = async () =>
      flags.for === 'display'
        ? addDisplayReferences(app, { dir }, { signal, counts })
        : addReferences(app, { dir, distance: flags.distance }, { signal, counts });
    try {
      const added = await withProgress(
        () => [{ label: 'pictures', done: counts.seen, total: null, note: unreadableText(counts) }],
        async () => recorded(app.db, { ...localActor(), action: 'references-add', detail, resultOf }, addThem),
      );
      const text = (): string => ('leaks' in added ? addedText(counts, added) : displayText(counts, added));
      await writeResult(flags, { ...counts, ...added }, text);
    } catch (error) {
      if (signal.aborted)
        console.error(
          `winnow: ${plural(counts.held + counts.unchanged, 'picture')} are held but not used yet; run the command again to go on`,
        );
      throw error;
    }
  });
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

function displayText(
  counts: HoldCounts,
  { folder, classes }: { readonly folder: string; readonly classes: number },
): string {
  return linesText([
    `the review page shows ${plural(counts.held + counts.unchanged, 'picture')} of ${plural(classes, 'class', 'classes')} in ${folder}`,
    unreadableText(counts),
    classes === 0 && `no picture lies in a folder with the id of its class, such as ${folder}/n01440764/`,
  ]);
}

function unreadableText({ unreadable }: Pick<HoldCounts, 'unreadable'>): string {
  return reasonsText(`not held ${countText(sumOf(unreadable))}`, unreadable);
}

async function list(flags: GlobalFlags): Promise<void> {
  await runOnData(flags, { name: 'references', access: 'read' }, async (app) => {
    const sets = await listReferenceSets(app.db);
    if (flags.json === true) await writeJsonLines(sets);
    else await writeOut(listText(sets));
  });
}

function listText(sets: readonly ReferenceSetLine[]): string {
  if (sets.length === 0) return 'no reference sets: winnow references add DIR --for leaks|display holds one\n';
  const rows = sets.map((set) => {
    const { folder, purpose, pictures, unreadable, distance, leaks, addedAt } = set;
    const isDisplay = purpose === 'display';
    const added = `${addedAt.toISOString().slice(0, 10)}${unendedText(set)}`;
    return [folder, purpose, pictures, sumOf(unreadable), isDisplay ? '' : distance, isDisplay ? '' : leaks, added];
  });
  return tableText(['folder', 'for', 'pictures', 'not held', 'distance', 'leaks', 'added'], rows);
}

/** Nothing here shows whether another process is still adding the set. */
function unendedText({ completedAt, isUnended }: ReferenceSetLine): string {
  if (completedAt === null) return ', interrupted: add it again';
  return isUnended ? ', added again but not to the end: add it again' : '';
}

async function remove(flags: GlobalFlags & { readonly for?: string | undefined }, dir: string): Promise<void> {
  await runOnData(flags, { name: 'references', access: 'use' }, async (app) => {
    const all = await findReferenceSets(app.db, dir);
    const [set, another] = all.filter(({ purpose }) => purpose === (flags.for ?? purpose));
    if (set === undefined) {
      const known = (await listReferenceSets(app.db)).map((one) => `'${one.folder}' for ${one.purpose}`).join(', ');
      throw new UsageError(
        `Expected the folder of a reference set (${known === '' ? 'there are none' : known}) but received '${dir}'`,
        { code: 'unknown-reference-set' },
      );
    }
    if (another !== undefined)
      throw new UsageError(`The folder '${dir}' is a set for leaks and one for display. Say which one: --for leaks`, {
        code: 'ambiguous-reference-set',
      });
    const { folder, pictures } = set;
    const detail = { folder, for: set.purpose, pictures };
    const { restored, undecided } = await recorded(
      app.db,
      { ...localActor(), action: 'references-remove', detail, resultOf: (result) => ({ ...result }) },
      () => removeReferences(app, set),
    );
    const again = undecided > 0 ? ': winnow filter decides them' : '';
    const decisions =
      set.purpose === 'display'
        ? ''
        : `; ${plural(restored, 'decision')} restored, ${countText(undecided)} undecided again${again}`;
    const text = `removed ${plural(pictures, 'picture')} of ${folder}${decisions}\n`;
    await writeResult(flags, { folder, restored, undecided }, () => text);
  });
}
