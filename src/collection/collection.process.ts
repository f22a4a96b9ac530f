import { stat } from 'node:fs/promises';
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
import type { Wnid } from '../kernel/ids.ts';
import { createClassSet, parseClassList } from './class-set.ts';
import type { ClassEntry, ClassSet } from './class-set.ts';
import { loadClassTable } from './class-table.process.ts';
import { CLASS_LIST_NAMES, classListSha256, wnidsOf } from './class-table.ts';
import type { ClassTable } from './class-table.ts';
import { completeCollection, draftCollection } from './collection.ts';
import type { Collection, CollectionDraft } from './collection.ts';
import { cardFor, classesOfCard } from './model-card.process.ts';
import { unknownClasses } from './model-classes.ts';
import { classSubjects, conceptSubjects, type ConceptEntry, type Subjects } from './subjects.ts';

/** Problems or ids that one message lists; `checkCollection` has them all. */
const MAX_LISTED = 20;

export interface CollectionCheck {
  /** Absolute. */
  readonly file: string;
  /** Null if there are problems. */
  readonly collection: Collection | null;
  /** What keeps the collection from being used, in sentences with file and line. */
  readonly problems: readonly string[];
  /** What is probably not meant. */
  readonly warnings: readonly string[];
}

/**
 * Reads a collection.
 *
 * @param nameOrPath a name, looked up in config/collections of the working directory and then of the package, or a path (with a slash
 *   or ending in .yaml or .yml), relative to the working directory
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
  /** What is probably not meant. */
  readonly warnings: readonly string[];
}

/** `findCollection`, with the warnings of its file. */
export async function usableCollection(
  nameOrPath: string,
  root: string = packageRoot,
  workingDir: string = workingFolder(),
): Promise<UsableCollection> {
  const { collection, problems, warnings } = await checkCollection(nameOrPath, root, workingDir);
  if (collection === null) throw new UsageError(firstOf(problems, MAX_LISTED).join('\n'), { code: 'bad-collection' });
  return { collection, warnings };
}

/** The collection files by name; one in the working directory's config/collections hides the bundled one of that name. */
export async function listCollections(
  root: string = packageRoot,
  workingDir: string = workingFolder(),
): Promise<NamedFile[]> {
  return listYamlFiles(configFolders('collections', root, workingDir));
}

/**
 * Reads a collection and everything that it names (class list, queries, model cards), and says all that is wrong at once.
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
    return { file, collection: null, problems: [messageOf(error)], warnings: [] };
  }
  const { draft, problems, warnings } = draftCollection(yaml);
  if (draft === null) return { file, collection: null, problems, warnings };
  const context: Context = { draft, yaml, file, root, workingDir, table };
  const classes = await classesOf(context);
  const { subjects, problems: conceptProblems } = subjectsOf(context, classes.classes);
  const queries = await queriesOf(context);
  const ensemble = await checkEnsemble(context, classes.problems.length === 0 ? classes.classes : null);
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
            evidenceClasses: evidenceClassesOf(context, classes.classes),
            queries: queries.path,
            file,
            bytes,
          }),
    problems: all,
    warnings: [...warnings, ...classes.warnings, ...ensemble.warnings],
  };
}

interface Context {
  readonly draft: CollectionDraft;
  readonly yaml: YamlFile;
  readonly file: string;
  readonly root: string;
  readonly workingDir: string;
  readonly table: ClassTable;
}

async function fileOf(nameOrPath: string, root: string, workingDir: string): Promise<string> {
  if (/[/\\]|\.ya?ml$/.test(nameOrPath)) return resolve(workingDir, nameOrPath);
  const known = await listCollections(root, workingDir);
  const found = known.find((collection) => collection.name === nameOrPath);
  if (found !== undefined) return found.file;
  const names = known.map((collection) => collection.name);
  throw new UsageError(
    `Expected a collection (${names.join(', ')}) or the path of a collection file but received ${quote(nameOrPath)}.` +
      `${didYouMean(nameOrPath, names)} \`winnow collection init NAME\` makes a new one.`,
    { code: 'unknown-collection' },
  );
}

/** What is found under a name must bear it, since decisions, shortlists and exports are filed under the name inside. */
function nameProblems({ draft, yaml, file, root, workingDir }: Context): string[] {
  const stem = basename(file).replace(/\.ya?ml$/, '');
  const isNamedByFile = configFolders('collections', root, workingDir).includes(dirname(file));
  if (!isNamedByFile || stem === draft.name) return [];
  return [`Expected the file's name '${stem}' for 'name' in ${yaml.where(['name'])} but received '${draft.name}'`];
}

async function classesOf(context: Context): Promise<{ classes: ClassSet; problems: string[]; warnings: string[] }> {
  const { entries, problems: listProblems } = await entriesOf(context);
  const { classes, problems, warnings } = createClassSet(entries, context.table);
  const broken = [...listProblems, ...problems];
  if (broken.length > 0) return { classes, problems: broken, warnings: [...warnings] };
  const { mode } = context.draft;
  const where = context.yaml.where(['classes']);
  const ownIds = classes.wnids.filter((wnid) => !context.table.byWnid.has(wnid));
  const own = firstOf(ownIds, MAX_LISTED).join(', ');
  if (mode === 'A' && classes.wnids.length < 2) {
    broken.push(
      `Expected at least two classes for mode A in ${where} but received one, with which nothing can be confused`,
    );
  }
  if (mode === 'O' && own !== '') {
    broken.push(
      `Expected ImageNet-1k classes only for mode O in ${where} but received ${own}; they are what the model predicts`,
    );
  }
  return { classes, problems: broken, warnings: [...warnings] };
}

function subjectsOf(
  { draft, yaml, table }: Context,
  classes: ClassSet,
): { readonly subjects: Subjects; readonly problems: readonly string[] } {
  if (draft.mode === 'A') return { subjects: classSubjects(classes), problems: [] };
  if (draft.concepts === 'any') return conceptSubjects('any', table);
  const entries = draft.concepts.map((entry, i): ConceptEntry => {
    const where = yaml.where(['concepts', i]);
    return typeof entry === 'string' ? { label: entry, where } : { label: entry.wnid, name: entry.name, where };
  });
  return conceptSubjects(entries, table);
}

/** Mode O has no mask: the score is the model's confidence among everything that it knows. */
function evidenceClassesOf({ draft, table }: Context, classes: ClassSet): Pick<ClassSet, 'wnids' | 'sha256'> {
  if (draft.mode === 'A') return classes;
  const wnids = wnidsOf('imagenet-1k', table.rows);
  return { wnids, sha256: classListSha256(wnids) };
}

async function entriesOf(context: Context): Promise<{ entries: ClassEntry[]; problems: string[] }> {
  const { draft, yaml, table } = context;
  const { classes } = draft;
  const where = yaml.where(['classes']);
  if (typeof classes !== 'string') {
    const entries = classes.map((entry, i) => {
      const at = yaml.where(['classes', i]);
      return typeof entry === 'string' ? { wnid: entry, where: at } : { ...entry, where: at };
    });
    return { entries, problems: [] };
  }
  const listName = CLASS_LIST_NAMES.find((name) => name === classes);
  if (listName !== undefined)
    return { entries: wnidsOf(listName, table.rows).map((wnid) => ({ wnid, where })), problems: [] };
  const path = await existingFile(classes, context);
  if (path !== null) return readClassList(path, context.workingDir);
  const expected = `a list's name (${CLASS_LIST_NAMES.join(', ')}), a file with one wnid a line, or a list of wnids`;
  const advice = didYouMean(classes, CLASS_LIST_NAMES);
  return {
    entries: [],
    problems: [`Expected ${expected} for 'classes' in ${where} but received ${quote(classes)}.${advice}`],
  };
}

async function readClassList(path: string, workingDir: string): Promise<{ entries: ClassEntry[]; problems: string[] }> {
  try {
    const { text } = await readTextFile(path, 'a class list');
    return parseClassList(text, displayPath(path, workingDir));
  } catch (error) {
    return { entries: [], problems: [messageOf(error)] };
  }
}

async function queriesOf(context: Context): Promise<{ path: string | null; problems: string[] }> {
  const { queries } = context.draft;
  if (queries === null) return { path: null, problems: [] };
  const path = await existingFile(queries, context);
  if (path !== null) return { path, problems: [] };
  const where = context.yaml.where(['queries']);
  return {
    path,
    problems: [
      `Expected the path of a queries file for 'queries' in ${where} but received ${quote(queries)}, which does not exist`,
    ],
  };
}

/** A file that a collection names: looked for beside the collection file, from the working directory, from the package's folder. */
async function existingFile(path: string, { file, root, workingDir }: Context): Promise<string | null> {
  for (const base of [dirname(file), workingDir, root]) {
    const candidate = resolve(base, path);
    if (await isFile(candidate)) return candidate;
  }
  return null;
}

/** The first few of a list in a message, and how many more there are. */
function firstOf(items: readonly string[], max: number): string[] {
  return items.length <= max ? [...items] : [...items.slice(0, max), `and ${items.length - max} more`];
}

async function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
}

/** The cards must be there; a class that a model does not know keeps photos from being filtered, not from being crawled. */
async function checkEnsemble(
  { draft, yaml, root, workingDir, table }: Context,
  classes: ClassSet | null,
): Promise<{ problems: string[]; warnings: string[] }> {
  const problems: string[] = [];
  const warnings: string[] = [];
  for (const [i, name] of draft.ensemble.entries()) {
    const where = yaml.where(['ensemble', i]);
    try {
      const card = await cardFor(name, root, workingDir);
      if (!card.trained)
        warnings.push(
          `The model '${name}' (${where}) has learnt nothing: it drops and keeps at random, for tests only`,
        );
      const known = await classesOfCard(card, table);
      const missing = classes === null ? [] : unknownClasses(known, namedClasses(classes));
      if (missing.length > 0) {
        warnings.push(
          `The model '${name}' (${where}) does not know the classes ${firstOf(missing, MAX_LISTED).join(', ')}: ` +
            'photos cannot be filtered until the ensemble has models that do',
        );
      }
    } catch (error) {
      problems.push(`${messageOf(error)} (${where})`);
    }
  }
  return { problems, warnings };
}

function namedClasses({ wnids, nameByWnid }: ClassSet): { wnid: Wnid; name: string }[] {
  return wnids.map((wnid) => ({ wnid, name: nameByWnid.get(wnid) ?? wnid }));
}
