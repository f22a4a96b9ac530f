import { loadClassTable } from '../../core/collection/class-table.process.ts';
import { listNameOf, wnidsOf, type ClassTable } from '../../core/collection/class-table.ts';
import { firstOf } from '../../core/collection/first-of.ts';
import { quote } from '../../core/tools/quote.ts';
import { groupBy } from '../../core/kernel/group-by.ts';
import { codeOf, messageOf, UsageError } from '../../core/kernel/errors.ts';
import type { Wnid } from '../../core/kernel/ids.ts';
import { evaluationOf, withFurtherClasses, ZERO_BY_RULE } from './evaluate.ts';
import type { Evaluation, OodLists } from './evaluation.ts';
import type { FittedPhotos } from '../../core/kernel/texts.ts';
import { classesOfEntries, givenName, readClassEntries } from './set/among.process.ts';
import type { Prediction } from './prediction.ts';
import type { PhotoSet, SetPhoto } from './set/photo-set.ts';
import { readSet } from './set/read-set.process.ts';
import { onlyClasses } from './set/true-classes.ts';
import { UNKNOWN_CLASS } from './model-answers.process.ts';
import { judgeBy, nameOfJudge, type Answers, type Classes, type Judge, type JudgeOptions } from './judge.process.ts';
import { MODES } from '../../core/collection/modes.ts';

export interface EvaluateOptions extends JudgeOptions {
  /** As the user gave it. Null for the export's own classes or, without an export, those of ImageNet-1k. */
  readonly among: string | null;
  readonly inDistribution: string | null;
  /** Counts every class as right that a photo clearly shows. */
  readonly isMultiLabel: boolean;
}

export interface SetEvaluation {
  /**
   * `fitted` is null unless the model is a head. `isMultiLabel`: all measures count further classes as right. `oodReason`: why a
   * set without true classes has no measures of detection. Other sets lack the key. `accuracyByRule`: see `ModelReport`.
   */
  readonly evaluation: Evaluation & {
    readonly isMultiLabel?: true;
    readonly fitted: FittedPhotos | null;
    readonly oodReason?: string;
    readonly accuracyByRule?: true;
  };
  readonly assumed: readonly string[];
  readonly nameOf: (wnid: Wnid) => string;
}

/**
 * Evaluates a model on an export of winnow, or on a folder with a folder for each class.
 * @throws UsageError `bad-among`; `unknown-class` if photos show a class outside those to choose among; `no-pictures` if no photo
 * in the distribution shows one of them
 */
export async function evaluateSet(dir: string, judge: Judge, options: EvaluateOptions): Promise<SetEvaluation> {
  const table = await loadClassTable();
  const { set, classes, ...read } = await readSets(dir, options, table);
  const inSet = read.inSet && ofClasses(read.inSet, classes, judge);
  if (options.isMultiLabel) requireFurtherClasses(set);
  const showsNone = showsNoClass(set, inSet);
  const truths = showsNone ? null : truthsOf(set, positionsOf(classes));
  const judged = await judgeBy(judge, { table, classes, options }).catch((error: unknown) => {
    // Such a set has one figure, which a model without all the classes does not have.
    if (showsNone && codeOf(error) === UNKNOWN_CLASS) return messageOf(error);
    throw error;
  });
  if (typeof judged === 'string') return unmeasured(set, judged, { judge, classes });
  const answers = await judged(set, 'photos');
  const inAnswers = inSet === null ? null : await judged(inSet, 'in distribution');
  const predictions = predictionsOf(set, answers, { truths, positions: positionsOf(classes) });
  const confidences = inSet && inAnswers && inConfidences(inSet, inAnswers, classes);
  const about = {
    model: nameOfJudge(judge),
    among: classes.wnids,
    inDistribution: confidences && { confidences, lists: listsOf(set, classes, table) },
  };
  const evaluated = options.isMultiLabel
    ? { ...evaluationOf(withFurtherClasses(predictions), about), isMultiLabel: true as const }
    : evaluationOf(predictions, about);
  const fitted = fittedOf(answers, inAnswers);
  const assumed = [answers, inAnswers].flatMap((one) => one?.assumed ?? []);
  return {
    evaluation: {
      ...evaluated,
      ...byRule(evaluated, set, { judge, options }),
      fitted,
      ...(showsNone ? whyUnmeasured(evaluated, inSet) : {}),
    },
    assumed: [classes.assumed, ...(showsNone ? [NO_TRUTH] : []), ...assumed],
    nameOf: classes.nameOf,
  };
}

/** For a member that the rule of an export leaves no right answer among its own classes: its accuracy of 0 has no interval. */
function byRule(
  { accuracy }: Evaluation,
  { exported }: PhotoSet,
  { judge, options }: { readonly judge: Judge; readonly options: EvaluateOptions },
): typeof ZERO_BY_RULE | object {
  const isOwn = options.among === null && judge.kind === 'model';
  return accuracy === 0 && isOwn && exported?.membersAtZero.includes(judge.name) === true ? ZERO_BY_RULE : {};
}

/** True if the photos of the set show none of the classes that a model chooses among. */
function showsNoClass({ exported }: PhotoSet, inSet: PhotoSet | null): boolean {
  return exported === null ? inSet !== null : !MODES[exported.mode].showsClass;
}

function whyUnmeasured({ ood }: Evaluation, inSet: PhotoSet | null): { readonly oodReason?: string } {
  if (ood !== null) return {};
  return { oodReason: inSet === null ? NO_IN_DISTRIBUTION : ALL_FITTED };
}

const NO_TRUTH = 'the photos show none of these classes, so there is no accuracy';
const NO_IN_DISTRIBUTION = 'no photos in the distribution were given. Add --in-distribution DIR';
const ALL_FITTED = 'the model was fitted on all photos of one of the two sets';

function unmeasured(
  { photos }: PhotoSet,
  oodReason: string,
  { judge, classes }: { readonly judge: Judge; readonly classes: Classes },
): SetEvaluation {
  const none = evaluationOf([], { model: nameOfJudge(judge), among: classes.wnids, inDistribution: null });
  const { assumed, nameOf } = classes;
  const evaluation = { ...none, photos: photos.length, fitted: null, oodReason };
  return { evaluation, assumed: [assumed, NO_TRUTH], nameOf };
}

function positionsOf({ wnids }: Classes): ReadonlyMap<Wnid, number> {
  return new Map(wnids.map((wnid, i) => [wnid, i]));
}

interface Truths {
  readonly truths: readonly number[] | null;
  readonly positions: ReadonlyMap<Wnid, number>;
}

function predictionsOf({ photos }: PhotoSet, answers: Answers, { truths, positions }: Truths): Prediction[] {
  return notFitted(
    answers.photos.map((answer, i) => ({ ...answer, truth: truths?.[i] ?? null, ...furtherOf(photos[i], positions) })),
  );
}

/** A model sees only photos of the classes. A file of logits has rows for the others, too. @throws UsageError `no-pictures` */
function ofClasses(inSet: PhotoSet, { wnids, list }: Classes, judge: Judge): PhotoSet {
  const wanted = onlyClasses(inSet, wnids);
  if (wanted.photos.length > 0) return judge.kind === 'model' ? wanted : { ...inSet, remarks: wanted.remarks };
  throw new UsageError(
    `Expected photos of the ${wnids.length} classes (${list}) for --in-distribution but ${quote(inSet.dir)} has none. Give a folder with a folder for each class, named by its wnid, or name other classes with --among`,
    { code: 'no-pictures' },
  );
}

function inConfidences({ photos }: PhotoSet, { photos: answers }: Answers, classes: Classes): number[] {
  const known = positionsOf(classes);
  const shown = answers.filter((_, i) => known.has(photos[i]?.wnid ?? ''));
  return notFitted(shown).map(({ confidence }) => confidence);
}

function listsOf({ exported }: PhotoSet, { wnids, list }: Classes, table: ClassTable): OodLists {
  const rule = exported && (listNameOf(exported.among, table) ?? exported.collection);
  return {
    among: list,
    amongClasses: wnids.length,
    ruleAmong: rule,
    ruleAmongClasses: exported?.among.length ?? null,
  };
}

/** A head has learned the answers for the photos that it was fitted on. */
function notFitted<T extends { readonly isFitted?: boolean }>(answers: readonly T[]): T[] {
  return answers.filter(({ isFitted }) => isFitted !== true);
}

function fittedOf({ head, photos }: Answers, inAnswers: Answers | null): FittedPhotos | null {
  if (head === null) return null;
  const count = (answers: Answers['photos']): number | null =>
    head === 'unknown' ? null : answers.length - notFitted(answers).length;
  return { photos: count(photos), of: photos.length, clean: count([]), inDistribution: count(inAnswers?.photos ?? []) };
}

async function readSets(dir: string, options: EvaluateOptions, table: ClassTable) {
  const entries = options.among === null ? null : await readClassEntries(options.among, table);
  const names = new Set(entries);
  const reading = { isClass: (name: string) => names.has(name), signal: options.signal };
  const set = await readSet(dir, reading);
  const inSet = options.inDistribution === null ? null : await readSet(options.inDistribution, reading);
  const folders = new Set(set.photos.map(({ wnid }) => wnid));
  const given = givenName(options.among ?? '');
  const among = entries && { wnids: classesOfEntries(entries, { table, folders }), given, whose: 'of --among' };
  return { set, inSet, classes: amongOf(set, among, table) };
}

interface GivenClasses {
  readonly wnids: readonly Wnid[];
  /** Their name, if they are no bundled list. */
  readonly given: string;
  readonly whose: string;
}

/** By default the collection's own classes in mode O, where the filter's rule is over more; in mode A those of the rule. */
function amongOf({ exported }: PhotoSet, among: GivenClasses | null, table: ClassTable): Classes {
  const own = exported && (MODES[exported.mode].showsClass ? exported.among : exported.searched);
  const { wnids, given, whose } = among ?? {
    wnids: own ?? wnidsOf('imagenet-1k', table.rows),
    given: exported?.collection ?? '',
    whose: exported === null ? 'of ImageNet-1k' : 'of the export',
  };
  const list = listNameOf(wnids, table) ?? given;
  return {
    wnids,
    list,
    nameOf: (wnid) => exported?.nameByWnid.get(wnid) ?? table.byWnid.get(wnid)?.name ?? wnid,
    assumed: `the model chooses among the ${wnids.length.toLocaleString('en')} classes ${whose} (${list})`,
  };
}

/** @throws UsageError `no-further-classes` */
function requireFurtherClasses({ dir, photos, exported }: PhotoSet): void {
  const showsNone = exported !== null && !MODES[exported.mode].showsClass;
  if (!showsNone && (photos.length === 0 || photos.some(({ alsoWnids }) => alsoWnids !== null))) return;
  const why = showsNone
    ? 'is of mode O: its photos show none of the classes. Leave out --multi-label'
    : exported === null
      ? 'is a folder without metadata. Give an export of winnow'
      : 'was exported before winnow asked for them. Make it again with `winnow export`';
  throw new UsageError(
    `Expected the further classes of each photo (also_wnids) for --multi-label but ${quote(dir)} ${why}`,
    { code: 'no-further-classes' },
  );
}

/** Further classes that the model cannot choose are never predicted. */
function furtherOf(photo: SetPhoto | undefined, positions: ReadonlyMap<Wnid, number>): Pick<Prediction, 'also'> {
  const also = photo?.alsoWnids?.flatMap((wnid) => positions.get(wnid) ?? []) ?? [];
  return also.length === 0 ? {} : { also };
}

function truthsOf({ dir, photos }: PhotoSet, positions: ReadonlyMap<Wnid, number>): number[] {
  const unknown = groupBy(
    photos.filter(({ wnid }) => !positions.has(wnid)),
    ({ wnid }) => wnid,
  );
  if (unknown.size > 0) {
    const listed = [...unknown].map(([wnid, each]) => `${quote(wnid)} (photos: ${each.length})`);
    throw new UsageError(
      `Expected each folder of ${quote(dir)} to be one of the ${positions.size} classes to choose among but ${unknown.size} ${unknown.size === 1 ? 'is' : 'are'} not: ${firstOf(listed, 5).join(', ')}. Name folders by wnid, or give the classes with --among. If the photos show none of the classes, give photos that do with --in-distribution`,
      { code: 'unknown-class' },
    );
  }
  return photos.map(({ wnid }) => positions.get(wnid) ?? -1);
}
