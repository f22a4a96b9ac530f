import type { App } from '../../core/runtime/open/app.process.ts';
import { collectionFromCatalogue } from '../../core/models/workspace/rules.process.ts';
import { openWorkspace, type Workspace } from '../../core/models/workspace/workspace.process.ts';
import { readOverviews, type CollectionCard } from '../status/overview.process.ts';
import { RateHistory, type LiveOverview } from '../status/rates.ts';
import { collectionNames, COLLECTION_FORGOTTEN, rulesSha256Of } from '../../core/collection/collection.repository.ts';
import { listCollections, usableCollection } from '../../core/collection/collection.process.ts';
import type { Collection } from '../../core/collection/collection.ts';
import type { Config } from '../../core/config/settings.ts';
import { codeOf, messageOf, UsageError } from '../../core/kernel/errors.ts';
import type { ByReader, Reader } from '../../core/kernel/people.ts';
import { sharedReading } from './live/shared-reading.ts';
import { stagesOf } from '../../core/page/stages.ts';
import { LiveFeed } from './live/live-feed.ts';

/** The code of an error: there is no such collection, or its file cannot be used. */
export const UNKNOWN_COLLECTION = 'unknown-collection';
export const BAD_COLLECTION = 'bad-collection';

const LIVE_EVERY_MS = 1_000;
/** How often a collection is read while no page of it is open, so that its rates have no gaps. */
const RATES_EVERY_MS = 60_000;

export interface OpenCollection {
  /** For requests: PostgreSQL ends statements that take too long. */
  readonly workspace: Workspace;
  /** For data that is read once for all clients, and for work that outlasts its request. Its statements may take long. */
  readonly longWorkspace: Workspace;
  readonly read: () => Promise<ByReader<LiveOverview>>;
  readonly feeds: ByReader<LiveFeed<LiveOverview>>;
}

interface CollectionsOptions {
  /** `app`: for requests, whose statements PostgreSQL ends if they take too long. `longApp`: may take long. */
  readonly app: App;
  readonly longApp: App;
  /** The collection of `--collection`, whose file may be in any folder. */
  readonly named: Collection | null;
  /** The settings for a collection: its file may have some. */
  readonly configOf: (collection: Collection) => Promise<Config>;
  readonly nowMs: () => number;
}

export class Collections {
  readonly #options: CollectionsOptions;
  readonly #opened = new Map<string, Promise<OpenCollection>>();
  readonly #timer: NodeJS.Timeout;

  constructor(options: CollectionsOptions) {
    this.#options = options;
    this.#timer = setInterval(() => void this.#readOpened(), RATES_EVERY_MS).unref();
  }

  async names(): Promise<{ readonly name: string; readonly isKnown: boolean }[]> {
    const known = new Set(await collectionNames(this.#options.app.db));
    const files = (await listCollections()).map(({ name }) => name);
    const named = this.#options.named === null ? [] : [this.#options.named.name];
    const names = [...new Set([...named, ...files, ...known])].toSorted();
    return names.map((name) => ({ name, isKnown: known.has(name) || this.#opened.has(name) }));
  }

  /** @throws UsageError `unknown-collection`, `bad-collection` */
  open(name: string): Promise<OpenCollection> {
    const opened = this.#opened.get(name) ?? this.#open(name);
    this.#opened.set(name, opened);
    // A corrected file can be opened without a restart of the server.
    opened.catch(() => this.#opened.delete(name));
    return opened;
  }

  async known(): Promise<OpenCollection[]> {
    const names = (await this.names()).filter(({ isKnown }) => isKnown);
    const opened = await Promise.allSettled(names.map(({ name }) => this.open(name)));
    return opened.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  }

  async cards(reader: Reader): Promise<CollectionCard[]> {
    const names = await this.names();
    return Promise.all(names.map(({ name, isKnown }) => this.#card(name, isKnown, reader)));
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    for (const opened of await Promise.allSettled(this.#opened.values()))
      if (opened.status === 'fulfilled') for (const feed of Object.values(opened.value.feeds)) feed.close();
  }

  async #open(name: string): Promise<OpenCollection> {
    const { app, longApp, configOf, nowMs } = this.#options;
    const collection = await this.#collection(name);
    const config = await configOf(collection);
    const longWorkspace = await openWorkspace({ ...longApp, config }, collection);
    const workspace = { ...longWorkspace, app: { ...app, config } };
    const openedWith = await rulesSha256Of(app.db, workspace.scope.collectionId);
    const rates = new RateHistory();
    const read = sharedReading(async () => {
      // A collection that was deleted has no other rules.
      const sha256 = await rulesSha256Of(app.db, workspace.scope.collectionId);
      if (sha256 !== undefined && sha256 !== openedWith) await this.#reopen(name, feeds);
      const { operators, others } = await readOverviews(longWorkspace, new Date(nowMs()));
      rates.add(operators);
      const live = { rates: rates.rates() };
      return { operators: { ...operators, ...live }, others: { ...others, ...live } };
    });
    const onError = (reason: unknown): void =>
      app.log.warn({ name, reason }, 'the server could not read the catalogue');
    const feedFor = (reader: Reader): LiveFeed<LiveOverview> =>
      new LiveFeed({ read: async () => (await read())[reader], everyMs: LIVE_EVERY_MS, onError });
    const feeds = { operators: feedFor('operators'), others: feedFor('others') };
    return { workspace, longWorkspace, read, feeds };
  }

  /** Makes the next request open the collection again, with its new rules. Open pages reconnect. */
  async #reopen(name: string, feeds: OpenCollection['feeds']): Promise<void> {
    if ((await this.#opened.get(name))?.feeds === feeds) this.#opened.delete(name);
    for (const feed of Object.values(feeds)) feed.close();
  }

  async #collection(name: string): Promise<Collection> {
    const { named } = this.#options;
    if (named?.name === name) return named;
    const file = (await listCollections()).find((known) => known.name === name);
    if (file !== undefined) return (await usableCollection(file.file)).collection;
    const stored = await collectionFromCatalogue(this.#options.app, name);
    if (stored !== null) return stored;
    const known = (await this.names()).map((one) => one.name).join(', ');
    throw new UsageError(
      `There is no file of a collection '${name.slice(0, 80)}', and the catalogue has no text of it. Known collections: ${known}. \`winnow collection init NAME\` makes a new one.`,
      { code: UNKNOWN_COLLECTION },
    );
  }

  async #card(name: string, isKnown: boolean, reader: Reader): Promise<CollectionCard> {
    const none = { name, problem: null, funnel: null, photos: [], working: [] };
    try {
      if (!isKnown) {
        await this.#collection(name);
        return none;
      }
      const { mode, classes, totals, confusions, rates } = (await (await this.open(name)).read())[reader];
      const working = Object.entries(rates).flatMap(([stage, { perSecond }]) => ((perSecond ?? 0) > 0 ? [stage] : []));
      const photos = confusions.flatMap(({ photo }) => photo ?? []).slice(0, 4);
      const funnel = { mode, classes: classes.length, stages: stagesOf(totals) };
      return { ...none, funnel, photos, working };
    } catch (error) {
      const isForgotten = codeOf(error) === COLLECTION_FORGOTTEN;
      return {
        ...none,
        problem: isForgotten ? 'It was forgotten. Start the server again to use it.' : messageOf(error),
      };
    }
  }

  async #readOpened(): Promise<void> {
    for (const opened of this.#opened.values()) await opened.then(({ read }) => read()).catch(() => undefined);
  }
}
