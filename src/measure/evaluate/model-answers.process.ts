import path from 'node:path';
import type { ClassTable } from '../../core/collection/class-table.ts';
import { firstOf } from '../../core/collection/first-of.ts';
import {
  cardFor,
  classesOfCard,
  requireLogits,
  type FoundCard,
} from '../../core/collection/cards/model-card.process.ts';
import { unknownClasses, type ModelClasses, type WantedClass } from '../../core/collection/cards/model-classes.ts';
import { CENTRE_CROP } from '../../core/models/evidence/evidence.ts';
import { quote } from '../../core/tools/quote.ts';
import { UsageError } from '../../core/kernel/errors.ts';
import type { ExecutionProvider } from '../../core/kernel/execution-provider.ts';
import { FETCH_SCRIPT } from '../../core/export/layout.ts';
import { KnownPictures, parsedFingerprint } from '../../core/photo/known-pictures.ts';
import { answerOf, type Answered } from './logits/answer.ts';
import { isFile } from '../../core/platform/disk/plain-file.ts';
import type { PhotoSet } from './set/photo-set.ts';
import { requireModelFiles, specOf } from '../../core/models/engine/ensemble.process.ts';
import { runOnPictures } from '../../core/filter/engine/run-backbone.process.ts';
import type { Fitted } from '../../core/photo/head-photos.process.ts';
import { readFolderPhotos, UnreadablePhotos } from './folder-photos.process.ts';

/** Photos for which another thread is worth its start. */
const PHOTOS_PER_THREAD = 8;
const NAMED = 5;

export interface ReadyModel {
  readonly card: FoundCard;
  readonly classes: ModelClasses;
  /** The position of each class among the outputs. */
  readonly mask: readonly number[];
}

/** Code of the error for a model that lacks one of the classes. */
export const UNKNOWN_CLASS = 'unknown-class';

/** @throws UsageError `unknown-model`, `features-only`, `unknown-class` if the model lacks a class, `model-missing` */
export async function readyModel(
  name: string,
  { among, table }: { readonly among: readonly WantedClass[]; readonly table: ClassTable },
): Promise<ReadyModel> {
  const card = await cardFor(name);
  requireLogits(card);
  const classes = await classesOfCard(card, table);
  const unknown = unknownClasses(classes, among);
  if (unknown.length > 0)
    throw new UsageError(
      `The model '${name}' has no output for ${unknown.length} of the ${among.length} classes to choose among: ${firstOf(unknown, NAMED).join(', ')}. Name the classes that it knows with --among`,
      { code: UNKNOWN_CLASS },
    );
  await requireModelFiles([specOf(card, classes)]);
  return { card, classes, mask: among.map((each) => classes.positionOf(each) ?? -1) };
}

export interface AnswerOptions {
  readonly threads: number;
  readonly cropsPerPass: number;
  readonly provider: ExecutionProvider;
  /** A picture with more is refused. Width times height. */
  readonly maxPixels: number;
  readonly signal: AbortSignal;
  readonly onProgress: (done: number) => void;
  readonly onUnreadable: (file: string, why: string) => void;
}

interface ModelAnswer extends Answered {
  readonly isFitted: boolean;
}

/**
 * Runs a model on the centre crop of each photo, with its own resize and crop. Answers are in the order of the set.
 * @throws UsageError `no-pictures` for an export without pictures, `unreadable-photo` at the end with the first files
 */
export async function modelAnswers(
  { fitted, ...model }: ReadyModel & { readonly fitted?: Fitted },
  set: PhotoSet,
  options: AnswerOptions,
): Promise<ModelAnswer[]> {
  await requirePictures(set);
  const { threads, cropsPerPass, provider, maxPixels, signal, onProgress } = options;
  const unreadable = new UnreadablePhotos();
  const report = (file: string, why: string): void => {
    unreadable.add(file, why);
    options.onUnreadable(file, why);
  };
  const run = runOnPictures({
    card: model.card,
    classes: model.classes,
    outputs: ['logits'],
    pictures: readFolderPhotos(set.root, set.photos, { maxPixels, signal, onUnreadable: report }),
    crops: [CENTRE_CROP],
    threads: Math.min(threads, Math.ceil(set.photos.length / PHOTOS_PER_THREAD)),
    cropsPerPass,
    provider,
    signal,
  });
  const answers: ModelAnswer[] = [];
  for await (const { picture, outputs } of run) {
    const { problem } = outputs;
    if (problem !== null) report(picture.file, problem.kind === 'not-finite' ? problem.said : problem.detail);
    const logits = problem === null ? outputs.crops[0]?.logits : undefined;
    if (logits !== undefined) {
      const masked = model.mask.map((position) => logits[position] ?? Number.NaN);
      const answer = answerOf(masked, model.card.head?.sigmoid);
      const isFitted = fitted instanceof KnownPictures && fitted.has(picture, parsedFingerprint(picture));
      answers.push({ ...answer, isFitted });
    }
    onProgress(answers.length + unreadable.count);
  }
  unreadable.refuse({ dir: set.dir, photos: set.photos.length });
  return answers;
}

/** An export without pictures can have them later: its script fetches them. */
export async function requirePictures({ dir, root, photos, exported }: PhotoSet): Promise<void> {
  if (exported?.hasPictures !== false || (await isFile(path.join(root, photos[0]?.file ?? '')))) return;
  throw new UsageError(
    `The export at ${quote(dir)} was made with --no-pixels and has no pictures yet. Fetch them with \`python3 ${FETCH_SCRIPT} --contact ADDRESS\` in that folder, or give the logits of a model with --logits`,
    { code: 'no-pictures' },
  );
}
