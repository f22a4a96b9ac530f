import path from 'node:path';
import { wnidsOf, type ClassTable } from '../../core/collection/class-table.ts';
import { normaliseLabel } from '../../core/collection/label-index.ts';
import { readTextFile } from '../../core/config/read-text.ts';
import { workingFolder } from '../../core/config/root.ts';
import { groupBy } from '../../core/kernel/group-by.ts';
import type { Wnid } from '../../core/kernel/ids.ts';
import { KnownPictures } from '../../core/photo/known-pictures.ts';
import type { Answered } from './logits/answer.ts';
import { classColumns } from './logits/class-columns.ts';
import { openLogits } from './logits/open-logits.process.ts';
import { readAnswers, type LogitsAre } from './logits/read-answers.process.ts';
import { positionsOfNames, type PhotoSet } from './set/photo-set.ts';
import { fittedPhotosOf } from '../../core/photo/head-photos.process.ts';
import { modelAnswers, readyModel, type AnswerOptions } from './model-answers.process.ts';

export interface LogitsFile {
  readonly file: string;
  readonly names: string | null;
}

export type Judge =
  | { readonly kind: 'model'; readonly name: string }
  | {
      readonly kind: 'logits';
      readonly set: LogitsFile;
      readonly inDistribution: LogitsFile | null;
      readonly logitsAre: LogitsAre;
    };

export interface EvaluateProgress {
  readonly what: 'photos' | 'in distribution';
  readonly done: number;
  readonly total: number;
}

export interface JudgeOptions extends Omit<AnswerOptions, 'onProgress'> {
  readonly onProgress: (progress: EvaluateProgress) => void;
}

export interface Classes {
  readonly wnids: readonly Wnid[];
  readonly nameOf: (wnid: Wnid) => string;
  /** The list's name, as `imagenet-o`; otherwise that of the collection or of the user's file. */
  readonly list: string;
  readonly assumed: string;
}

export interface Answers {
  readonly photos: readonly (Answered & { readonly isFitted?: boolean })[];
  /** For a head: whether its fitted photos are known. Null for any other model. */
  readonly head: 'known' | 'unknown' | null;
  readonly assumed: readonly string[];
}

export type JudgeSet = (set: PhotoSet, what: EvaluateProgress['what']) => Promise<Answers>;

export interface JudgeContext {
  readonly table: ClassTable;
  readonly classes: Classes;
  readonly options: JudgeOptions;
}

/** Makes the function that judges a set. Looks up the model first, so that a wrong name costs no time. */
export async function judgeBy(judge: Judge, context: JudgeContext): Promise<JudgeSet> {
  const { table, classes, options } = context;
  if (judge.kind === 'logits')
    return (set, what) => {
      const file = what === 'photos' ? judge.set : judge.inDistribution;
      if (file === null) throw new Error('Expected a file of logits for each set');
      return judgeByFile({ ...file, logitsAre: judge.logitsAre }, { set, what }, context);
    };
  const among = classes.wnids.map((wnid) => ({ wnid, name: classes.nameOf(wnid) }));
  const model = await readyModel(judge.name, { among, table });
  const fitted = await fittedPhotosOf(model.card);
  const head = fitted instanceof KnownPictures ? 'known' : fitted;
  return async (set, what) => {
    const total = set.photos.length;
    const onProgress = (done: number): void => options.onProgress({ what, done, total });
    const photos = await modelAnswers({ ...model, fitted }, set, { ...options, onProgress });
    return { photos, head, assumed: set.remarks };
  };
}

const KNOWN_BY = {
  logits: '',
  probabilities: ' (no number is negative, and each row sums to 1 within 2 %)',
  percentages: ' (no number is negative, and each row sums to 100 within 2 %)',
  given: ' (--logits-are)',
} as const;

async function judgeByFile(
  { file, names, logitsAre }: LogitsFile & { readonly logitsAre: LogitsAre },
  { set, what }: { readonly set: PhotoSet; readonly what: EvaluateProgress['what'] },
  { table, classes, options }: JudgeContext,
): Promise<Answers> {
  const logits = await openLogits(file);
  const { columns, assumed } = classColumns(logits, {
    among: classes.wnids,
    imagenet: wnidsOf('imagenet-1k', table.rows),
    meaningsOf: meaningsIn(table, classes),
  });
  const { answers, values } = await readAnswers(logits, {
    columns,
    order: {
      photos: set.photos.map((photo) => photo.file),
      names: names === null ? null : await readNames(names),
      positionOf: positionsOfNames(set, workingFolder()),
    },
    logitsAre,
    signal: options.signal,
    onProgress: (done) => options.onProgress({ what, done, total: set.photos.length }),
  });
  const ownOrder = logits.namesPhotos
    ? 'rows by their own names'
    : 'rows in the order of the sorted names of the photos';
  const order = names === null ? ownOrder : `rows in the order of ${names}`;
  return {
    photos: answers,
    head: null,
    assumed: [
      `${file}: ${values}${KNOWN_BY[logitsAre === 'auto' ? values : 'given']}, ${order}, ${assumed}`,
      ...set.remarks,
    ],
  };
}

/** One name a line, in the order of the rows of logits. @throws UsageError `unreadable-file` */
async function readNames(file: string): Promise<string[]> {
  const { text } = await readTextFile(file, 'the names of photos');
  return text.split(/\r?\n/).filter((line) => line.trim() !== '');
}

/** Names that the collection gives to classes come first, then those of ImageNet-1k: a class's own, then its synonyms. */
function meaningsIn(table: ClassTable, { wnids, nameOf }: Classes): (name: string) => readonly Wnid[] {
  const given = wnids.filter((wnid) => nameOf(wnid) !== table.byWnid.get(wnid)?.name);
  const own = groupBy(given, (wnid) => normaliseLabel(nameOf(wnid)));
  return (name) => {
    const named = table.classesNamed(name).map(({ wnid }) => wnid);
    // Explaining an unknown name is slow.
    const found = named.length < 2 ? null : table.resolveLabel(name);
    return own.get(normaliseLabel(name)) ?? (found?.ok === true ? [found.wnid] : named);
  };
}

export function nameOfJudge(judge: Judge): string {
  return judge.kind === 'model' ? judge.name : path.basename(judge.set.file);
}
