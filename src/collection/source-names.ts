/** The sources of candidates, in the order in which they are listed. */
export const SOURCE_NAMES = ['inaturalist', 'inaturalist-open-data', 'flickr', 'duckduckgo', 'urls', 'folder'] as const;
export type SourceName = (typeof SOURCE_NAMES)[number];

/** Sources that are searched with queries. */
export const NETWORK_SOURCES = ['inaturalist', 'flickr', 'duckduckgo'] as const;
export type NetworkSourceName = (typeof NETWORK_SOURCES)[number];
