import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';
import {
  commitIter,
  createRepo,
  datasetInfo,
  downloadFile,
  HubApiError,
  listFiles,
  type CommitOperation,
  type ListFileEntry,
} from '@huggingface/hub';
import { Interrupted } from '../../core/kernel/errors.ts';
import type { Destination, LocalFile, RemoteFile, Visibility } from '../../core/kernel/publish.ts';
import { sha256Of } from '../../core/tools/sha256.ts';
import { hubFailure, type HubPlace, hubFetch } from './hub-fetch.process.ts';

export interface HubOptions extends HubPlace {
  /** True if a new dataset is public. An existing one keeps its visibility. */
  readonly isPublic: boolean;
  readonly title: string;
  readonly signal: AbortSignal;
  readonly pauseMs?: number;
}

/** The Hub limits commits an hour, and is slow with large ones. It keeps LFS files that were not committed. */
const BATCH = { files: 500, bytes: 2e9 };
const PAUSE_MS = 1_000;

export function openHub(options: HubOptions): Destination {
  return new HubDataset(options);
}

/**
 * A dataset on the Hugging Face Hub. Files go the way of Git LFS: the library's other way, Xet, takes 320 MB of memory, and
 * cannot be interrupted. The Hub moves them into Xet itself (https://huggingface.co/docs/hub/xet/legacy-git-lfs).
 */
class HubDataset implements Destination {
  readonly url: string;
  readonly batch = BATCH;
  readonly forgetHistory = (): Promise<void> => this.#squash();
  readonly #options: HubOptions;
  readonly #call;
  #visibility: Visibility = null;

  constructor(options: HubOptions) {
    const { hubUrl, name, token, signal, pauseMs = PAUSE_MS } = options;
    this.#options = options;
    this.url = `${hubUrl}/datasets/${name}`;
    this.#call = {
      repo: { type: 'dataset' as const, name },
      accessToken: token,
      hubUrl,
      fetch: hubFetch({ signal, pauseMs }),
    };
  }

  async look(): Promise<Visibility> {
    const { name } = this.#options;
    const { accessToken, hubUrl, fetch } = this.#call;
    const info = await this.#orNull(datasetInfo({ name, accessToken, hubUrl, fetch }), 404);
    this.#visibility = info === null ? null : info.private ? 'private' : 'public';
    return this.#visibility;
  }

  async prepare(): Promise<Visibility> {
    if (this.#visibility !== null) return this.#visibility;
    const visibility = this.#options.isPublic ? 'public' : 'private';
    // The answer to an earlier try may have been lost.
    const made = await this.#orNull(createRepo({ ...this.#call, visibility }), 409);
    this.#visibility = visibility;
    return made === null ? this.look() : visibility;
  }

  async *list(local: ReadonlyMap<string, LocalFile>): AsyncGenerator<RemoteFile> {
    if (this.#visibility === null) return;
    try {
      for await (const entry of listFiles({ ...this.#call, recursive: true })) {
        if (entry.type !== 'file') continue;
        const own = local.get(entry.path);
        const isSame = own !== undefined && (await isSameContent(entry, own));
        // The history of the dataset keeps what is replaced.
        yield { path: entry.path, bytes: entry.size, isSame, isForeign: false };
      }
    } catch (error) {
      throw this.#failure(error);
    }
  }

  async read(path: string): Promise<string | null> {
    const read = async (): Promise<string | null> =>
      (await (await downloadFile({ ...this.#call, path, xet: false }))?.text()) ?? null;
    return this.#explained(read());
  }

  async upload(files: readonly LocalFile[], onFile: (file: LocalFile) => void): Promise<void> {
    const waiting = new Map(files.map((file) => [file.path, file]));
    await this.#commit(files.map(addition), (path) => {
      const file = waiting.get(path);
      if (file !== undefined && waiting.delete(path)) onFile(file);
    });
    for (const file of waiting.values()) onFile(file);
  }

  async remove(paths: readonly string[]): Promise<void> {
    await this.#commit(paths.map((path) => ({ operation: 'delete', path })));
  }

  async finish(files: readonly LocalFile[]): Promise<void> {
    await this.#commit(files.map(addition));
  }

  async #commit(operations: CommitOperation[], onFile: (path: string) => void = () => {}): Promise<void> {
    const { signal, title } = this.#options;
    // The library listens to the signal and never stops, so each commit gets one of its own.
    const ended = new AbortController();
    const end = (): void => ended.abort();
    signal.addEventListener('abort', end);
    try {
      const events = commitIter({ ...this.#call, operations, title, useXet: false, abortSignal: ended.signal });
      for await (const event of events)
        if (event.event === 'fileProgress' && event.state === 'uploading' && event.progress === 1) onFile(event.path);
    } catch (error) {
      throw this.#failure(error);
    } finally {
      signal.removeEventListener('abort', end);
    }
  }

  /** https://huggingface.co/docs/huggingface_hub/package_reference/hf_api#huggingface_hub.HfApi.super_squash_history */
  async #squash(): Promise<void> {
    const { hubUrl, name, token, title } = this.#options;
    const squash = async (): Promise<void> => {
      const response = await this.#call.fetch(`${hubUrl}/api/datasets/${name}/super-squash/main`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body: JSON.stringify({ message: title }),
      });
      const text = await response.text();
      if (response.ok) return;
      const error = new HubApiError(response.url, response.status);
      error.data = { message: text };
      throw error;
    };
    await this.#explained(squash());
  }

  #orNull<T>(call: Promise<T>, status: number): Promise<T | null> {
    const orNull = (error: unknown): null => {
      if (error instanceof HubApiError && error.statusCode === status) return null;
      throw error;
    };
    return this.#explained(call.catch(orNull));
  }

  #explained<T>(call: Promise<T>): Promise<T> {
    return call.catch((error: unknown) => Promise.reject(this.#failure(error)));
  }

  #failure(error: unknown): unknown {
    return this.#options.signal.aborted ? new Interrupted() : hubFailure(error, this.#options);
  }
}

function addition({ path, place }: LocalFile): CommitOperation {
  return { operation: 'addOrUpdate', path, content: pathToFileURL(place) };
}

/** The Hub knows LFS files by their SHA-256, and others, which are small, by the id that git gives them. */
async function isSameContent({ lfs, oid, size }: ListFileEntry, local: LocalFile): Promise<boolean> {
  if (lfs !== undefined) return lfs.oid === local.sha256;
  if (size !== local.bytes) return false;
  const bytes = await readFile(local.place);
  // A file that was changed is not the one to publish, even if the Hub has it.
  if (sha256Of(bytes) !== local.sha256) return false;
  return createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex') === oid;
}
