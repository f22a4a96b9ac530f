import { didYouMean } from '../config/nearest.ts';
import { quote } from '../config/quote.ts';
import { readTextFile } from '../config/read-text.ts';
import { displayPath } from '../config/root.ts';
import { messageOf } from '../kernel/errors.ts';
import { createClassSet, parseClassList } from './class-set.ts';
import type { ClassEntry, ClassSet } from './class-set.ts';
import { CLASS_LIST_NAMES, classListSha256, wnidsOf } from './class-table.ts';
import { existingFile, type CollectionContext } from './collection-context.process.ts';
import { firstOf } from './first-of.ts';
import { classSubjects, conceptSubjects, type ConceptEntry, type Subjects } from './subjects.ts';

/** The classes that a collection names, as a list, in a file or one by one; what is wrong with them; what is probably not meant. */
export async function classesOf(
  context: CollectionContext,
): Promise<{ classes: ClassSet; problems: string[]; warnings: string[] }> {
  const { entries, problems: listProblems } = await entriesOf(context);
  const { classes, problems, warnings } = createClassSet(entries, context.table);
  const broken = [...listProblems, ...problems];
  if (broken.length > 0) return { classes, problems: broken, warnings: [...warnings] };
  const { mode } = context.draft;
  const where = context.yaml.where(['classes']);
  const ownIds = classes.wnids.filter((wnid) => !context.table.byWnid.has(wnid));
  const own = firstOf(ownIds).join(', ');
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

/** What the collection's candidates are photos of: its classes in mode A, its concepts in mode O. */
export function subjectsOf(
  { draft, yaml, table }: CollectionContext,
  classes: ClassSet,
): { readonly subjects: Subjects; readonly problems: readonly string[] } {
  if (draft.mode === 'A') return { subjects: classSubjects(classes), problems: [] };
  const { allowHypernyms } = draft;
  if (draft.concepts === 'any') return conceptSubjects('any', table, { allowHypernyms });
  const entries = draft.concepts.map((entry, i): ConceptEntry => {
    const where = yaml.where(['concepts', i]);
    return typeof entry === 'string' ? { label: entry, where } : { label: entry.wnid, name: entry.name, where };
  });
  return conceptSubjects(entries, table, { allowHypernyms });
}

/** What softmax ranges over. Mode O has no mask: the score is the model's confidence among everything that it knows. */
export function evidenceClassesOf(
  { draft, table }: CollectionContext,
  classes: ClassSet,
): Pick<ClassSet, 'wnids' | 'sha256'> {
  if (draft.mode === 'A') return classes;
  const wnids = wnidsOf('imagenet-1k', table.rows);
  return { wnids, sha256: classListSha256(wnids) };
}

async function entriesOf(context: CollectionContext): Promise<{ entries: ClassEntry[]; problems: string[] }> {
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
  const expected = `a list's name (${CLASS_LIST_NAMES.join(', ')}), a file with one class a line, or a list of wnids or names, as in [kite, jay],`;
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
