import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Command } from 'commander';
import { loadClassTable } from '../../collection/class-table.process.ts';
import type { ClassRow, ClassTable } from '../../collection/class-table.ts';
import { collectionTemplate } from '../../collection/collection-template.ts';
import { readTextFile } from '../../config/read-text.ts';
import { displayPath, packageRoot, workingFolder } from '../../config/root.ts';
import { codeOf, UsageError } from '../../kernel/errors.ts';
import { labelsInFolder } from '../../crawl/sources/folder/discover-folder.process.ts';
import { plural, writeOut } from '../text/output.ts';
import { addCommand, collect, runCommand, type GlobalFlags } from '../start/context.ts';
import { makeFolder } from '../../platform/disk/folders.ts';

interface InitFlags extends GlobalFlags {
  readonly classes?: readonly string[];
  readonly from?: string;
}

const EXAMPLE = 'config/collections/custom.yaml';

const HELP = `
Without --classes and --from, the file has three classes as an example. Give classes by name or WordNet id
(winnow classes find TEXT). If some of them are unknown or ambiguous, they are listed and nothing is written.

Examples:
  winnow collection init dragonflies
  winnow collection init birds --classes "kite, jay, house finch"
  winnow collection init mine --from ~/photos
`;

export function addCollectionInitCommand(collection: Command): void {
  addCommand(collection, 'init', 'Write a commented collection file to start from')
    .argument('<name>', 'letters, digits, dots, dashes')
    .option('--classes <names>', 'its classes, separated by commas, or repeat the flag', collect)
    .option('--from <dir>', 'a folder of photos whose sub-folders, or labels.csv, name the classes')
    .addHelpText('after', HELP)
    .action((name: string, flags: InitFlags) => runCommand(flags, ({ signal }) => init(name, flags, signal)));
}

async function init(name: string, flags: InitFlags, signal: AbortSignal): Promise<void> {
  const classes = await classesOf(flags, signal);
  const { text: example } = await readTextFile(path.join(packageRoot, EXAMPLE), 'the example of a collection');
  const text = collectionTemplate(example, name, classes);
  const file = path.join(workingFolder(), 'config', 'collections', `${name}.yaml`);
  await makeFolder(path.dirname(file));
  try {
    await writeFile(file, text, { flag: 'wx' });
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
    throw new UsageError(
      `A collection file of that name exists already: '${displayPath(file)}'. Choose another name; nothing was changed`,
      { code: 'collection-exists', cause: error },
    );
  }
  const what = classes.length === 0 ? '' : ` with ${plural(classes.length, 'class', 'classes')}`;
  await writeOut(`wrote ${displayPath(file)}${what}: edit it, then winnow collection check ${name}\n`);
}

async function classesOf({ classes, from }: InitFlags, signal: AbortSignal): Promise<ClassRow[]> {
  if (classes === undefined && from === undefined) return [];
  const table = await loadClassTable();
  const labels = [
    ...(classes ?? []).flatMap((value) => labelsOf(value, table)),
    ...(from === undefined ? [] : await labelsInFolder(from, signal)),
  ];
  const results = labels.map((label) => table.resolveLabel(label));
  const problems = results.flatMap((result) => (result.ok ? [] : [result.detail]));
  if (problems.length > 0) {
    throw new UsageError(
      `${plural(problems.length, 'name')} cannot be resolved to an ImageNet-1k class; nothing was written\n${problems.join('\n')}`,
      { code: 'unknown-class' },
    );
  }
  const wnids = new Set(results.flatMap((result) => (result.ok ? [result.wnid] : [])));
  if (wnids.size === 0)
    throw new UsageError('No classes were named; give some to --classes, or leave the flag out. Nothing was written', {
      code: 'no-classes',
    });
  return table.rows.filter(({ wnid }) => wnids.has(wnid));
}

/** Splits a value of --classes: one class in any spelling (`tench, Tinca tinca`), or several. */
function labelsOf(value: string, { resolveLabel }: ClassTable): string[] {
  if (resolveLabel(value).ok) return [value];
  const labels = value.split(',').map((label) => label.trim());
  return labels.filter((label) => label !== '');
}
