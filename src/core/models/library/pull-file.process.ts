import { open, rename, rm, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import type { FoundCard } from '../../collection/cards/model-card.process.ts';
import { hideSecret } from '../../tools/quote.ts';
import { displayPath } from '../../config/root.ts';
import type { Config } from '../../config/settings.ts';
import { codeOf, Interrupted, messageOf, StopTheRun } from '../../kernel/errors.ts';
import { httpLimits, openHttpAs, plainUserAgentOf } from '../../crawl/network/http.process.ts';
import { fetchFile, identifyFile, type FileFailure, type FileSink } from '../../crawl/network/remote-file.process.ts';
import { NO_VERSION } from '../../crawl/sources/remote-version.ts';
import { syncFolder } from '../../platform/disk/folders.ts';
import { freeBytesOn } from '../../platform/disk/full-disk.ts';
import type { HttpClient } from '../../platform/http/http-client.ts';
import type { HttpFailure } from '../../platform/http/http-outcome.ts';
import type { Trial } from './judge-trial.ts';
import { hashOf, sizeOf } from './store.process.ts';

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

/** The URL without its password, which a private mirror may need. */
function shown(url: string): string {
  return hideSecret(url, 'url-passwords');
}

type PulledFile = Pick<FoundCard, 'name' | 'path' | 'bytes' | 'sha256'>;

export interface PullDeps extends PullOptions {
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

/** One download. Bytes are collected in `<file>.part`; only a file with the right size and sha256 gets its name. */
export class Pull {
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

function reasonText({ reason, detail }: { readonly reason: string; readonly detail: string }): string {
  if (reason === 'address-refused')
    return `${reason} (${detail}); a private address must be in fetch.allowAddresses or models.mirrors`;
  return `${reason} (${detail})`;
}
