import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import * as z from 'zod';
import { loadClassTable } from '../../collection/class-table.process.ts';
import { classesOfCard, type FoundCard } from '../../collection/model-card.process.ts';
import type { ModelClasses } from '../../collection/model-classes.ts';
import { hideSecret } from '../../config/quote.ts';
import { displayPath } from '../../config/root.ts';
import type { Config } from '../../config/settings.ts';
import { codeOf, Interrupted, messageOf, StopTheRun, UsageError } from '../../kernel/errors.ts';
import { syncFolder } from '../../platform/blobs/blob-folder.ts';
import { freeBytesOn } from '../../platform/disk/free-bytes.ts';
import type { HttpClient } from '../../platform/http/http-client.ts';
import { save, type SaveResult } from '../../platform/http/save.ts';
import { withFileLock } from '../../platform/lock/file-lock.ts';
import type { HttpFailure } from '../../source/http-outcome.ts';
import { retryDelayMs } from '../../source/retry-policy.ts';
import { addressOf, httpLimits, openHttpAs, plainUserAgentOf } from '../network/http.ts';
import { sleepUnlessAborted } from '../open/sleep.ts';
import type { Trial } from './judge.ts';
import { hashOf, isWhole, makeModelFolder, NOT_ALLOWED, notWritable, sizeOf } from './model-files.ts';
import { tryDownloaded } from './pull-trial.ts';

export interface PullOptions {
  readonly config: Config;
  readonly signal: AbortSignal;
  /** Bytes that are there, of the card's. */
  readonly onProgress: (bytes: number) => void;
  /** A sentence: a try that failed, a mirror that is passed over. */
  readonly onTrouble: (text: string) => void;
  /** In [0, 1); spreads the pauses between tries. */
  readonly random?: (() => number) | undefined;
}

export interface Pulled {
  readonly path: string;
  /** Null if the file was there already, whole and right. */
  readonly url: string | null;
  /** Bytes that an earlier, interrupted call had brought. */
  readonly resumedFrom: number;
  /** What sample photos showed; null if the file was there already. */
  readonly trial: Trial | null;
}

/** A file of hundreds of megabytes over a slow line: what ends it is standing still, not taking long. */
const TOTAL_TIMEOUT_MS = 24 * 3_600_000;
const MAX_TRIES = 100;
const LOCK_WAIT_MS = 2_000;

/**
 * Downloads the file of a card: from `models.mirrors`, then from the card's own URLs, each with as many tries as it
 * takes. Bytes gather in `<file>.part`. Only a file that has the card's size and sha256 and passes the trial of
 * `models add` gets its final name.
 *
 * @throws UsageError `no-address`, `bad-model-classes`; StopTheRun `model-download` with what each address answered,
 * `model-does-not-run`, `model-refused`, `disk-full`; Interrupted
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
  // Before the download: without its classes the model cannot be tried.
  const classes = await classesOfCard(card, await loadClassTable());
  await makeModelFolder(path.dirname(card.path));
  const lock = { path: `${card.path}.lock`, purpose: `downloading ${card.name}`, waitMs: LOCK_WAIT_MS };
  const client = openHttpAs(plainUserAgentOf(options.config), options.config, mirrors.map(addressOf));
  try {
    return await withFileLock(lock, async () => {
      // Another call that held the lock may have brought it.
      if (await isWhole(card.path, card)) return alreadyThere(card);
      return new Pull(card, { ...options, client, classes }).fromAny(urls);
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

/** A mirror of one's own may want a password. */
function shown(url: string): string {
  return hideSecret(url, 'url-passwords');
}

/** What `<file>.part` is the beginning of. */
const noteSchema = z.object({ url: z.string(), sha256: z.string(), validator: z.string().nullable() });
type Note = z.infer<typeof noteSchema>;

/** Nothing is missing of what an earlier call began; `from` is not 0, so that it is fetched anew if it is wrong. */
const WHOLE = { ok: true, from: Number.POSITIVE_INFINITY } as const;

type PullDeps = PullOptions & { readonly client: HttpClient; readonly classes: ModelClasses };

class Pull {
  readonly #card: FoundCard;
  readonly #options: PullDeps;
  readonly #part: string;
  readonly #noteFile: string;
  /** Bytes of an earlier call that are in the file: none once it began anew. */
  #resumedFrom = 0;
  #trial: Trial | null = null;

  constructor(card: FoundCard, options: PullDeps) {
    this.#card = card;
    this.#options = options;
    this.#part = `${card.path}.part`;
    this.#noteFile = `${card.path}.part.json`;
  }

  async fromAny(urls: readonly string[]): Promise<Pulled> {
    this.#resumedFrom = await this.#beginning();
    const failures: string[] = [];
    for (const url of urls) {
      const failure = await this.#from(url);
      if (failure === null)
        return { path: this.#card.path, url: shown(url), resumedFrom: this.#resumedFrom, trial: this.#trial };
      failures.push(`${shown(url)}: ${failure}`);
      if (failures.length < urls.length) this.#options.onTrouble(`${shown(url)}: ${failure}`);
    }
    throw new StopTheRun(
      `Expected the file of the model '${this.#card.name}' (${this.#card.bytes} bytes, sha256 ${this.#card.sha256}) but it could not be had; ${await this.#stateText()}\n  ${failures.join('\n  ')}`,
      { code: 'model-download' },
    );
  }

  /** The file from one address; null once it stands under its name, or why it could not be had there. */
  async #from(url: string): Promise<string | null> {
    let attempt = 0;
    for (let tries = 1; ; tries += 1) {
      const before = await sizeOf(this.#part);
      const result = before === this.#card.bytes ? WHOLE : await this.#try(url, before);
      if (result.ok) {
        const wrong = await this.#finish();
        // What is wrong may be the beginning, which another call or another address brought.
        if (wrong === null || before === 0 || result.from === 0) return wrong;
        continue;
      }
      if (result.reason === 'wrong-length') return result.detail;
      if (result.reason === 'too-large') await this.#forget();
      attempt = (await sizeOf(this.#part)) > before ? 1 : attempt + 1;
      const hasWaited = tries < MAX_TRIES && (await this.#pause(url, result, attempt));
      if (!hasWaited) return reasonText(result);
    }
  }

  /** Waits for as long as a failure asks for before the next try; false if there is none. */
  async #pause(url: string, failure: HttpFailure, attempt: number): Promise<boolean> {
    const { random = Math.random, onTrouble, signal, config } = this.#options;
    const delayMs = retryDelayMs({ ...failure, attempt, maxAttempts: config.fetch.tries, random: random() });
    if (delayMs === null) return false;
    onTrouble(`${shown(url)}: ${reasonText(failure)}; trying again`);
    await sleepUnlessAborted(delayMs, signal);
    if (signal.aborted) throw this.#interrupted(await sizeOf(this.#part));
    return true;
  }

  async #try(url: string, from: number): Promise<SaveResult> {
    const { config, client, signal, onProgress } = this.#options;
    const note = await this.#note();
    await this.#requireRoom(this.#card.bytes - from);
    const wanted = {
      url,
      partFile: this.#part,
      bytes: this.#card.bytes,
      from,
      // Another address has other names for the same bytes; the sha256 at the end tells whether they were the same.
      validator: note?.url === url ? note.validator : null,
    };
    const deps = {
      client,
      signal,
      onProgress,
      onStart: (start: { from: number; validator: string | null }) => {
        if (start.from === 0) this.#resumedFrom = 0;
        return this.#writeNote(url, start.validator);
      },
    };
    try {
      return await save(wanted, { ...httpLimits(config), totalTimeoutMs: TOTAL_TIMEOUT_MS }, deps);
    } catch (error) {
      if (error instanceof Interrupted) throw this.#interrupted(await sizeOf(this.#part));
      if (codeOf(error) === 'ENOSPC' || codeOf(error) === 'EDQUOT') throw this.#diskFull(messageOf(error), error);
      throw error;
    }
  }

  /**
   * Gives the file its name if its bytes are the card's and it passes the trial. Other bytes are removed, and what is wrong
   * with them is returned.
   */
  async #finish(): Promise<string | null> {
    const size = await sizeOf(this.#part);
    if (size !== this.#card.bytes) {
      await this.#forget();
      return `it ended after ${size} bytes, not ${this.#card.bytes}; they were thrown away`;
    }
    const sha256 = await hashOf(this.#part);
    if (sha256 !== this.#card.sha256) {
      await this.#forget();
      return `its sha256 is ${sha256}, not ${this.#card.sha256}: another file, or a damaged one; it was thrown away`;
    }
    const { classes, signal } = this.#options;
    this.#trial = await tryDownloaded({ card: this.#card, classes, file: this.#part, signal });
    await rename(this.#part, this.#card.path);
    await syncFolder(path.dirname(this.#card.path));
    await rm(this.#noteFile, { force: true });
    return null;
  }

  /** Bytes that an earlier call left, if they are the beginning of this very file. */
  async #beginning(): Promise<number> {
    const note = await this.#note();
    const size = await sizeOf(this.#part);
    if (note?.sha256 === this.#card.sha256 && size <= this.#card.bytes) return size;
    await this.#forget();
    return 0;
  }

  async #note(): Promise<Note | null> {
    try {
      return noteSchema.parse(JSON.parse(await readFile(this.#noteFile, 'utf8')));
    } catch {
      // Absent, or cut off by a power loss: the bytes beside it are worth nothing without it.
      return null;
    }
  }

  #writeNote(url: string, validator: string | null): Promise<void> {
    const note: Note = { url, sha256: this.#card.sha256, validator };
    return writeFile(this.#noteFile, JSON.stringify(note));
  }

  async #forget(): Promise<void> {
    this.#resumedFrom = 0;
    await rm(this.#part, { force: true });
    await rm(this.#noteFile, { force: true });
  }

  async #requireRoom(neededBytes: number): Promise<void> {
    const freeBytes = await freeBytesOn(path.dirname(this.#part));
    if (freeBytes < neededBytes) throw this.#diskFull(`${neededBytes} bytes are missing, ${freeBytes} are free`);
  }

  #diskFull(why: string, cause?: unknown): StopTheRun {
    return new StopTheRun(
      `Expected room for the model '${this.#card.name}' in '${path.dirname(this.#card.path)}' but the disk is full (${why}): make room and run the same command again, which goes on where it stopped`,
      { code: 'disk-full', cause },
    );
  }

  #interrupted(bytes: number): Interrupted {
    return new Interrupted(
      `Interrupted: ${bytes} of ${this.#card.bytes} bytes are kept in '${displayPath(this.#part)}'; the same command goes on from there`,
    );
  }

  async #stateText(): Promise<string> {
    const bytes = await sizeOf(this.#part);
    if (bytes === 0) return 'nothing of it is on the disk';
    return `${bytes} bytes are kept in '${displayPath(this.#part)}', and the same command goes on from there`;
  }
}

function reasonText({ reason, detail }: { readonly reason: string; readonly detail: string }): string {
  if (reason === 'address-refused')
    return `${reason} (${detail}); a private address must be in fetch.allowAddresses or models.mirrors`;
  return `${reason} (${detail})`;
}
