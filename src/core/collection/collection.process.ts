import { basename, dirname, resolve } from 'node:path';
import { didYouMean } from '../tools/nearest.ts';
import { quote } from '../tools/quote.ts';
import { readTextFile } from '../config/read-text.ts';
import { configFolders, displayPath, packageRoot, workingFolder } from '../config/root.ts';
import { listYamlFiles, type NamedFile } from '../config/yaml-files.ts';
import { parseYaml, type YamlFile } from '../config/yaml.ts';
import { codeOf, messageOf, UsageError } from '../kernel/errors.ts';
import { toSha256 } from '../kernel/ids.ts';
import type { ClassSet } from './class-set.ts';
import { loadClassTable } from './class-table.process.ts';
import { readClassLists, existingFile, findSubjects, type DraftContext } from './collection-classes.process.ts';
import {
  completeCollection,
  draftCollection,
  type Collection,
  type QueriesFile,
  type CollectionDraft,
} from './collection.ts';
import { firstOf } from './first-of.ts';
import { moduleEntry, moduleOf } from './source-module.ts';
import { classesOfCard, HEAD_TO_FIT, memberCard } from './cards/model-card.process.ts';
import { unknownClasses, wantedClasses } from './cards/model-classes.ts';
import { stringify } from 'yaml';

export interface CollectionCheck {
  readonly file: string;
  readonly collection: Collection | null;
  /** Names of model cards, also of those with problems. Empty if the file cannot be read. */
  readonly ensemble: readonly string[];
  /** Sentences with file and line. If there are any, the collection cannot be used. */
  readonly problems: readonly string[];
  readonly warnings: readonly string[];
}

export type UsableCollection = Pick<CollectionCheck, 'warnings'> & { readonly collection: Collection };

/**
 * @param nameOrPath a name, which is searched in config/collections of the working directory and then of the package; or a path
 *   (with a slash, or ending in .yaml or .yml), relative to the working directory
 * @throws UsageError `unknown-collection` with the nearest and all known names, `bad-collection` with all problems, `bad-yaml`
 */
export async function usableCollection(
  nameOrPath: string,
  workingDir: string = workingFolder(),
): Promise<UsableCollection> {
  const { collection, problems, warnings } = await checkCollection(nameOrPath, workingDir);
  if (collection === null) throw new UsageError(firstOf(problems).join('\n'), { code: 'bad-collection' });
  return { collection, warnings };
}

/** Lists the collection files. A file in the working directory's config/collections hides the bundled file of the same name. */
export async function listCollections(workingDir: string = workingFolder()): Promise<NamedFile[]> {
  return listYamlFiles(configFolders('collections', packageRoot, workingDir));
}

/**
 * Also reads everything that the collection names (class list, queries, model cards), and reports all problems at once.
 * @throws UsageError only if there is no such collection, or the class table itself is damaged
 */
export async function checkCollection(
  nameOrPath: string,
  workingDir: string = workingFolder(),
): Promise<CollectionCheck> {
  const file = await fileOf(nameOrPath, workingDir);
  const { text, bytes } = await readTextFile(file, 'a collection file');
  const check = await checkText({ text, bytes, shown: displayPath(file, workingDir), file }, workingDir);
  return { file, ...check };
}

/** @throws UsageError `bad-collection` if the text was stored by a version of winnow whose collections had other keys */
export async function storedCollection(
  name: string,
  { text, fileSha256 }: { readonly text: string; readonly fileSha256: string },
): Promise<Collection> {
  const shown = `the catalogue's text of the collection '${name}'`;
  const source = { text, bytes: Buffer.from(text), shown, file: null };
  const { collection, problems } = await checkText(source, workingFolder());
  if (collection === null) throw new UsageError(firstOf(problems).join('\n'), { code: 'bad-collection' });
  return { ...collection, sha256: toSha256(fileSha256) };
}

interface CollectionSource {
  readonly text: string;
  readonly bytes: Uint8Array;
  readonly shown: string;
  /** Absolute path. Null for a text of the catalogue. */
  readonly file: string | null;
}

async function checkText(
  { text, bytes, shown, file }: CollectionSource,
  workingDir: string,
): Promise<Omit<CollectionCheck, 'file'>> {
  const table = await loadClassTable();
  const unread = { collection: null, ensemble: [], warnings: [] };
  let yaml: YamlFile;
  try {
    yaml = parseYaml(text, shown);
  } catch (error) {
    return { ...unread, problems: [messageOf(error)] };
  }
  const { draft, given, ...checked } = draftCollection(yaml);
  if (draft === null) return { ...unread, ...checked };
  const context: DraftContext = { draft, yaml, file, workingDir, table };
  const { classes, evidenceClasses, drafts, ...lists } = await readClassLists(context);
  const { subjects, problems: conceptProblems } = findSubjects(context, classes);
  const { queries, problems: queryProblems } = await queriesOf(context);
  // The cards of a stored collection are in the catalogue, and were checked when they were stored.
  const ensemble =
    file === null
      ? { problems: [], warnings: [] }
      : await checkEnsemble(context, lists.problems.length === 0 ? evidenceClasses : null);
  const problems = [
    ...checked.problems,
    ...nameProblems(context),
    ...lists.problems,
    ...conceptProblems,
    ...queryProblems,
    ...ensemble.problems,
  ];
  const canonical = canonicalText({ draft: withPaths(draft, file), given, lists: drafts, queries });
  const found = { classes, subjects, evidenceClasses, queries, file, bytes, text: canonical };
  return {
    collection: problems.length > 0 ? null : completeCollection(draft, found),
    ensemble: draft.ensemble,
    problems,
    warnings: [...checked.warnings, ...lists.warnings, ...ensemble.warnings],
  };
}

export function isPath(nameOrPath: string): boolean {
  return /[/\\]|\.ya?ml$/.test(nameOrPath);
}

async function fileOf(nameOrPath: string, workingDir: string): Promise<string> {
  if (isPath(nameOrPath)) return resolve(workingDir, nameOrPath);
  const known = await listCollections(workingDir);
  const found = known.find((collection) => collection.name === nameOrPath);
  if (found !== undefined) return found.file;
  const names = known.map((collection) => collection.name);
  throw new UsageError(
    `No such collection: ${nameOrPath}.${didYouMean(nameOrPath, names)} Give one of ${names.join(', ')}, or the path of a ` +
      'collection file. `winnow collection init NAME` creates a new one.',
    { code: 'unknown-collection' },
  );
}

/** Checks that a file has the name of its collection, because decisions, shortlists and exports are stored under that name. */
function nameProblems({ draft, yaml, file, workingDir }: DraftContext): string[] {
  if (file === null) return [];
  const stem = basename(file).replace(/\.ya?ml$/, '');
  const isNamedByFile = configFolders('collections', packageRoot, workingDir).includes(dirname(file));
  if (!isNamedByFile || stem === draft.name) return [];
  return [
    `'name' in ${yaml.where(['name'])} is '${draft.name}', but the file's name is '${stem}'. Rename one of the two.`,
  ];
}

async function queriesOf(context: DraftContext): Promise<{ queries: QueriesFile | null; problems: string[] }> {
  const named = context.draft.queries;
  if (named === null) return { queries: null, problems: [] };
  const where = context.yaml.where(['queries']);
  if (typeof named === 'string' && named.startsWith('{'))
    return { queries: { from: `'queries' in ${where}`, text: named }, problems: [] };
  const files: QueriesFile[] = [];
  const problems: string[] = [];
  for (const name of [named].flat()) {
    const path = await existingFile(name, context);
    if (path !== null) files.push({ from: path, text: (await readTextFile(path, 'a queries file')).text });
    else
      problems.push(
        `No such queries file: ${quote(name)} for 'queries' in ${where}. Give the path of an existing file.`,
      );
  }
  if (problems.length > 0) return { queries: null, problems };
  return {
    queries: { from: files.map(({ from }) => from).join(', '), text: files.map(({ text }) => text).join('\n') },
    problems,
  };
}

async function checkEnsemble(
  { draft, yaml, workingDir, table }: DraftContext,
  among: ClassSet | null,
): Promise<{ problems: string[]; warnings: string[] }> {
  const problems: string[] = [];
  const warnings: string[] = [];
  for (const [i, name] of draft.ensemble.entries()) {
    const where = yaml.where(['ensemble', i]);
    try {
      const card = await memberCard(name, draft, workingDir);
      if (!card.trained)
        warnings.push(`The model '${name}' (${where}) is untrained and decides at random. Use it for tests only.`);
      const known = await classesOfCard(card, table);
      const missing = among === null ? [] : unknownClasses(known, wantedClasses(among));
      if (missing.length > 0) {
        problems.push(
          `The model '${name}' (${where}) does not know all classes that it must choose among. Its ${known.count} classes (${card.classes}) lack ${firstOf(missing).join(', ')}. Choose another ensemble or other classes, or fit a head for them with \`winnow finetune\`.`,
        );
      }
    } catch (error) {
      // Photos can be crawled without the models.
      if (codeOf(error) !== HEAD_TO_FIT) problems.push(`${messageOf(error)} (${where})`);
    }
  }
  return { problems, warnings };
}

function withPaths(draft: CollectionDraft, file: string | null): CollectionDraft {
  const sources = draft.sources.map((source) => {
    const own = moduleOf(source, file);
    return own === null ? source : moduleEntry(own);
  });
  return { ...draft, sources };
}

interface DraftToKeep {
  readonly draft: CollectionDraft;
  readonly given: object;
  readonly lists: Pick<CollectionDraft, 'classes' | 'among'>;
  readonly queries: QueriesFile | null;
}

/** A collection file with the same meaning and all defaults that names no other file except model cards. */
function canonicalText({ draft, given, lists, queries }: DraftToKeep): string {
  const { mode, ensemble, policy, sources } = draft;
  const lines = queries === null || queries.text.trim() === '' ? null : queries.text;
  const values = { ...given, mode, sources, ensemble, policy, ...lists, queries: lines };
  return stringify(Object.fromEntries(Object.entries(values).filter(([, value]) => value !== null)), { lineWidth: 0 });
}
