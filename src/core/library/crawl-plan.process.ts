import path from 'node:path';
import { withStatedRights, type StatedRights } from '../crawl/candidates/stated-rights.ts';
import { givenLicence, UNKNOWN_LICENCE } from '../collection/licence.ts';
import type { DumpSource, ListedSource, WalkedSource } from '../crawl/discover/crawl-walk.process.ts';
import { openDataDryRun } from '../crawl/discover/dry-run.process.ts';
import { openDump } from '../crawl/discover/open-dump.process.ts';
import { readyOwnSource, readySource, type NetworkDiscovery } from '../crawl/discover/discover-stage.process.ts';
import { userAgentOf } from '../crawl/network/http.process.ts';
import { parseQueries, type QueryLine } from '../crawl/candidates/wanted-class.ts';
import { loadClassTable } from '../collection/class-table.process.ts';
import type { Collection } from '../collection/collection.ts';
import type { SourceModule } from '../collection/source-module.ts';
import {
  NETWORK_SOURCES,
  SOURCE_NAMES,
  sourceOf,
  type NetworkSourceName,
  type SourceName,
} from '../config/sources/sources.ts';
import { didYouMean } from '../tools/nearest.ts';
import type { Config } from '../config/settings.ts';
import { systemClock } from '../kernel/clock.ts';
import { UsageError } from '../kernel/errors.ts';
import { checkFolder, discoverFolder } from '../crawl/sources/folder/discover-folder.process.ts';
import type { WantedClass } from '../crawl/sources/network-source.ts';
import { loadSource } from '../crawl/sources/own/load-source.process.ts';
import type { OwnSource } from '../crawl/sources/own/own-source.ts';
import { discoverOpenData } from '../crawl/sources/open-data/discover-open-data.process.ts';
import { checkUrlListFile, discoverUrlListFile } from '../crawl/sources/url-list/discover-url-list.process.ts';
import { countOf } from '../kernel/texts.ts';
import type { CrawlOptions } from './options.ts';
import { wantedWnids } from './wanted.process.ts';

export interface CrawlPlan {
  readonly walks: readonly WalkedSource[];
  readonly network: readonly NetworkDiscovery[];
  /** Remarks of the walks over a dump on their classes, added once the walks have started. */
  readonly walked: readonly ClassRemark[];
}

/** Remarks on one class at one source, known once its queries are planned. */
export interface ClassRemark {
  readonly source: string;
  readonly wnid: string;
  readonly problems: readonly string[];
  readonly notes: readonly string[];
  readonly isSearched: boolean;
  readonly hasLine: boolean;
}

export interface CrawlRequest {
  readonly sources: readonly string[];
  readonly from: string | undefined;
  /** The classes (in mode O: concepts) to search for; null if any concept will do. */
  readonly wnids: readonly string[] | null;
  /** The classes that the user named; null or absent if the user named none. */
  readonly named?: readonly string[] | null;
  /** True: reads from EXIF when the photos of a folder were taken. */
  readonly readsExif?: boolean;
  readonly signal: AbortSignal;
}

/** @throws UsageError for an unknown source, or one that lacks its key, contact, consent, folder or file */
export async function planCrawl(collection: Collection, config: Config, request: CrawlRequest): Promise<CrawlPlan> {
  const names = [...new Set(request.sources)];
  const known = names.flatMap((name) => SOURCE_NAMES.find((one) => one === name) ?? []);
  const others = names.filter((name) => !known.some((one) => one === name));
  const own = await ownSourcesOf(others, collection.modules);
  // A crawl of a network source must say who runs it. This is checked before anything else.
  if (names.some((name) => name !== 'folder')) userAgentOf(config);
  const lines = queryLines(collection);
  const walks: WalkedSource[] = [];
  const network: NetworkDiscovery[] = [];
  const walked: ClassRemark[] = [];
  const { wnids, named = null, readsExif = false, signal } = request;
  for (const source of own) {
    const classes = await wantedClasses(collection, { lines, source: source.name, wnids });
    network.push({ ready: readyOwnSource(source), classes });
  }
  for (const name of known) {
    const { line, from } = sourceOf(name);
    const classes = line === null ? NO_CLASSES : await wantedClasses(collection, { lines, source: line, wnids });
    if (isNetworkSource(name)) network.push({ ready: readySource(name, config, collection), classes });
    else {
      const given =
        from === null
          ? ''
          : needed(request.from ?? (name === 'folder' ? collection.folder?.from : undefined), from.what, name);
      walks.push(await WALKS[name]({ collection, config, classes, named, walked, from: given, readsExif, signal }));
    }
  }
  return { walks, network, walked };
}

/** Without sources: `folder` if a folder is given, otherwise those of the collection. */
export function planOf(
  collection: Collection,
  config: Config,
  { source, from, class: classLabels, dates, signal }: CrawlOptions & { readonly signal: AbortSignal },
): Promise<CrawlPlan> {
  const sources =
    source ??
    (from === undefined ? [...collection.sources, ...collection.modules.map((module) => module.path)] : ['folder']);
  const wnids = wantedWnids(collection, classLabels);
  const named = classLabels === undefined ? null : wnids;
  return planCrawl(collection, config, { sources, from, wnids, named, readsExif: dates === 'exif', signal });
}

const NO_CLASSES: ReadonlyMap<string, WantedClass> = new Map();

interface WalkRequest {
  readonly collection: Collection;
  readonly config: Config;
  readonly from: string;
  readonly classes: ReadonlyMap<string, WantedClass>;
  readonly named: readonly string[] | null;
  readonly walked: ClassRemark[];
  readonly readsExif: boolean;
  readonly signal: AbortSignal;
}

const WALKS: Readonly<Record<Exclude<SourceName, NetworkSourceName>, (request: WalkRequest) => Promise<WalkedSource>>> =
  {
    'inaturalist-open-data': (request) => Promise.resolve(openDataWalk(request)),
    urls: urlListWalk,
    folder: folderWalk,
  };

const isOf = ({ name, path: file }: SourceModule, given: string): boolean => given === name || given === file;

const loadAll = (modules: readonly SourceModule[]): Promise<OwnSource[]> =>
  Promise.all(modules.map((module) => loadSource(module.path)));

/** @param given names, or paths of the collection's files. Other files are run only if these do not have the names. */
async function ownSourcesOf(given: readonly string[], modules: Collection['modules']): Promise<OwnSource[]> {
  if (given.length === 0) return [];
  const isGiven = (module: SourceModule): boolean => given.some((one) => isOf(module, one));
  const likely = await loadAll(modules.filter(isGiven));
  const isFound = given.every((one) => likely.some((source) => isOf(source, one)));
  const own = isFound ? likely : await loadAll(modules);
  const unknown = given.find((one) => !own.some((source) => isOf(source, one)));
  if (unknown !== undefined) {
    const names = [...SOURCE_NAMES, ...own.map(({ name }) => name)];
    throw new UsageError(
      `Expected sources out of ${names.join(', ')} for --source but received '${unknown}'.${didYouMean(unknown, names)}`,
      { code: 'unknown-source' },
    );
  }
  return own.filter(isGiven);
}

function isNetworkSource(name: SourceName): name is NetworkSourceName {
  return NETWORK_SOURCES.some((one) => one === name);
}

function needed(from: string | undefined, what: string, source: SourceName): string {
  if (from !== undefined) return from;
  throw new UsageError(`Expected --from ${what}, for --source ${source} but it is missing`, { code: 'from-missing' });
}

async function folderWalk({
  from,
  collection,
  config,
  readsExif,
  signal: crawlSignal,
}: WalkRequest): Promise<ListedSource> {
  await checkFolder(from, crawlSignal);
  const { maxBytes } = config.fetch;
  const stated = statedRights(collection, from);
  return {
    source: 'folder',
    retryFailed: true,
    async *photos({ signal, onIgnored }) {
      for await (const photo of discoverFolder(from, { signal, maxBytes, readsExif, onIgnored }))
        yield stated === null ? photo : withStatedRights(photo, stated);
    },
  };
}

/** The rights that a collection file states of the photos of this folder. @throws UsageError `unknown-licence` */
function statedRights({ folder, name }: Collection, from: string): StatedRights | null {
  if (folder === null || folder.licence === null || path.resolve(folder.from) !== path.resolve(from)) return null;
  const { id } = givenLicence(folder.licence, `'folder.licence' of the collection '${name}'`);
  return id === UNKNOWN_LICENCE ? null : { ...folder, licence: id };
}

async function urlListWalk({ from, named }: WalkRequest): Promise<ListedSource> {
  const label = named?.length === 1 ? named[0] : undefined;
  await checkUrlListFile(from, { label });
  return {
    source: 'urls',
    retryFailed: false,
    async *photos({ signal, onNote }) {
      const told: string[] = [];
      let unusable = 0;
      for await (const photo of discoverUrlListFile(from, { signal, label })) {
        if (photo.problem !== null && ++unusable <= ROWS_TOLD) told.push(photo.problem.detail);
        yield photo;
      }
      if (unusable === 0) return;
      const more = unusable > ROWS_TOLD ? '; and so on (winnow candidates lists all)' : '';
      onNote(`${countOf(unusable, 'row')} cannot be used: ${told.join('; ')}${more}`);
    },
  };
}

const ROWS_TOLD = 5;

const OPEN_DATA = 'inaturalist-open-data';

function openDataWalk({ collection, config, classes, walked }: WalkRequest): DumpSource {
  const { inaturalist, inaturalistOpenData } = config.sources;
  return {
    source: OPEN_DATA,
    retryFailed: false,
    preview: (signal) => openDataDryRun(config, { source: OPEN_DATA, classes: [...classes.values()] }, signal),
    async *photos(options, app) {
      const dump = openDump(config, inaturalistOpenData.url, options.signal);
      try {
        yield* discoverOpenData(
          { db: app.db, clock: systemClock, open: dump.open, identify: dump.identify },
          {
            ...options,
            collection: collection.name,
            classes: [...classes.values()],
            rules: JSON.stringify([collection.licences]),
            photoSize: inaturalist.photoSize,
            mediaUrl: inaturalistOpenData.mediaUrl,
            qualityGrade: inaturalist.qualityGrade,
            onProgress: ({ file, rows, wanted }) => app.log.info({ file, rows, wanted }, 'reading the dump'),
            onPlanned: ({ wnid, problems, notes, titles }) => {
              const hasLine = classes.get(wnid)?.entry !== undefined;
              walked.push({ source: OPEN_DATA, wnid, problems, notes, isSearched: titles.length > 0, hasLine });
            },
          },
        );
      } finally {
        dump.close();
      }
    },
  };
}

export function queryLines({ queries }: Collection): ReadonlyMap<string, QueryLine> {
  return queries === null ? new Map() : parseQueries(queries.text, queries.from);
}

async function wantedClasses(
  { subjects, name: collection }: Collection,
  { lines, source, wnids }: { lines: ReadonlyMap<string, QueryLine>; source: string; wnids: CrawlRequest['wnids'] },
): Promise<Map<string, WantedClass>> {
  if (wnids === null) {
    throw new UsageError(
      `Collection '${collection}' takes any concept, so '${source}' cannot be searched: list concepts under 'concepts' in its file, or name one with --class`,
      { code: 'concepts-missing' },
    );
  }
  const table = await loadClassTable();
  return new Map(
    wnids.map((wnid) => {
      const name = subjects.nameOf(wnid);
      const scientificName = table.byWnid.get(wnid)?.scientificName ?? null;
      return [wnid, { wnid, name, scientificName, entry: lines.get(wnid)?.[source] }];
    }),
  );
}
