import { basename, dirname, resolve } from 'node:path';
import { didYouMean } from '../config/nearest.ts';
import { quote } from '../config/quote.ts';
import { readTextFile } from '../config/read-text.ts';
import { configFolders, displayPath, packageRoot, workingFolder } from '../config/root.ts';
import { listYamlFiles } from '../config/yaml-files.ts';
import type { NamedFile } from '../config/yaml-files.ts';
import { parseYaml } from '../config/yaml.ts';
import type { YamlFile } from '../config/yaml.ts';
import { UsageError, messageOf } from '../kernel/errors.ts';
import type { ClassSet } from './class-set.ts';
import { loadClassTable } from './class-table.process.ts';
import { classesOf, subjectsOf } from './collection-classes.process.ts';
import { existingFile, type CollectionContext } from './collection-context.process.ts';
import { completeCollection, draftCollection } from './collection.ts';
import type { Collection } from './collection.ts';
import { firstOf } from './first-of.ts';
import { cardFor, classesOfCard } from './model-card.process.ts';
import { unknownClasses, wantedClasses } from './model-classes.ts';

export interface CollectionCheck {
  /** Absolute path. */
  readonly file: string;
  /** Null if there are problems. */
  readonly collection: Collection | null;
  /** Names of model cards, also of those with problems. Empty if the file cannot be read. */
  readonly ensemble: readonly string[];
  /** Sentences with file and line. If there are any, the collection cannot be used. */
  readonly problems: readonly string[];
  /** Sentences about what is probably a mistake. */
  readonly warnings: readonly string[];
}

/**
 * Reads a collection.
 *
 * @param nameOrPath a name, which is searched in config/collections of the working directory and then of the package; or a path
 *   (with a slash, or ending in .yaml or .yml), relative to the working directory
 * @throws UsageError `unknown-collection` with the nearest and all known names, `bad-collection` with all problems, `bad-yaml`
 */
export async function findCollection(
  nameOrPath: string,
  root: string = packageRoot,
  workingDir: string = workingFolder(),
): Promise<Collection> {
  return (await usableCollection(nameOrPath, root, workingDir)).collection;
}

export interface UsableCollection {
  readonly collection: Collection;
  /** Sentences about what is probably a mistake. */
  readonly warnings: readonly string[];
}

/** Reads a collection as `findCollection` does, with its warnings. */
export async function usableCollection(
  nameOrPath: string,
  root: string = packageRoot,
  workingDir: string = workingFolder(),
): Promise<UsableCollection> {
  const { collection, problems, warnings } = await checkCollection(nameOrPath, root, workingDir);
  if (collection === null) throw new UsageError(firstOf(problems).join('\n'), { code: 'bad-collection' });
  return { collection, warnings };
}

/** Lists the collection files. A file in the working directory's config/collections hides the bundled file of the same name. */
export async function listCollections(
  root: string = packageRoot,
  workingDir: string = workingFolder(),
): Promise<NamedFile[]> {
  return listYamlFiles(configFolders('collections', root, workingDir));
}

/**
 * Reads a collection and everything that it names (class list, queries, model cards), and reports all problems at once.
 *
 * @throws UsageError only if there is no such collection, or the class table itself is damaged
 */
export async function checkCollection(
  nameOrPath: string,
  root: string = packageRoot,
  workingDir: string = workingFolder(),
): Promise<CollectionCheck> {
  const file = await fileOf(nameOrPath, root, workingDir);
  const table = await loadClassTable(root);
  const { text, bytes } = await readTextFile(file, 'a collection file');
  let yaml: YamlFile;
  try {
    yaml = parseYaml(text, displayPath(file, workingDir));
  } catch (error) {
    return { file, collection: null, ensemble: [], problems: [messageOf(error)], warnings: [] };
  }
  const { draft, problems, warnings } = draftCollection(yaml);
  if (draft === null) return { file, collection: null, ensemble: [], problems, warnings };
  const context: CollectionContext = { draft, yaml, file, root, workingDir, table };
  const classes = await classesOf(context);
  const { subjects, problems: conceptProblems } = subjectsOf(context, classes.classes);
  const queries = await queriesOf(context);
  const ensemble = await checkEnsemble(context, classes.problems.length === 0 ? classes.evidenceClasses : null);
  const all = [
    ...problems,
    ...nameProblems(context),
    ...classes.problems,
    ...conceptProblems,
    ...queries.problems,
    ...ensemble.problems,
  ];
  return {
    file,
    collection:
      all.length > 0
        ? null
        : completeCollection(draft, {
            classes: classes.classes,
            subjects,
            evidenceClasses: classes.evidenceClasses,
            queries: queries.path,
            file,
            bytes,
          }),
    ensemble: draft.ensemble,
    problems: all,
    warnings: [...warnings, ...classes.warnings, ...ensemble.warnings],
  };
}

async function fileOf(nameOrPath: string, root: string, workingDir: string): Promise<string> {
  if (/[/\\]|\.ya?ml$/.test(nameOrPath)) return resolve(workingDir, nameOrPath);
  const known = await listCollections(root, workingDir);
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
function nameProblems({ draft, yaml, file, root, workingDir }: CollectionContext): string[] {
  const stem = basename(file).replace(/\.ya?ml$/, '');
  const isNamedByFile = configFolders('collections', root, workingDir).includes(dirname(file));
  if (!isNamedByFile || stem === draft.name) return [];
  return [
    `'name' in ${yaml.where(['name'])} is '${draft.name}', but the file's name is '${stem}'. Rename one of the two.`,
  ];
}

async function queriesOf(context: CollectionContext): Promise<{ path: string | null; problems: string[] }> {
  const { queries } = context.draft;
  if (queries === null) return { path: null, problems: [] };
  const path = await existingFile(queries, context);
  if (path !== null) return { path, problems: [] };
  const where = context.yaml.where(['queries']);
  return {
    path,
    problems: [`No such queries file: ${quote(queries)} for 'queries' in ${where}. Give the path of an existing file.`],
  };
}

/** Checks that every model card exists, and that each model knows all classes that it chooses among. */
async function checkEnsemble(
  { draft, yaml, root, workingDir, table }: CollectionContext,
  among: ClassSet | null,
): Promise<{ problems: string[]; warnings: string[] }> {
  const problems: string[] = [];
  const warnings: string[] = [];
  for (const [i, name] of draft.ensemble.entries()) {
    const where = yaml.where(['ensemble', i]);
    try {
      const card = await cardFor(name, root, workingDir);
      if (!card.trained)
        warnings.push(`The model '${name}' (${where}) is untrained and decides at random. Use it for tests only.`);
      const known = await classesOfCard(card, table);
      const missing = among === null ? [] : unknownClasses(known, wantedClasses(among));
      if (missing.length > 0) {
        problems.push(
          `The model '${name}' (${where}) does not know all classes that it must choose among. Its ${known.count} classes (${card.classes}) lack ${firstOf(missing).join(', ')}. Choose another ensemble or other classes.`,
        );
      }
    } catch (error) {
      problems.push(`${messageOf(error)} (${where})`);
    }
  }
  return { problems, warnings };
}
