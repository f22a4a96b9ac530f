import type { FoundCard } from '../../collection/model-card.process.ts';
import type { ModelClasses } from '../../collection/model-classes.ts';
import { displayPath } from '../../config/root.ts';
import { Interrupted, messageOf, StopTheRun } from '../../kernel/errors.ts';
import { specOf } from '../engine/ensemble.ts';
import { problemOfTrial, type Trial } from './judge.ts';
import { tryModel } from './trial.ts';

export interface Downloaded {
  readonly card: FoundCard;
  /** The classes of the card. */
  readonly classes: ModelClasses;
  /** A file that has the size and the SHA-256 of the card, but not its final name yet. */
  readonly file: string;
  readonly signal: AbortSignal;
}

/**
 * Runs the trial of `models add` on a downloaded model, as its card describes it. The file is kept even if it fails: its
 * bytes are the ones that the card names, so another download would bring the same.
 *
 * @throws StopTheRun `model-does-not-run`, `model-refused`; Interrupted
 */
export async function tryDownloaded(downloaded: Downloaded): Promise<Trial> {
  const { card } = downloaded;
  const trial = await runTrial(downloaded);
  const problem = problemOfTrial(card, trial);
  if (problem === null) return trial;
  const untrained =
    card.trained && trial.verdict !== 'not-finite'
      ? " If it is untrained on purpose, its card must say 'trained: false'."
      : '';
  throw refused(downloaded, { code: 'model-refused', what: `${problem}.${untrained}` });
}

async function runTrial({ card, classes, file, signal }: Downloaded): Promise<Trial> {
  try {
    return await tryModel(specOf({ ...card, path: file }, classes), classes, { signal });
  } catch (error) {
    if (error instanceof Interrupted)
      throw new Interrupted(
        `Interrupted during the trial on sample photos: all ${card.bytes} bytes are kept in '${displayPath(file)}'; the same command repeats the trial without a download`,
      );
    const what = `does not run on photos: ${messageOf(error)}.`;
    throw refused({ card, file }, { code: 'model-does-not-run', what, cause: error });
  }
}

function refused(
  { card, file }: Pick<Downloaded, 'card' | 'file'>,
  { code, what, cause }: { readonly code: string; readonly what: string; readonly cause?: unknown },
): StopTheRun {
  const page = card.documentation === undefined ? 'the documentation of the model' : card.documentation;
  return new StopTheRun(
    `Expected a usable model but '${card.name}' ${what} Size and sha256 are as its card says, so another download would bring the same: compare input, normalise, resize, outputs and classes in ${displayPath(card.cardFile)} with ${page}. The file did not get its name; it is kept as '${displayPath(file)}', and the same command repeats the trial without a download`,
    { code, cause },
  );
}
