import type { Collection } from '../../collection/collection.ts';
import type { Config } from '../../config/settings.ts';
import { UsageError } from '../../kernel/errors.ts';
import type { Wnid } from '../../kernel/ids.ts';
import { duckduckgoSource, IGNORE_ROBOTS_NOTICE, IGNORE_ROBOTS_SETTING } from '../sources/duckduckgo/duckduckgo.ts';
import { flickrSource } from '../sources/flickr/flickr.ts';
import { InaturalistSource } from '../sources/inaturalist/inaturalist-source.ts';
import type { NetworkSource, WantedClass } from '../sources/network-source.ts';
import type { NetworkSourceName } from '../../collection/source-names.ts';
import { addressOf, userAgentOf } from '../network/http.process.ts';

export interface ReadySource {
  readonly source: NetworkSource;
  /** host:port of its endpoint in the settings. Requests to it may go to a private address. */
  readonly endpoint: string;
}

/** A network source of this run, and the classes to search for. */
export interface NetworkDiscovery {
  readonly ready: ReadySource;
  readonly classes: ReadonlyMap<Wnid, WantedClass>;
}

/**
 * Creates a source that can be queried.
 *
 * @throws UsageError before any work if a key or a consent that the source needs is missing
 */
export function readySource(name: NetworkSourceName, config: Config, { licences }: Collection): ReadySource {
  const { inaturalist, flickr, duckduckgo } = config.sources;
  switch (name) {
    case 'inaturalist':
      return { source: new InaturalistSource({ ...inaturalist, licences }), endpoint: addressOf(inaturalist.url) };
    case 'flickr':
      return {
        source: flickrSource({ ...flickr, apiKey: flickrKey(config), licences }),
        endpoint: addressOf(flickr.url),
      };
    case 'duckduckgo':
      if (!duckduckgo.ignoreRobots) {
        throw new UsageError(`${IGNORE_ROBOTS_NOTICE} If you may do this, add --set ${IGNORE_ROBOTS_SETTING}=true.`, {
          code: 'duckduckgo-robots',
        });
      }
      return {
        source: duckduckgoSource({ ...duckduckgo, userAgent: userAgentOf(config) }),
        endpoint: addressOf(duckduckgo.url),
      };
    default:
      return name satisfies never;
  }
}

function flickrKey({ sources }: Config): string {
  if (sources.flickr.apiKey !== null) return sources.flickr.apiKey;
  throw new UsageError(
    'The source flickr needs a key. Set sources.flickr.apiKey or FLICKR_API_KEY. Pro accounts create keys at flickr.com/services/apps/create.',
    { code: 'flickr-key-missing' },
  );
}
