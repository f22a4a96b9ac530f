import { writeFile } from 'node:fs/promises';
import type { CandidateLine } from '../../src/core/status/candidate-list.repository.ts';
import { jsonLines, setFlags, winnow } from './winnow.ts';

/** Crawls of lists of URLs: the simplest way to send the real command to local servers. */

/** A class of the collection that the lists are crawled for. */
const LISTED_CLASS = 'n02268443';

export async function writeUrlList(file: string, urls: readonly string[], wnid = LISTED_CLASS): Promise<string> {
  await writeFile(file, ['url,wnid', ...urls.map((url) => `${url},${wnid}`), ''].join('\n'));
  return file;
}

export interface UrlCrawl {
  readonly data: string;
  readonly from: string;
  /** `127.0.0.1:PORT` of the servers that may be asked. */
  readonly allow: readonly string[];
  readonly settings?: Readonly<Record<string, string | number | boolean>>;
}

/** Arguments of `winnow crawl`. Without a setting, hosts are asked as fast as permits go. */
export function urlCrawlArgs({ data, from, allow, settings = {} }: UrlCrawl): string[] {
  const all = {
    'crawl.contact': 'curator@example.org',
    'fetch.allowAddresses': allow.join(','),
    'fetch.requestsPerMinutePerHost': 60_000,
    ...settings,
  };
  const sets = setFlags(all);
  return ['crawl', '--collection', 'imagenet-a', '--source', 'urls', '--from', from, '--data', data, ...sets];
}

export async function candidateLines(data: string, ...filter: string[]): Promise<CandidateLine[]> {
  const listed = await winnow(['candidates', '--collection', 'imagenet-a', '--data', data, '--json', ...filter]);
  if (listed.code !== 0) throw new Error(`winnow candidates ended with ${listed.code}: ${listed.stderr}`);
  return jsonLines<CandidateLine>(listed.stdout);
}

/** `state` or, if there is one, `reason` of each candidate, by its URL. */
export function outcomesOf(lines: readonly CandidateLine[]): Map<string, string> {
  return new Map(lines.map(({ url, state, reason }) => [url, reason ?? state]));
}
