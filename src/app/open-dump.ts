import { createReadStream } from 'node:fs';
import { once } from 'node:events';
import { stat } from 'node:fs/promises';
import path from 'node:path';
import type { Config } from '../config/settings.ts';
import { messageOf, RetryLater, UsageError } from '../kernel/errors.ts';
import type { OpenDataFile } from '../source/open-data/rows.ts';
import { addressOf, openHttp } from './http.ts';

export interface Dump {
  readonly open: (file: OpenDataFile) => Promise<AsyncIterable<Uint8Array>>;
}

/** The files of iNaturalist's open-data dump, from a folder or from a URL: streamed, they are tens of gigabytes. */
export function openDump(config: Config, where: string, signal: AbortSignal): Dump {
  return {
    open: (file) =>
      /^https?:/.test(where)
        ? openUrl(config, `${where.replace(/\/+$/, '')}/${file}`, signal)
        : openFile(path.join(where, file), signal),
  };
}

async function openFile(file: string, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>> {
  try {
    await stat(file);
  } catch (error) {
    throw new UsageError(
      `Expected a file of the open-data dump at '${file}' (sources.inaturalistOpenData.url) but it cannot be read: ${messageOf(error)}`,
      {
        code: 'open-data-file',
        cause: error,
      },
    );
  }
  return createReadStream(file, { signal });
}

async function openUrl(config: Config, url: string, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>> {
  const client = openHttp(config, [addressOf(url)]);
  const request = client.send(new URL(url), { headers: {}, signal });
  request.once('close', () => client.close());
  const [response]: { statusCode?: number }[] = await once(request, 'response').catch((error: unknown) => {
    throw new RetryLater(`Expected the open-data dump at ${url} but it cannot be had: ${messageOf(error)}`, {
      code: 'open-data-url',
      cause: error,
    });
  });
  if (response?.statusCode === 200) return request;
  request.destroy();
  throw new UsageError(`Expected the open-data dump at ${url} but received HTTP ${response?.statusCode}`, {
    code: 'open-data-url',
  });
}
