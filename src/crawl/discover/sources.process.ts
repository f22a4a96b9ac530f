import type { Collection } from '../../collection/collection.ts';
import type { Config } from '../../config/settings.ts';
import { sourceOf, type NetworkSourceName } from '../../config/sources/sources.ts';
import type { Wnid } from '../../kernel/ids.ts';
import { addressOf, userAgentOf } from '../network/http.process.ts';
import type { NetworkSource, WantedClass } from '../sources/network-source.ts';
import { SEARCHES } from '../sources/searches.ts';

export interface ReadySource {
  readonly source: NetworkSource;
  /** host:port of its endpoint in the settings. Requests to it may go to a private address. */
  readonly endpoint: string;
}

export interface NetworkDiscovery {
  readonly ready: ReadySource;
  readonly classes: ReadonlyMap<Wnid, WantedClass>;
}

/** @throws UsageError before any work if a key or a consent that the source needs is missing */
export function readySource(name: NetworkSourceName, config: Config, { licences }: Collection): ReadySource {
  const missing = sourceOf(name).missing(config.sources);
  if (missing !== null) throw missing;
  const source = SEARCHES[name].open(config.sources, { licences, userAgent: userAgentOf(config) });
  return { source, endpoint: addressOf(config.sources[name].url) };
}
