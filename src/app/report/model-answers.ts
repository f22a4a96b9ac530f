import { hash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import type { ClassTable } from '../../collection/class-table.ts';
import { firstOf } from '../../collection/first-of.ts';
import { cardFor, classesOfCard, type FoundCard } from '../../collection/model-card.process.ts';
import { unknownClasses, type ModelClasses, type WantedClass } from '../../collection/model-classes.ts';
import { CENTRE_CROP } from '../../evidence/evidence.ts';
import { quote } from '../../config/quote.ts';
import { messageOf, throwIfInterrupted, UsageError } from '../../kernel/errors.ts';
import type { ExecutionProvider } from '../../kernel/execution-provider.ts';
import { toSha256 } from '../../kernel/ids.ts';
import { FETCH_SCRIPT_NAME } from '../../export/fetch-script.ts';
import { fingerprintOf } from '../../photo/fingerprint.ts';
import { inspectPhoto } from '../../platform/image/inspect.ts';
import { answerOf, type Answered } from '../../report/logits/answer.ts';
import type { PhotoSet, SetPhoto } from '../../report/set/photo-set.ts';
import { requireModelFiles, specOf } from '../engine/ensemble.ts';
import { runOnPictures, type Picture } from '../engine/run-backbone.ts';

/** Larger than any photo may be that winnow fetches. */
const MAX_PHOTO_BYTES = 512 * 1024 * 1024;
/** Photos for which another thread is worth its start. */
const PHOTOS_PER_THREAD = 8;
const NAMED = 5;

/** A registered model that knows all classes to choose among. */
export interface ReadyModel {
  readonly card: FoundCard;
  readonly classes: ModelClasses;
  /** The output of each class. */
  readonly mask: readonly number[];
}

/**
 * Looks up a model for an evaluation. Loads no weights.
 *
 * @throws UsageError `unknown-model` and other codes of a card, `unknown-class` if the model lacks a class, `model-missing`
 */
export async function readyModel(
  name: string,
  { among, table }: { readonly among: readonly WantedClass[]; readonly table: ClassTable },
): Promise<ReadyModel> {
  const card = await cardFor(name);
  const classes = await classesOfCard(card, table);
  const unknown = unknownClasses(classes, among);
  if (unknown.length > 0)
    throw new UsageError(
      `The model '${name}' has no output for ${unknown.length} of the ${among.length} classes to choose among: ${firstOf(unknown, NAMED).join(', ')}. Name the classes that it knows with --among`,
      { code: 'unknown-class' },
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
  /** Called for each photo that cannot be evaluated, before the others are. */
  readonly onUnreadable: (file: string, why: string) => void;
}

/**
 * Runs a model on the centre crop of each photo of a set, with the pixels that the filter sees, and its own resize and crop.
 *
 * @returns what it says of each photo, in the order of the set
 * @throws UsageError `no-pictures` for an export without pictures, `unreadable-photo` with the first few files at the end if any cannot
 * be evaluated; StopTheRun if the model cannot be loaded; Interrupted
 */
export async function modelAnswers(model: ReadyModel, set: PhotoSet, options: AnswerOptions): Promise<Answered[]> {
  await requirePictures(set);
  const { threads, cropsPerPass, provider, signal, onProgress } = options;
  const unreadable: string[] = [];
  const report = (file: string, why: string): void => {
    unreadable.push(`${quote(file)} (${why})`);
    options.onUnreadable(file, why);
  };
  const run = runOnPictures({
    card: model.card,
    classes: model.classes,
    outputs: ['logits'],
    pictures: picturesOf(set, options, report),
    crops: [CENTRE_CROP],
    threads: Math.min(threads, Math.ceil(set.photos.length / PHOTOS_PER_THREAD)),
    cropsPerPass,
    provider,
    signal,
  });
  const answers: Answered[] = [];
  for await (const { picture, outputs } of run) {
    const { problem } = outputs;
    if (problem !== null) report(picture.file, problem.kind === 'not-finite' ? problem.said : problem.detail);
    const logits = problem === null ? outputs.crops[0]?.logits : undefined;
    if (logits !== undefined) answers.push(answerOf(model.mask.map((position) => logits[position] ?? Number.NaN)));
    onProgress(answers.length + unreadable.length);
  }
  if (unreadable.length > 0)
    throw new UsageError(
      `${unreadable.length} of ${set.photos.length} photos of ${quote(set.dir)} cannot be evaluated: ${firstOf(unreadable, NAMED).join(', ')}. Repair or remove them: an evaluation leaves out no photo`,
      { code: 'unreadable-photo' },
    );
  return answers;
}

/** An export without pictures can have them later: its script fetches them. */
export async function requirePictures({ dir, root, photos, exported }: PhotoSet): Promise<void> {
  if (exported?.hasPictures !== false || (await hasFile(path.join(root, photos[0]?.file ?? '')))) return;
  throw new UsageError(
    `The export at ${quote(dir)} was made with --no-pixels and has no pictures yet. Fetch them with \`python3 ${FETCH_SCRIPT_NAME} --contact ADDRESS\` in that folder, or give the logits of a model with --logits`,
    { code: 'no-pictures' },
  );
}

async function hasFile(file: string): Promise<boolean> {
  return stat(file).then(
    (found) => found.isFile(),
    () => false,
  );
}

interface NamedPicture extends Picture {
  readonly file: string;
}

/** Reads the photos one by one. Those that cannot be read, and those that a decoder would show only in part, are reported and left out. */
async function* picturesOf(
  { root, photos }: PhotoSet,
  { maxPixels, signal }: Pick<AnswerOptions, 'maxPixels' | 'signal'>,
  report: (file: string, why: string) => void,
): AsyncGenerator<NamedPicture, void, undefined> {
  for (const photo of photos) {
    throwIfInterrupted(signal);
    const picture = await readPicture(root, photo, maxPixels);
    if (typeof picture === 'string') report(photo.file, picture);
    else yield picture;
  }
}

/** The picture, or why it cannot be used. */
export async function readPicture(
  root: string,
  { file, sha256: expected }: SetPhoto,
  maxPixels: number,
): Promise<NamedPicture | string> {
  const absolute = path.join(root, file);
  try {
    const { size } = await stat(absolute);
    if (size > MAX_PHOTO_BYTES) return `it has ${size} bytes, more than ${MAX_PHOTO_BYTES}`;
    const bytes = await readFile(absolute);
    const sha256 = toSha256(hash('sha256', bytes));
    if (expected !== null && sha256 !== expected) return 'its SHA-256 is not the one that was expected';
    const inspection = await inspectPhoto(
      bytes,
      { maxPixels, minSidePixels: 1, maxAspectRatio: Infinity },
      fingerprintOf,
    );
    return inspection.ok ? { file, sha256, bytes } : inspection.detail;
  } catch (error) {
    return messageOf(error);
  }
}
