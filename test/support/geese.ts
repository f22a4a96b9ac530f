import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { CandidateLine } from '../../src/status/candidate-list.repository.ts';
import { jsonLines, setFlags, winnow, type CommandResult } from './winnow.ts';

/** Crawls of one class of a small collection, in a folder of their own: how the real command is sent to a local site. */

const GOOSE = 'n01855672';

/** `winnow crawl` of geese from a source, as fast as its pictures' host answers. */
export async function crawlGeese(
  folder: string,
  source: string,
  settings: Readonly<Record<string, string>>,
): Promise<CommandResult> {
  const collection = collectionIn(folder);
  await writeFile(collection, `name: geese\nclasses: [${GOOSE}, n01882714]\n`);
  const sets = setFlags({
    'crawl.contact': 'curator@example.org',
    'fetch.requestsPerMinutePerHost': '60000',
    ...settings,
  });
  const what = ['--collection', collection, '--class', 'goose', '--source', source];
  return winnow(['crawl', ...what, '--data', path.join(folder, 'data'), ...sets]);
}

/** Lists the geese with `winnow candidates`. */
export async function gooseCandidates(folder: string): Promise<CandidateLine[]> {
  const flags = ['--collection', collectionIn(folder), '--data', path.join(folder, 'data'), '--json'];
  return jsonLines<CandidateLine>((await winnow(['candidates', ...flags])).stdout);
}

function collectionIn(folder: string): string {
  return path.join(folder, 'geese.yaml');
}
