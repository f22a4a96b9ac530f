import { createReadStream, type Stats } from 'node:fs';
import { stat } from 'node:fs/promises';
import path from 'node:path';
import type { Config } from '../../config/settings.ts';
import { messageOf, RetryLater, UsageError } from '../../kernel/errors.ts';
import { isOtherVersion, NO_VERSION, type FileVersion } from '../../source/file-version.ts';
import type { OpenDataFile } from '../../source/open-data/rows.ts';
import { addressOf, openHttp } from '../network/http.ts';
import { RemoteFile } from '../network/remote-file.ts';

export interface Dump {
  /** What a file is now; `known` is what it was, to ask with. To be called for each file before it is opened. */
  readonly identify: (file: OpenDataFile, known: FileVersion) => Promise<FileVersion>;
  /** Its bytes, of the version that was identified. */
  readonly open: (file: OpenDataFile) => Promise<AsyncIterable<Uint8Array>>;
  close(): void;
}

/** The files of iNaturalist's open-data dump, from a folder or from a URL: streamed, they are tens of gigabytes. */
export function openDump(config: Config, where: string, signal: AbortSignal): Dump {
  return /^https?:/i.test(where) ? remoteDump(config, where, signal) : localDump(where, signal);
}

function localDump(folder: string, signal: AbortSignal): Dump {
  const versions = new Map<OpenDataFile, FileVersion>();
  return {
    async identify(file) {
      const version = await versionOnDisk(path.join(folder, file));
      versions.set(file, version);
      return version;
    },
    async open(file) {
      const at = path.join(folder, file);
      if (isOtherVersion(await versionOnDisk(at), versions.get(file) ?? NO_VERSION)) {
        throw new RetryLater(
          `Expected '${at}' to stay the same but it was changed while the dump was read; run the command again`,
          {
            code: 'open-data-changed',
          },
        );
      }
      return createReadStream(at, { signal });
    },
    close() {},
  };
}

async function versionOnDisk(file: string): Promise<FileVersion> {
  const { size, mtimeMs } = await statOf(file);
  return { etag: null, lastModified: String(mtimeMs), bytes: size };
}

async function statOf(file: string): Promise<Stats> {
  try {
    const stats = await stat(file);
    if (stats.isFile()) return stats;
  } catch (error) {
    throw unreadable(file, messageOf(error), error);
  }
  throw unreadable(file, 'it is no file');
}

function unreadable(file: string, why: string, cause?: unknown): UsageError {
  return new UsageError(
    `Expected a file of the open-data dump at '${file}' (sources.inaturalistOpenData.url) but it cannot be read: ${why}`,
    { code: 'open-data-file', cause },
  );
}

function remoteDump(config: Config, url: string, signal: AbortSignal): Dump {
  const base = url.replace(/\/+$/, '');
  const client = openHttp(config, [addressOf(base)]);
  const { firstByteTimeoutMs, totalTimeoutMs: idleTimeoutMs, tries: maxAttempts } = config.fetch;
  const deps = { client, signal, firstByteTimeoutMs, idleTimeoutMs, maxAttempts, random: Math.random };
  const versions = new Map<OpenDataFile, FileVersion>();
  const remote = (file: OpenDataFile): RemoteFile => new RemoteFile(`${base}/${file}`, deps);
  return {
    async identify(file, known) {
      const version = await remote(file).identify(known);
      versions.set(file, version);
      return version;
    },
    open: (file) => Promise.resolve(remote(file).bytes(versions.get(file) ?? NO_VERSION)),
    close: () => client.close(),
  };
}
