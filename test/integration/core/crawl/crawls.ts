import path from 'node:path';
import { onTestFinished } from 'vitest';
import type { Status } from '../../../../src/core/status/status.process.ts';
import type { CandidateLine } from '../../../../src/core/status/candidate-list.repository.ts';
import { jsonLines, setFlags, winnow, withFolder, type CommandResult } from '../../../support/winnow.ts';
import { writeCollection, type CrawledSite } from './crawled-sites.ts';

/** Crawls of a site for one collection, in a data folder of its own. */
export class Crawls {
  readonly collection: string;
  readonly #folder: string;
  readonly #flags: readonly string[];
  readonly #site: CrawledSite;

  constructor(site: CrawledSite, { folder, collection }: { folder: string; collection: string }) {
    this.collection = collection;
    this.#folder = folder;
    this.#site = site;
    this.#flags = ['--collection', collection, '--data', path.join(folder, 'data')];
  }

  /** The same crawls for another collection of the same classes and data folder. */
  async ofOther(): Promise<Crawls> {
    const collection = await writeCollection(this.#folder, this.#site, 'other');
    return new Crawls(this.#site, { folder: this.#folder, collection });
  }

  run(command: string, ...more: string[]): Promise<CommandResult> {
    return winnow([command, ...this.#flags, ...more]);
  }

  file(name: string): string {
    return path.join(this.#folder, name);
  }

  crawlArgs(...more: string[]): string[] {
    const settings = {
      'crawl.contact': 'curator@example.org',
      'fetch.requestsPerMinutePerHost': '60000',
      ...this.#site.settings,
    };
    return [
      'crawl',
      ...this.#flags,
      ...(this.#site.searchedBy === 'taxa' ? [] : ['--class', 'goose']),
      ...this.#site.flags,
      ...setFlags(settings),
      ...more,
    ];
  }

  crawl(...more: string[]): Promise<CommandResult> {
    return winnow(this.crawlArgs(...more));
  }

  async candidates(): Promise<CandidateLine[]> {
    return jsonLines<CandidateLine>((await this.run('candidates', '--json')).stdout);
  }

  async status(): Promise<Status> {
    return JSON.parse((await this.run('status', '--json')).stdout) as Status;
  }
}

export async function onSite<Site extends CrawledSite>(
  start: (folder: string) => Promise<Site>,
  use: (site: Site, crawls: Crawls) => Promise<void>,
): Promise<void> {
  await withFolder(async (folder) => {
    const site = await start(folder);
    onTestFinished(async () => void (await site.close()));
    await use(site, new Crawls(site, { folder, collection: await writeCollection(folder, site) }));
  });
}
