import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { PassThrough } from 'node:stream';
import { hideSecret } from '../../tools/quote.ts';
import type { Config } from '../../config/settings.ts';
import { messageOf, RetryLater, UsageError } from '../../kernel/errors.ts';
import { isOtherVersion, NO_VERSION, rangeCondition, type RemoteVersion } from '../sources/remote-version.ts';
import type { OpenDataFile } from '../sources/open-data/rows.ts';
import { isTransient } from '../sources/retry-policy.ts';
import { addressOf, httpLimits, openHttp } from '../network/http.process.ts';
import {
  fetchFile,
  identifyFile,
  type FileFailure,
  type FileSink,
  type RemoteFileDeps,
} from '../network/remote-file.process.ts';

export interface Dump {
  /** Returns the current version of a file, given the last known one. Call it for each file before opening the file. */
  readonly identify: (file: OpenDataFile, known: RemoteVersion) => Promise<RemoteVersion>;
  readonly open: (file: OpenDataFile) => Promise<AsyncIterable<Uint8Array>>;
  close(): void;
}

interface Place extends Pick<Dump, 'identify' | 'close'> {
  /** Opens a file. It fails, at once or when it is read, if the file now has another version than this one. */
  readonly open: (file: OpenDataFile, version: RemoteVersion) => Promise<AsyncIterable<Uint8Array>>;
}

/** The files of iNaturalist's open-data dump in a folder or at a URL. They are streamed, because they are tens of gigabytes. */
export function openDump(config: Config, where: string, signal: AbortSignal): Dump {
  const place = /^https?:/i.test(where) ? remoteDump(config, where, signal) : localDump(where, signal);
  const versions = new Map<OpenDataFile, RemoteVersion>();
  return {
    async identify(file, known) {
      const version = await place.identify(file, known);
      versions.set(file, version);
      return version;
    },
    open: (file) => place.open(file, versions.get(file) ?? NO_VERSION),
    close: () => place.close(),
  };
}

function localDump(folder: string, signal: AbortSignal): Place {
  return {
    identify: (file) => versionOnDisk(path.join(folder, file)),
    async open(file, version) {
      const at = path.join(folder, file);
      if (isOtherVersion(await versionOnDisk(at), version)) throw changed(`'${at}'`);
      return createReadStream(at, { signal });
    },
    close() {},
  };
}

async function versionOnDisk(file: string): Promise<RemoteVersion> {
  const stats = await stat(file).catch((error: unknown) => {
    throw unreadable(file, messageOf(error), error);
  });
  if (!stats.isFile()) throw unreadable(file, 'it is not a file');
  return { etag: null, lastModified: String(stats.mtimeMs), bytes: stats.size };
}

function unreadable(file: string, why: string, cause?: unknown): UsageError {
  return new UsageError(
    `Expected a file of the open-data dump at '${file}' (sources.inaturalistOpenData.url) but it cannot be read: ${why}`,
    { code: 'open-data-file', cause },
  );
}

function remoteDump(config: Config, url: string, signal: AbortSignal): Place {
  const base = url.replace(/\/+$/, '');
  const client = openHttp(config, [addressOf(base)]);
  const deps = {
    client,
    signal,
    limits: { ...httpLimits(config), maxBytes: Number.POSITIVE_INFINITY },
    followsRedirects: false,
    decompress: false,
    maxAttempts: config.fetch.tries,
    random: Math.random,
  };
  return {
    async identify(file, known) {
      const at = `${base}/${file}`;
      const answer = await identifyFile(at, known, { ...deps, onRetry: () => undefined });
      if (!answer.ok) throw failureText(at, answer, 0);
      return answer.version;
    },
    open: (file, version) => Promise.resolve(streamOf(`${base}/${file}`, version, deps)),
    close: () => client.close(),
  };
}

/** Streams the bytes as they are sent. Refuses the file if its version is not the one that was identified. */
function streamOf(
  url: string,
  version: RemoteVersion,
  deps: Omit<RemoteFileDeps, 'onRetry'>,
): AsyncIterable<Uint8Array> {
  const out = new PassThrough();
  const ended = new AbortController();
  out.once('close', () => ended.abort());
  let passedOn = 0;
  let position = 0;
  const sink: FileSink = {
    start(now) {
      if (isOtherVersion(version, now.version)) throw changed(nameOf(url));
      position = now.from;
    },
    async write(chunk) {
      // A server that does not support ranges sends all bytes again.
      const fresh = chunk.subarray(Math.max(0, passedOn - position));
      position += chunk.length;
      passedOn += fresh.length;
      if (fresh.length > 0 && !out.write(fresh)) await once(out, 'drain', { signal: ended.signal });
    },
  };
  const onRetry = (): void => {
    if (passedOn > 0 && rangeCondition(version) === null) throw cannotGoOn(url, passedOn);
  };
  const signal = AbortSignal.any([deps.signal, ended.signal]);
  fetchFile(url, { from: 0, version }, { ...deps, signal, sink, onRetry }).then(
    (result) => (result.ok ? out.end() : out.destroy(failureText(url, result, passedOn))),
    (error: Error) => out.destroy(error),
  );
  return out;
}

const nameOf = (url: string): string => `the file of the open-data dump at ${hideSecret(url, 'url-passwords')}`;

/** A temporary failure is worth another run. Any other status means that the address is wrong. */
function failureText(url: string, failure: FileFailure, received: number): RetryLater | UsageError {
  if (failure.reason === 'other-file') return changed(nameOf(url));
  const { reason, status, detail, retryAfterMs } = failure;
  if (status !== null && status < 500 && !isTransient({ reason, status })) {
    const text = `Expected ${nameOf(url)} but received HTTP ${detail}; check sources.inaturalistOpenData.url`;
    return new UsageError(text, { code: 'open-data-url' });
  }
  const where = received === 0 ? 'at its beginning' : `after ${received} bytes`;
  const text = `Expected ${nameOf(url)} but it broke off ${where}: ${reason}, ${detail}; run the command again`;
  return new RetryLater(text, { code: 'open-data-url', retryAfterMs });
}

function changed(name: string): RetryLater {
  return new RetryLater(`Expected ${name} to stay the same but it changed while it was read; run the command again`, {
    code: 'open-data-changed',
  });
}

function cannotGoOn(url: string, received: number): RetryLater {
  return new RetryLater(
    `Expected ${nameOf(url)} but it broke off after ${received} bytes, and its server sends neither ETag nor Last-Modified, so the download cannot resume; download the file yourself and set sources.inaturalistOpenData.url to its folder`,
    { code: 'open-data-url' },
  );
}
