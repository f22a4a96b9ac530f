import { commons } from './commons.ts';
import { duckduckgo } from './duckduckgo.ts';
import { flickr } from './flickr.ts';
import { inaturalist } from './inaturalist.ts';
import { inaturalistOpenData } from './open-data.ts';
import { defineSource, type Source } from './source.ts';

const urls = defineSource({
  name: 'urls',
  key: 'urls',
  isSearched: false,
  title: 'a list of addresses',
  from: { what: 'FILE, the list of URLs', flags: '--from FILE', hint: 'FILE lists the addresses of photos.' },
  settings: {},
});

const folder = defineSource({
  name: 'folder',
  key: 'folder',
  isSearched: false,
  title: 'a folder of files',
  from: {
    what: 'DIR, the folder of photos',
    flags: '--from DIR',
    hint: 'DIR is a folder with a sub-folder of photos for each class, or with a labels.csv.',
  },
  settings: {},
});

/** All sources, in the order in which they are listed. Names, limits, advice and sentences follow from this list. */
export const SOURCES = [inaturalist, inaturalistOpenData, commons, flickr, duckduckgo, urls, folder] as const;

export const SETTINGS_OF_SOURCES = {
  ...inaturalist.settings,
  ...inaturalistOpenData.settings,
  ...commons.settings,
  ...flickr.settings,
  ...duckduckgo.settings,
};

type AnySource = (typeof SOURCES)[number];
export type SourceName = AnySource['name'];
export type NetworkSourceName = Extract<AnySource, { readonly isSearched: true }>['name'];

export const SOURCE_NAMES: readonly SourceName[] = SOURCES.map(({ name }) => name);

/** Sources whose photos the curator gives. The photos of all others keep what their site says. */
export const GIVEN_SOURCES = SOURCES.flatMap(({ name, from }) => (from === null ? [] : [name]));
export const NETWORK_SOURCES: readonly NetworkSourceName[] = SOURCES.flatMap((source) =>
  source.isSearched ? [source.name] : [],
);

const BY_NAME = new Map<string, Source>(SOURCES.map((source) => [source.name, source]));

/** Finds a source by its name, which may come from an export of another version. */
export function sourceOf(name: SourceName): Source;
export function sourceOf(name: string): Source | undefined;
export function sourceOf(name: string): Source | undefined {
  return BY_NAME.get(name);
}
