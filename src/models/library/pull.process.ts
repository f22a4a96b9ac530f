import { open, rename, rm, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { loadClassTable } from '../../collection/class-table.process.ts';
import { classesOfCard, type FoundCard } from '../../collection/cards/model-card.process.ts';
import type { ModelClasses } from '../../collection/cards/model-classes.ts';
import { hideSecret } from '../../config/quote.ts';
import { displayPath } from '../../config/root.ts';
import type { Config } from '../../config/settings.ts';
import { codeOf, Interrupted, messageOf, StopTheRun, UsageError } from '../../kernel/errors.ts';
import { syncFolder } from '../../platform/disk/folders.ts';
import { freeBytesOn } from '../../platform/disk/full-disk.ts';
import type { HttpClient } from '../../platform/http/http-client.ts';
import type { HttpFailure } from '../../platform/http/http-outcome.ts';
import { withFileLock } from '../../platform/lock/file-lock.ts';
import { NO_VERSION } from '../../crawl/sources/remote-version.ts';
import { addressOf, httpLimits, openHttpAs, plainUserAgentOf } from '../../crawl/network/http.process.ts';
import { fetchFile, identifyFile, type FileFailure, type FileSink } from '../../crawl/network/remote-file.process.ts';
import { problemOfTrial, type Trial } from './judge-trial.ts';
import { hashOf, isWhole, makeModelFolder, NOT_ALLOWED, notWritable, sizeOf } from './store.process.ts';
import { tryModel } from './trial.process.ts';

export interface PullOptions {
  readonly config: Config;
  readonly signal: AbortSignal;
  /** Receives the number of the card's bytes that are on the disk. */
  readonly onProgress: (bytes: number) => void;
  /** Receives a sentence about a failed try or a skipped mirror. */
  readonly onTrouble: (text: string) => void;
  /** Returns a number in [0, 1), which spreads the pauses between tries. */
  readonly random?: (() => number) | undefined;
}

export interface Pulled {
  readonly path: string;
  /** Null if the file was already complete and correct. */
  readonly url: string | null;
  /** Bytes that an earlier, interrupted call had downloaded. */
  readonly resumedFrom: number;
  /** The result on sample photos. Null if the file was already there. */
  readonly trial: Trial | null;
}

const LOCK_WAIT_MS = 10_000;

/**
 * Downloads the file of a card from `models.mirrors`, then from the card's own URLs, and retries each of them. Bytes are
 * collected in `<file>.part`. Only a file that has the card's size and sha256 and passes the trial of `models add` gets its
 * final name.
 *
 * @throws UsageError `no-address`, `bad-model-classes`; StopTheRun `model-download` with the answer of each address,
 *   `model-does-not-run`, `model-refused`, `disk-full`; Interrupted
 */
export async function pullModel(card: FoundCard, options: PullOptions): Promise<Pulled> {
  const { mirrors } = options.config.models;
  const urls = [...mirrors.map((mirror) => mirrored(mirror, card)), ...(card.download ?? [])];
  if (await isWhole(card.path, card)) return alreadyThere(card);
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

function alreadyThere(card: FoundCard): Pulled {
  return { path: card.path, url: null, resumedFrom: 0, trial: null };
}

function mirrored(mirror: string, card: FoundCard): string {
  return `${mirror.replace(/\/+$/, '')}/${encodeURIComponent(path.basename(card.path))}`;
}

/** The URL without its password, which a private mirror may need. */
function shown(url: string): string {
  return hideSecret(url, 'url-passwords');
}

type PulledFile = Pick<FoundCard, 'name' | 'path' | 'bytes' | 'sha256'>;

interface PullDeps extends PullOptions {
  readonly client: HttpClient;
  /** Called with a file that has the right bytes, before it gets its name. */
  readonly accept: (part: string) => Promise<Trial | null>;
}

/**
 * Downloads a file of unknown size, and continues after an interruption.
 * @throws StopTheRun `model-download` also for other bytes, `disk-full`; Interrupted
 */
export async function pullFile(file: Omit<PulledFile, 'bytes'>, url: string, options: PullOptions): Promise<void> {
  const client = openHttpAs(plainUserAgentOf(options.config), options.config, []);
  try {
    const found = await identifyFile(url, NO_VERSION, remoteDeps(url, { ...options, client }));
    const bytes = found.ok ? found.version.bytes : null;
    if (bytes === null)
      throw new StopTheRun(
        `Expected a file at ${shown(url)} but ${found.ok ? 'the server does not say its size' : reasonText(found)}`,
        { code: 'model-download' },
      );
    await new Pull({ ...file, bytes }, { ...options, client, accept: () => Promise.resolve(null) }).fromAny([url]);
  } finally {
    client.close();
  }
}

function remoteDeps(
  url: string,
  { config, client, signal, onTrouble, random = Math.random }: PullOptions & Pick<PullDeps, 'client'>,
) {
  return {
    client,
    signal,
    random,
    limits: httpLimits(config),
    maxAttempts: config.fetch.tries,
    followsRedirects: true,
    decompress: true,
    onRetry: (failure: HttpFailure) => onTrouble(`${shown(url)}: ${reasonText(failure)}; trying again`),
  };
}

class Pull {
  readonly #card: PulledFile;
  readonly #options: PullDeps;
  readonly #part: string;
  /** Bytes from an earlier call. 0 once the download has started again. */
  #resumedFrom = 0;
  #trial: Trial | null = null;
  #handle: FileHandle | null = null;
  /** The offset of the first byte that the current address has sent. */
  #beganAt = 0;

  constructor(card: PulledFile, options: PullDeps) {
    this.#card = card;
    this.#options = options;
    this.#part = `${card.path}.part`;
  }

  async fromAny(urls: readonly string[]): Promise<Pulled> {
    this.#resumedFrom = await sizeOf(this.#part);
    if (this.#resumedFrom > this.#card.bytes) await this.#forget();
    const failures: string[] = [];
    for (const url of urls) {
      const failure = await this.#from(url);
      if (failure === null)
        return { path: this.#card.path, url: shown(url), resumedFrom: this.#resumedFrom, trial: this.#trial };
      failures.push(`${shown(url)}: ${failure}`);
      if (failures.length < urls.length) this.#options.onTrouble(`${shown(url)}: ${failure}`);
    }
    throw new StopTheRun(
      `Expected the file of the model '${this.#card.name}' (${this.#card.bytes} bytes, sha256 ${this.#card.sha256}) but no address sent it; ${await this.#stateText()}\n  ${failures.join('\n  ')}`,
      { code: 'model-download' },
    );
  }

  /** Downloads the file from one address. Returns null if it has its final name, otherwise why the address failed. */
  async #from(url: string): Promise<string | null> {
    for (;;) {
      const before = await sizeOf(this.#part);
      this.#beganAt = before;
      const failure = before === this.#card.bytes ? null : await this.#fetch(url, before);
      if (failure?.reason === 'too-large') await this.#forget();
      if (failure !== null) return failure.reason === 'other-file' ? failure.detail : reasonText(failure);
      const wrong = await this.#finish();
      // The wrong bytes may be in the beginning, which another call or another address downloaded.
      if (wrong === null || this.#beganAt === 0) return wrong;
    }
  }

  /** Downloads the missing bytes straight to the disk. Received bytes stay in the file, so that the next call can resume. */
  async #fetch(url: string, from: number): Promise<FileFailure | null> {
    // The final sha256 shows whether the earlier bytes are from the same file.
    const beginning = { from, version: { ...NO_VERSION, bytes: this.#card.bytes } };
    try {
      const result = await fetchFile(url, beginning, { ...remoteDeps(url, this.#options), sink: this.#sink() });
      return result.ok ? null : result;
    } catch (error) {
      if (error instanceof Interrupted) throw this.#interrupted(await sizeOf(this.#part));
      if (codeOf(error) === 'ENOSPC' || codeOf(error) === 'EDQUOT') throw this.#diskFull(messageOf(error), error);
      throw error;
    } finally {
      await this.#close();
    }
  }

  #sink(): FileSink {
    let bytes = 0;
    return {
      start: async ({ from }) => {
        await this.#close();
        if (from === 0) this.#resumedFrom = 0;
        this.#beganAt = Math.min(this.#beganAt, from);
        bytes = from;
        await this.#requireRoom(this.#card.bytes - from);
        this.#handle = await open(this.#part, from === 0 ? 'w' : 'a');
      },
      write: async (chunk) => {
        await this.#handle?.writeFile(chunk);
        bytes += chunk.length;
        this.#options.onProgress(bytes);
      },
    };
  }

  /** Keeps the received bytes, however the download ended. */
  async #close(): Promise<void> {
    await this.#handle?.sync().catch(() => undefined);
    await this.#handle?.close();
    this.#handle = null;
  }

  /** Names the file if it is the card's and passes the trial. Deletes wrong bytes, and returns the problem. */
  async #finish(): Promise<string | null> {
    const size = await sizeOf(this.#part);
    if (size !== this.#card.bytes) {
      await this.#forget();
      return `it ended after ${size} bytes, not ${this.#card.bytes}; they were deleted`;
    }
    const sha256 = await hashOf(this.#part);
    if (sha256 !== this.#card.sha256) {
      await this.#forget();
      return `its sha256 is ${sha256}, not ${this.#card.sha256}: another file, or a damaged one; it was deleted`;
    }
    this.#trial = await this.#options.accept(this.#part);
    await rename(this.#part, this.#card.path);
    await syncFolder(path.dirname(this.#card.path));
    return null;
  }

  async #forget(): Promise<void> {
    this.#resumedFrom = 0;
    await rm(this.#part, { force: true });
  }

  async #requireRoom(neededBytes: number): Promise<void> {
    const freeBytes = await freeBytesOn(path.dirname(this.#part));
    if (freeBytes < neededBytes) throw this.#diskFull(`${neededBytes} bytes are missing, ${freeBytes} are free`);
  }

  #diskFull(why: string, cause?: unknown): StopTheRun {
    return new StopTheRun(
      `Expected room for the model '${this.#card.name}' in '${path.dirname(this.#card.path)}' but the disk is full (${why}): make room and run the same command again, which resumes the download`,
      { code: 'disk-full', cause },
    );
  }

  #interrupted(bytes: number): Interrupted {
    return new Interrupted(
      `Interrupted: ${bytes} of ${this.#card.bytes} bytes are kept in '${displayPath(this.#part)}'; the same command resumes there`,
    );
  }

  async #stateText(): Promise<string> {
    const bytes = await sizeOf(this.#part);
    if (bytes === 0) return 'nothing was downloaded';
    return `${bytes} bytes are kept in '${displayPath(this.#part)}', and the same command resumes there`;
  }
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

function reasonText({ reason, detail }: { readonly reason: string; readonly detail: string }): string {
  if (reason === 'address-refused')
    return `${reason} (${detail}); a private address must be in fetch.allowAddresses or models.mirrors`;
  return `${reason} (${detail})`;
}
