import path from 'node:path';
import { loadClassTable } from '../../collection/class-table.process.ts';
import { classesOfCard, type FoundCard } from '../../collection/cards/model-card.process.ts';
import type { ModelClasses } from '../../collection/cards/model-classes.ts';
import { quote } from '../../tools/quote.ts';
import { displayPath } from '../../config/root.ts';
import { codeOf, Interrupted, messageOf, StopTheRun, UsageError } from '../../kernel/errors.ts';
import { addressOf, openHttpAs, plainUserAgentOf } from '../../crawl/network/http.process.ts';
import { withFileLock } from '../../platform/lock/file-lock.ts';
import { problemOfTrial, type Trial } from './judge-trial.ts';
import { Pull, type Pulled, type PullOptions } from './pull-file.process.ts';
import { isWhole, makeModelFolder, NOT_ALLOWED, notWritable } from './store.process.ts';
import { tryModel } from './trial.process.ts';

const LOCK_WAIT_MS = 10_000;

/**
 * Downloads the file of a card from `models.mirrors`, then from the card's own URLs, and retries each of them. Bytes are
 * collected in `<file>.part`. Only a file that has the card's size and sha256 and passes the trial of `models add` gets its
 * final name.
 *
 * @throws UsageError `no-address`, `file-outside`, `bad-model-classes`; StopTheRun `model-download` with the answer of each address,
 *   `model-does-not-run`, `model-refused`, `disk-full`; Interrupted
 */
export async function pullModel(card: FoundCard, options: PullOptions): Promise<Pulled> {
  const { mirrors } = options.config.models;
  const urls = [...mirrors.map((mirror) => mirrored(mirror, card)), ...(card.download ?? [])];
  if (await isWhole(card.path, card)) return alreadyThere(card);
  requireInside(card);
  if (urls.length === 0) {
    throw new UsageError(
      `Expected an address to download the model '${card.name}' from but its card (${displayPath(card.cardFile)}) has no 'download' and models.mirrors is empty: get the file by other means and put it at '${displayPath(card.path)}', or see \`winnow models add --help\``,
      { code: 'no-address' },
    );
  }
  // The classes are loaded before the download, because the model cannot be tried without them.
  const classes = await classesOfCard(card, await loadClassTable());
  await makeModelFolder(path.dirname(card.path));
  const lock = { path: `${card.path}.lock`, purpose: `downloading ${card.name}`, waitMs: LOCK_WAIT_MS };
  const client = openHttpAs(plainUserAgentOf(options.config), options.config, mirrors.map(addressOf));
  try {
    return await withFileLock(lock, async () => {
      // Another call that held the lock may have downloaded the file.
      if (await isWhole(card.path, card)) return alreadyThere(card);
      const accept = (part: string): Promise<Trial> => tryPart(card, part, { classes, signal: options.signal });
      return new Pull(card, { ...options, client, accept }).fromAny(urls);
    });
  } catch (error) {
    if (NOT_ALLOWED.has(codeOf(error) ?? '')) throw notWritable(path.dirname(card.path), error);
    throw error;
  } finally {
    client.close();
  }
}

/** Cards may come from strangers, and a download writes. A file that is there already may be anywhere. */
function requireInside({ name, cardFile, file }: FoundCard): void {
  if (!path.isAbsolute(file) && path.normalize(file).split(path.sep)[0] !== '..') return;
  throw new UsageError(
    `Expected a relative path without '..' for 'file' of the model '${name}' (${displayPath(cardFile)}), because a download goes there, but received ${quote(file)}. Change the card, or put the file there yourself`,
    { code: 'file-outside' },
  );
}

function alreadyThere(card: FoundCard): Pulled {
  return { path: card.path, url: null, resumedFrom: 0, trial: null };
}

function mirrored(mirror: string, card: FoundCard): string {
  return `${mirror.replace(/\/+$/, '')}/${encodeURIComponent(path.basename(card.path))}`;
}

/** Runs the trial of `models add`. A model that fails is kept: another download would bring the same bytes. */
async function tryPart(
  card: FoundCard,
  part: string,
  { classes, signal }: Pick<PullOptions, 'signal'> & { readonly classes: ModelClasses },
): Promise<Trial> {
  const trial = await tryModel({ ...card, path: part }, classes, { signal }).catch((error: unknown) => {
    if (!(error instanceof Interrupted))
      throw refused(card, part, {
        code: 'model-does-not-run',
        what: `does not run on photos: ${messageOf(error)}.`,
        cause: error,
      });
    throw new Interrupted(
      `Interrupted during the trial on sample photos: all ${card.bytes} bytes are kept in '${displayPath(part)}'; the same command repeats the trial without a download`,
    );
  });
  const problem = problemOfTrial(card, trial);
  if (problem === null) return trial;
  const untrained =
    card.trained && trial.verdict !== 'not-finite'
      ? " If it is untrained on purpose, its card must say 'trained: false'."
      : '';
  throw refused(card, part, { code: 'model-refused', what: `${problem}.${untrained}` });
}

function refused(
  { name, cardFile, documentation = 'the documentation of the model' }: FoundCard,
  part: string,
  { code, what, cause }: { readonly code: string; readonly what: string; readonly cause?: unknown },
): StopTheRun {
  return new StopTheRun(
    `Expected a usable model but '${name}' ${what} Size and sha256 are as its card says, so another download would bring the same: compare input, normalise, resize, outputs and classes in ${displayPath(cardFile)} with ${documentation}. The file did not get its name; it is kept as '${displayPath(part)}', and the same command repeats the trial without a download`,
    { code, cause },
  );
}
