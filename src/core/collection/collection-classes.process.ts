import { dirname, resolve } from 'node:path';
import { didYouMean } from '../tools/nearest.ts';
import { quote } from '../tools/quote.ts';
import { readTextFile } from '../config/read-text.ts';
import { displayPath, packageRoot } from '../config/root.ts';
import type { YamlFile } from '../config/yaml.ts';
import { messageOf } from '../kernel/errors.ts';
import type { Wnid } from '../kernel/ids.ts';
import type { Mode } from '../kernel/mode.ts';
import { isFile } from '../platform/disk/plain-file.ts';
import { classOfEntry, createClassSet, parseClassList, type ClassEntry, type ClassSet } from './class-set.ts';
import { CLASS_LIST_NAMES, wnidsOf, type ClassListName, type ClassTable } from './class-table.ts';
import type { ClassListDraft, CollectionDraft } from './collection.ts';
import { firstOf } from './first-of.ts';
import { normaliseLabel } from './label-index.ts';
import { classSubjects, conceptSubjects, kindsByName, type ConceptEntry, type Subjects } from './subjects.ts';

export interface DraftContext {
  readonly draft: CollectionDraft;
  readonly yaml: YamlFile;
  /** Null for a text of the catalogue. */
  readonly file: string | null;
  readonly workingDir: string;
  readonly table: ClassTable;
}

/** Finds a file that a collection names: relative to the collection file, the working directory or the package, in this order. */
export async function existingFile(path: string, { file, workingDir }: DraftContext): Promise<string | null> {
  for (const base of [...(file === null ? [] : [dirname(file)]), workingDir, packageRoot]) {
    const candidate = resolve(base, path);
    if (await isFile(candidate)) return candidate;
  }
  return null;
}

interface ClassLists {
  readonly classes: ClassSet;
  readonly evidenceClasses: ClassSet;
}

/** If there are problems, the lists must not be used. */
export async function readClassLists(context: DraftContext) {
  const { mode, classes } = context.draft;
  const own = await entriesOf(context, 'classes', classes);
  const { amongOf, problemsOf } = LISTS[mode];
  const among = await amongOf(context);
  const listed = createClassSet(namedAsIn(own.entries, among?.entries ?? [], context.table), context.table);
  const wider =
    among === null ? null : createClassSet(namedAsIn(among.entries, own.entries, context.table), context.table);
  const lists: ClassLists = { classes: listed.classes, evidenceClasses: (wider ?? listed).classes };
  const unread = [own, listed, among, wider].flatMap((one) => one?.problems ?? []);
  const warnings = [...listed.warnings, ...(wider?.warnings ?? [])];
  const drafts = { classes: own.draft, among: among?.draft ?? null };
  return { ...lists, drafts, problems: unread.length > 0 ? unread : problemsOf(lists, context), warnings };
}

interface ListRules {
  /** The classes that the models choose among; null if these are `classes`. */
  readonly amongOf: (context: DraftContext) => Promise<AmongEntries | null>;
  readonly problemsOf: (lists: ClassLists, context: DraftContext) => string[];
  readonly subjectsOf: (context: DraftContext, classes: ClassSet) => FoundSubjects;
}

const LISTS: Readonly<Record<Mode, ListRules>> = {
  A: {
    amongOf: async (context) => {
      const { among } = context.draft;
      return among === null ? null : entriesOf(context, 'among', among);
    },
    problemsOf: modeAProblems,
    subjectsOf: (_, classes) => ({ subjects: classSubjects(classes), problems: [] }),
  },
  O: {
    // There is no mask: these are all classes of the model, and no key of the file.
    amongOf: async ({ table }) => ({ ...listNamed('imagenet-1k', table, 'imagenet-1k'), draft: null }),
    problemsOf: modeOProblems,
    subjectsOf: conceptsOf,
  },
};

function modeAProblems({ classes, evidenceClasses }: ClassLists, { draft, yaml }: DraftContext): string[] {
  const where = yaml.where([draft.among === null ? 'classes' : 'among']);
  if (evidenceClasses.wnids.length < 2)
    return [
      `Mode A needs at least two classes in ${where}, because a model cannot confuse a single class with another. Add more classes.`,
    ];
  const missing = classes.wnids.filter((wnid) => !evidenceClasses.nameByWnid.has(wnid));
  const renamed = classes.wnids.filter(
    (wnid) => !missing.includes(wnid) && nameIn(classes, wnid) !== nameIn(evidenceClasses, wnid),
  );
  const problems = renamed.map(
    (wnid) =>
      `The class '${wnid}' has two names: ${quote(nameIn(classes, wnid))} in 'classes' and ${quote(nameIn(evidenceClasses, wnid))} in 'among' (${where}). Give it one name.`,
  );
  if (missing.length > 0) {
    const list = firstOf(missing.map((wnid) => `${wnid} (${nameIn(classes, wnid)})`)).join(', ');
    problems.push(
      `'among' (${where}) lacks these classes of 'classes': ${list}. Add them to 'among', or remove them from 'classes'.`,
    );
  }
  return problems;
}

function modeOProblems({ classes }: ClassLists, { yaml, table }: DraftContext): string[] {
  const own = firstOf(classes.wnids.filter((wnid) => !table.byWnid.has(wnid))).join(', ');
  if (own === '') return [];
  return [
    `Mode O needs classes of ImageNet-1k in ${yaml.where(['classes'])}, because these are what the model predicts. Remove ${own}.`,
  ];
}

function nameIn({ nameByWnid }: ClassSet, wnid: Wnid): string {
  return nameByWnid.get(wnid) ?? wnid;
}

/**
 * Adds to the entries of one list the names that the other list gives to their classes. An entry may refer to a class of the user
 * by its id or by its name in the other list. Ids with a name are searched first, because such an id may also be a name in the table.
 */
function namedAsIn(
  entries: readonly ClassEntry[],
  others: readonly ClassEntry[],
  table: ClassTable,
): readonly ClassEntry[] {
  const named = others.flatMap((other) => {
    const found = classOfEntry(other, table);
    return found.ok && other.name !== undefined ? [{ wnid: found.wnid, name: other.name }] : [];
  });
  const nameByWnid = new Map(named.map(({ wnid, name }) => [wnid, name]));
  const wnidByName = new Map(named.map(({ wnid, name }) => [normaliseLabel(name), wnid]));
  const wnidOf = ({ wnid }: ClassEntry): Wnid | undefined => {
    if (nameByWnid.has(wnid)) return wnid;
    const found = table.resolveLabel(wnid);
    return found.ok ? found.wnid : wnidByName.get(normaliseLabel(wnid));
  };
  return entries.map((entry) => {
    if (named.length === 0 || entry.name !== undefined) return entry;
    const wnid = wnidOf(entry);
    const name = wnid === undefined ? undefined : nameByWnid.get(wnid);
    return wnid === undefined || name === undefined ? entry : { ...entry, wnid, name };
  });
}

interface FoundSubjects {
  readonly subjects: Subjects;
  readonly problems: readonly string[];
}

export function findSubjects(context: DraftContext, classes: ClassSet): FoundSubjects {
  return LISTS[context.draft.mode].subjectsOf(context, classes);
}

function conceptsOf({ draft, yaml, table }: DraftContext): FoundSubjects {
  const { allowHypernyms } = draft;
  const notBelow = draft.allowHyponyms.flatMap((wnid, i) =>
    table.wordNet().hyponymsNamed(wnid).length + kindsByName(wnid, table).length > 0
      ? []
      : [
          `Expected the WordNet id or name of a concept below one of the 1,000 classes in ${yaml.where(['allowHyponyms', i])} but received ${quote(wnid)}. Remove it: other concepts need no permission.`,
        ],
  );
  if (notBelow.length > 0) return { subjects: conceptSubjects('any', table).subjects, problems: notBelow };
  if (draft.concepts === 'any') return conceptSubjects('any', table, { allowHypernyms });
  const entries = draft.concepts.map((entry, i): ConceptEntry => {
    const where = yaml.where(['concepts', i]);
    return typeof entry === 'string' ? { label: entry, where } : { label: entry.wnid, name: entry.name, where };
  });
  return conceptSubjects(entries, table, { allowHypernyms });
}

interface Entries {
  readonly entries: readonly ClassEntry[];
  readonly problems: readonly string[];
  readonly draft: ClassListDraft;
}

type AmongEntries = Omit<Entries, 'draft'> & { readonly draft: ClassListDraft | null };

async function entriesOf(context: DraftContext, key: 'classes' | 'among', list: ClassListDraft): Promise<Entries> {
  const { yaml, table } = context;
  const where = yaml.where([key]);
  if (typeof list !== 'string') {
    const entries = list.map((entry, i) => {
      const at = yaml.where([key, i]);
      return typeof entry === 'string' ? { wnid: entry, where: at } : { ...entry, where: at };
    });
    return { entries, problems: [], draft: list };
  }
  const listName = CLASS_LIST_NAMES.find((name) => name === list);
  if (listName !== undefined) return listNamed(listName, table, where);
  const path = await existingFile(list, context);
  if (path !== null) return readClassList(path, context.workingDir);
  const expected = `a list's name (${CLASS_LIST_NAMES.join(', ')}), a file with one class a line, or a list of wnids or names, as in [kite, jay],`;
  const advice = didYouMean(list, CLASS_LIST_NAMES);
  return {
    entries: [],
    draft: list,
    problems: [`Expected ${expected} for '${key}' in ${where} but received ${quote(list)}.${advice}`],
  };
}

function listNamed(name: ClassListName, { rows }: ClassTable, where: string): Entries {
  return { entries: wnidsOf(name, rows).map((wnid) => ({ wnid, where })), problems: [], draft: name };
}

async function readClassList(path: string, workingDir: string): Promise<Entries> {
  try {
    const { text } = await readTextFile(path, 'a class list');
    const { entries, problems } = parseClassList(text, displayPath(path, workingDir));
    return { entries, problems, draft: entries.map(({ wnid }) => wnid) };
  } catch (error) {
    return { entries: [], problems: [messageOf(error)], draft: [] };
  }
}
