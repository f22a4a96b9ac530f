import { stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Command } from 'commander';
import { loadClassTable } from '../../collection/class-table.process.ts';
import type { ClassTable } from '../../collection/class-table.ts';
import { classFinder } from '../../collection/classes-of-model.ts';
import { cardFor, classesOfCard, requireLogits } from '../../collection/cards/model-card.process.ts';
import {
  collectionTemplate,
  withFolder,
  withModels,
  withSearches,
  type TemplateClass,
} from '../../collection/collection-template.ts';
import { parseQueries } from '../../crawl/candidates/wanted-class.ts';
import type { SourceName } from '../../config/sources/sources.ts';
import { readTextFile } from '../../config/read-text.ts';
import { firstOf } from '../../collection/first-of.ts';
import { displayPath, packageRoot, workingFolder } from '../../config/root.ts';
import { codeOf, messageOf, UsageError } from '../../kernel/errors.ts';
import { placeFlags, rightsCommand } from '../../kernel/next-step.ts';
import { nonEmpty } from '../../kernel/texts.ts';
import type { Collection } from '../../collection/collection.ts';
import { contentOfFolder, type FolderContent } from '../../crawl/sources/folder/discover-folder.process.ts';
import { givenLicence, UNKNOWN_LICENCE } from '../../collection/licence.ts';
import { terminalAsker } from '../text/ask.ts';
import { linesText, plural, writeOut } from '../text/output.ts';
import { addPlainCommand, collect, runCommand, type GlobalFlags } from '../start/context.ts';
import { makeFolder } from '../../platform/disk/folders.ts';

interface InitFlags extends GlobalFlags {
  readonly classes?: readonly string[];
  readonly model?: readonly string[];
  readonly from?: string;
  readonly licence?: string;
  readonly creator?: string;
}

const EXAMPLE = 'config/collections/custom.yaml';
/** The example names it. */
const QUERIES = ['config/classes/queries-imagenet-a.jsonl', 'config/classes/queries-commons.jsonl'];

const HELP = `
Without --classes and --from, the file has three classes as an example. Give classes by name or WordNet id
(winnow classes find TEXT). If some of them are unknown or ambiguous, they are listed and nothing is written.

With --model the file has these models instead of the bundled ones, and classes are those that the first of them
knows, such as the classes of winnow finetune or winnow models text; without --classes and --from all of them.

With --classes and no --from, the file turns on the queries that come with winnow, and the sources that fit: iNaturalist
for living things, Wikimedia Commons if there are others. winnow collection check says what each source searches.

The file names the folder of --from, so winnow run needs no --from. Photos without a licence are not
exported: --licence and --creator state those of the photos for which labels.csv states none. On a terminal
winnow asks for them.

Examples:
  winnow collection init dragonflies
  winnow collection init birds --classes "kite, jay, house finch"
  winnow collection init mine --from ~/photos --licence CC-BY-4.0 --creator "Ana"
  winnow collection init raptors --model clip-raptors --from ~/raptors
`;

export function addCollectionInitCommand(collection: Command): void {
  addPlainCommand(collection, 'init', 'Write a commented collection file to start from')
    .argument('<name>', 'letters, digits, dots, dashes')
    .option('--classes <names>', 'its classes, separated by commas, or repeat the flag', collect)
    .option('--model <names>', 'its models, separated by commas, or repeat the flag', collect)
    .option('--from <dir>', 'a folder of photos whose sub-folders, or labels.csv, name the classes')
    .option('--licence <id>', 'the licence of its photos that have none in labels.csv, such as CC-BY-4.0')
    .option('--creator <name>', 'whom to credit for them')
    .addHelpText('after', HELP)
    .action((name: string, flags: InitFlags) => runCommand(flags, ({ signal }) => init(name, flags, signal)));
}

/** @throws UsageError `collection-exists`, and as the functions that it calls */
async function init(name: string, flags: InitFlags, signal: AbortSignal): Promise<void> {
  const content = flags.from === undefined ? NO_FOLDER : await contentOfFolder(flags.from, signal);
  const rights = givenRights(flags);
  const { classes, models, knowAll } = await classesOf(flags, content.labels);
  const { text: example } = await readTextFile(path.join(packageRoot, EXAMPLE), 'the example of a collection');
  const template = collectionTemplate(example, name, classes);
  const isSearched = flags.classes !== undefined && flags.from === undefined;
  const [searched, notes] = isSearched ? await searchesFor(template, classes) : ([template, []] as const);
  const text = models.length === 0 ? searched : withModels(searched, models, knowAll);
  const file = path.join(workingFolder(), 'config', 'collections', `${name}.yaml`);
  if ((await stat(file).catch(() => null)) !== null)
    throw new UsageError(
      `A collection file of that name exists already: '${displayPath(file)}'. Choose another name; nothing was changed`,
      { code: 'collection-exists' },
    );
  const folder = await folderOf(flags, rights, { content, signal });
  await makeFolder(path.dirname(file));
  await writeFile(file, folder === null ? text : withFolder(text, folder), { flag: 'wx' });
  const what = classes.length === 0 ? '' : ` with ${plural(classes.length, 'class', 'classes')}`;
  const hasWarning = folder?.licence === null && content.withoutLicence > 0;
  await writeOut(
    linesText([
      `wrote ${displayPath(file)}${what}`,
      ...notes,
      hasWarning && `warning: ${unlicensedFilesText(content, { name, from: folder.from })}`,
      folder === null ? `next: edit it, then winnow collection check ${name}` : `next: winnow run --collection ${name}`,
    ]),
  );
}

/** About classes that share their Wikidata item with another, so that Commons is not asked for what a photo depicts. */
function sharedItemNotes(classes: readonly TemplateClass[], lines: ReturnType<typeof parseQueries>): string[] {
  const namesWith = (isSearched: boolean): string =>
    classes
      .filter(({ wnid }) => {
        const line = lines.get(wnid)?.['commons'];
        if (!Array.isArray(line) || line.some((search: object) => 'depicts' in search)) return false;
        return line.length > 0 === isSearched;
      })
      .map(({ name }) => name)
      .join(', ');
  const [byText, unsearched] = [namesWith(true), namesWith(false)];
  const why = 'because Wikidata has one item for several classes';
  return nonEmpty([
    byText !== '' && `note: commons searches these by text alone, ${why}: ${byText}`,
    unsearched !== '' && `note: commons cannot search these without a text in a queries file, ${why}: ${unsearched}`,
  ]);
}

/**
 * Returns the template with the sources that find the classes: iNaturalist those that it identifies, and Commons the others. The note
 * names the classes that Commons cannot search by what a photo depicts.
 */
async function searchesFor(template: string, classes: readonly TemplateClass[]) {
  const texts = await Promise.all(
    QUERIES.map((file) => readTextFile(path.join(packageRoot, file), 'the bundled queries')),
  );
  const lines = parseQueries(texts.map(({ text }) => text).join('\n'), QUERIES.join(', '));
  const others = classes.filter(({ wnid }) => (lines.get(wnid)?.['inaturalist'] ?? null) === null);
  const sources: SourceName[] = [
    ...(others.length < classes.length ? ['inaturalist' as const] : []),
    ...(others.length > 0 ? ['commons' as const] : []),
  ];
  return [withSearches(template, sources), sharedItemNotes(classes, lines)] as const;
}

/** @throws UsageError `from-missing`, `unknown-licence` */
function givenRights({ from, licence, creator }: InitFlags): StatedRights {
  if (from === undefined && (licence ?? creator) !== undefined)
    throw new UsageError('Expected --from DIR with --licence or --creator: they are those of the photos of a folder', {
      code: 'from-missing',
    });
  return { licence: licence === undefined ? null : licenceOf(licence, '--licence'), creator: creator ?? null };
}

/** Null for `unknown`, which states nothing. */
function licenceOf(text: string, from: string): string | null {
  const { id } = givenLicence(text, from);
  return id === UNKNOWN_LICENCE ? null : id;
}

async function folderOf(
  { from, json }: InitFlags,
  rights: StatedRights,
  { content, signal }: { readonly content: FolderContent; readonly signal: AbortSignal },
): Promise<Collection['folder']> {
  if (from === undefined) return null;
  const isAsked = json !== true && rights.licence === null && content.withoutLicence > 0;
  return { from, ...(isAsked ? await askedRights(rights, content, signal) : rights) };
}

const NO_FOLDER: FolderContent = { labels: [], withoutLicence: 0 };

type StatedRights = Pick<NonNullable<Collection['folder']>, 'licence' | 'creator'>;

/** An empty answer leaves the licence open. */
async function askedRights(
  given: StatedRights,
  { withoutLicence }: FolderContent,
  signal: AbortSignal,
): Promise<StatedRights> {
  const ask = terminalAsker(signal);
  if (ask === null) return given;
  const files = plural(withoutLicence, 'file');
  const question = { fact: 'licence', suggestion: null };
  const licenceText = `the licence of ${files}, such as CC-BY-4.0; leave it empty to state it later`;
  let problem = '';
  for (;;) {
    const answer = (await ask({ ...question, text: `${problem}${licenceText}` })).trim();
    try {
      const licence = answer === '' ? null : licenceOf(answer, files);
      if (licence === null || given.creator !== null) return { ...given, licence };
      const creator = await ask({
        ...question,
        text: `the creator of ${files}, if one person made them`,
        fact: 'creator',
      });
      return { licence, creator: creator.trim() || null };
    } catch (error) {
      if (codeOf(error) !== 'unknown-licence') throw error;
      problem = `${messageOf(error)}\n`;
    }
  }
}

export function unlicensedFilesText(
  { withoutLicence }: FolderContent,
  { name, from }: { readonly name: string; readonly from: string },
): string {
  const files = `${plural(withoutLicence, 'file')} in ${displayPath(from)} ${withoutLicence === 1 ? 'has' : 'have'}`;
  return `${files} no licence in labels.csv or in the collection file. Photos without a licence are not exported. Add 'licence' to 'folder' in the file and run again, or state it after the run: ${rightsCommand(placeFlags(name))}`;
}

const CURE =
  'Use one of the names given for each; `winnow classes find TEXT` searches the classes. For classes that the bundled models do not know, make a model (`winnow models text --help`, `winnow finetune --help`) and give it to --model.';

interface Chosen {
  readonly classes: readonly TemplateClass[];
  readonly models: readonly string[];
  readonly knowAll: boolean;
}

async function classesOf({ classes, model, from }: InitFlags, labelsInFolder: readonly string[]): Promise<Chosen> {
  const table = await loadClassTable();
  const models = listOf(model);
  const { find, whose, cure, ofModel, knowAll } = await knownTo(models, table);
  const isGiven = classes !== undefined || from !== undefined;
  if (!isGiven && models.length === 0) return { classes: [], models, knowAll };
  const given = [...(classes ?? []).flatMap((value) => labelsOf(value, table)), ...labelsInFolder];
  const found = (isGiven ? given : ofModel).map(find);
  const problems = found.filter((one) => typeof one === 'string');
  if (problems.length > 0) {
    throw new UsageError(
      `${plural(problems.length, 'name')} cannot be resolved to ${whose}; nothing was written\n${problems.join('\n')}\n${cure}`,
      { code: 'unknown-class' },
    );
  }
  const byId = new Map(found.flatMap((one) => (typeof one === 'string' ? [] : [[one.wnid, one] as const])));
  if (byId.size === 0)
    throw new UsageError('No classes were named; give some to --classes, or leave the flag out. Nothing was written', {
      code: 'no-classes',
    });
  return { classes: [...byId.values()].toSorted((a, b) => (a.wnid < b.wnid ? -1 : 1)), models, knowAll };
}

interface KnownClasses {
  /** Returns the reason for a label that names no class. */
  readonly find: (label: string) => TemplateClass | string;
  readonly whose: string;
  /** Advice for unknown labels. */
  readonly cure: string;
  /** All classes of the first model. */
  readonly ofModel: readonly string[];
  /** All classes of ImageNet-1k are known. */
  readonly knowAll: boolean;
}

async function knownTo(models: readonly string[], table: ClassTable): Promise<KnownClasses> {
  const [first] = await Promise.all(models.map((name) => cardFor(name)));
  if (first === undefined) {
    const find = (label: string): TemplateClass | string => {
      const result = table.resolveLabel(label);
      return result.ok ? (table.byWnid.get(result.wnid) ?? label) : result.detail;
    };
    return { find, whose: 'an ImageNet-1k class', cure: CURE, ofModel: [], knowAll: true };
  }
  requireLogits(first);
  const known = await classesOfCard(first, table);
  const ofModel = Array.from({ length: known.count }, (_, i) => known.labelOf(i));
  return {
    find: classFinder(known, first.name, table),
    whose: `a class of '${first.name}'`,
    cure: `Use its names, which are ${firstOf(ofModel).join(', ')}, or another model.`,
    ofModel,
    knowAll: table.rows.every((row) => known.positionOf(row) !== null),
  };
}

/** Splits a value of --classes: one class in any spelling (`tench, Tinca tinca`), or several. */
function labelsOf(value: string, { resolveLabel }: ClassTable): string[] {
  if (resolveLabel(value).ok) return [value];
  return listOf([value]);
}

function listOf(values: readonly string[] = []): string[] {
  const all = values.flatMap((value) => value.split(',').map((one) => one.trim()));
  return all.filter((one) => one !== '');
}
