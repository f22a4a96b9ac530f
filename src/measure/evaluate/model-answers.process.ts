import path from 'node:path';
import type { ClassTable } from '../../core/collection/class-table.ts';
import { firstOf } from '../../core/collection/first-of.ts';
import {
  cardFor,
  classesOfCard,
  requireLogits,
  type FoundCard,
} from '../../core/collection/cards/model-card.process.ts';
import { unknownClasses, type ModelClasses, type ClassToFind } from '../../core/collection/cards/model-classes.ts';
import { quote } from '../../core/tools/quote.ts';
import { UsageError } from '../../core/kernel/errors.ts';
import { FETCH_SCRIPT } from '../../core/export/layout.ts';
import { KnownPictures, parsedFingerprint } from '../../core/photo/known-pictures.ts';
import { answerOf, type Answered } from './logits/answer.ts';
import { isFile } from '../../core/platform/disk/plain-file.ts';
import type { PhotoSet } from './set/photo-set.ts';
import { requireModelFiles, specOf } from '../../core/models/engine/ensemble.process.ts';
import type { HeadPhotos } from '../../core/photo/head-photos.process.ts';
import { runOnCentreCrops, UnreadablePhotos, type RunOptions } from './folder-photos.process.ts';

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
  { among, table }: { readonly among: readonly ClassToFind[]; readonly table: ClassTable },
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

export interface AnswerOptions extends RunOptions {
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
  { fitted, card, classes, mask }: ReadyModel & { readonly fitted?: HeadPhotos },
  set: PhotoSet,
  { onProgress, ...options }: AnswerOptions,
): Promise<ModelAnswer[]> {
  await requirePictures(set);
  const unreadable = new UnreadablePhotos();
  const onUnreadable = (file: string, why: string): void => {
    unreadable.add(file, why);
    options.onUnreadable(file, why);
  };
  const answers: ModelAnswer[] = [];
  const run = runOnCentreCrops({ ...options, card, classes, output: 'logits', set, onUnreadable });
  for await (const { picture, values } of run) {
    const masked = mask.map((position) => values[position] ?? Number.NaN);
    const isFitted = fitted instanceof KnownPictures && fitted.has(picture, parsedFingerprint(picture));
    answers.push({ ...answerOf(masked, card.head?.sigmoid), isFitted });
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
