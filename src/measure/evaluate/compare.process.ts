import { loadClassTable } from '../../core/collection/class-table.process.ts';
import type { ClassTable } from '../../core/collection/class-table.ts';
import { quote } from '../../core/tools/quote.ts';
import { UsageError } from '../../core/kernel/errors.ts';
import { accuracyOf } from './evaluate.ts';
import type { Accuracy } from './evaluation.ts';
import { classesOfEntries, readClassEntries } from './set/among.process.ts';
import { readSet } from './set/read-set.process.ts';
import { onlyClasses, requireTrueClasses } from './set/true-classes.ts';
import { modelAnswers, readyModel, type AnswerOptions } from './model-answers.process.ts';
import { listModels } from '../../core/models/library/inventory.process.ts';
import { quoted } from './quoted.ts';

/** The paper's two members have similar accuracies on clean photos. Members further apart than this differ. */
const SIMILAR = 0.02;

export interface CompareRequest {
  readonly clean: string;
  /** Null for all models that are ready, trained, and know the classes. */
  readonly models: readonly string[] | null;
  /** The classes to choose among, as the user gave them. Null for those of the photos. */
  readonly among: string | null;
}

export interface CompareOptions extends Omit<AnswerOptions, 'onProgress'> {
  readonly onProgress: (progress: { readonly model: string; readonly done: number; readonly total: number }) => void;
}

export interface CleanAccuracy extends Accuracy {
  readonly model: string;
  readonly photos: number;
}

export interface Comparison {
  readonly classes: number;
  readonly models: readonly CleanAccuracy[];
  readonly spread: number;
  readonly similar: number;
  readonly isSimilar: boolean;
  readonly leftOut: readonly { readonly model: string; readonly reason: string }[];
  readonly remarks: readonly string[];
}

/**
 * Measures models on the centre crops of clean photos. Leaves out photos of classes that are not among those to choose.
 * @throws UsageError `unknown-class` if no photo remains, `no-models`
 */
export async function compareModels(request: CompareRequest, options: CompareOptions): Promise<Comparison> {
  const table = await loadClassTable();
  const { set, among } = await readClean(request, { table, signal: options.signal });
  const wanted = among.map((wnid) => ({ wnid, name: table.byWnid.get(wnid)?.name ?? wnid }));
  const leftOut: { model: string; reason: string }[] = [];
  const models: CleanAccuracy[] = [];
  for (const name of request.models ?? (await readyNames())) {
    const model = await readyModel(name, { among: wanted, table }).catch((error: unknown) => {
      if (request.models !== null || !(error instanceof UsageError) || error.code !== 'unknown-class') throw error;
      return null;
    });
    if (model === null) {
      leftOut.push({ model: name, reason: 'it does not know all classes' });
      continue;
    }
    const total = set.photos.length;
    const onProgress = (done: number): void => options.onProgress({ model: name, done, total });
    const answers = await modelAnswers(model, set, { ...options, onProgress });
    const accuracy = accuracyOf(answers.map(({ predicted }, i) => among[predicted] === set.photos[i]?.wnid));
    if (accuracy !== null) models.push({ model: name, photos: total, ...accuracy });
  }
  if (models.length === 0)
    throw new UsageError(
      `No model that is ready and trained knows all ${among.length} classes of ${quote(request.clean)}. Name the classes to choose among with --among, or fit a head with \`winnow finetune\``,
      { code: 'no-models' },
    );
  const accuracies = models.map(({ accuracy }) => accuracy);
  const spread = Math.max(...accuracies) - Math.min(...accuracies);
  return {
    classes: among.length,
    models: models.toSorted((a, b) => b.accuracy - a.accuracy),
    spread,
    similar: SIMILAR,
    isSimilar: spread <= SIMILAR,
    leftOut,
    remarks: set.remarks,
  };
}

async function readyNames(): Promise<string[]> {
  const models = await listModels();
  return models
    .filter(({ state, card }) => state === 'ready' && card?.trained === true && card.classes !== undefined)
    .map(({ name }) => name);
}

async function readClean(
  { clean, among }: CompareRequest,
  { table, signal }: { readonly table: ClassTable; readonly signal: AbortSignal },
) {
  const entries = among === null ? null : await readClassEntries(among, table);
  // Without --among any folder may be a class of a head.
  const isClass = (name: string): boolean => entries === null || entries.includes(name);
  const all = await readSet(clean, { isClass, signal });
  requireTrueClasses(all, '--clean');
  const folders = new Set(all.photos.map(({ wnid }) => wnid));
  if (entries === null) return { set: all, among: [...folders].toSorted() };
  const classes = classesOfEntries(entries, { table, folders });
  const set = onlyClasses(all, classes);
  if (set.photos.length > 0) return { set, among: classes };
  throw new UsageError(
    `Expected photos of the ${classes.length} classes of --among in ${quote(clean)} but its folders are others: ${quoted([...folders])}. Name the folders by the classes, or give other classes to --among`,
    { code: 'unknown-class' },
  );
}
