import { NO_LIMITS, type SourceLimits } from '../../config/sources/source.ts';
import type { Limits, PermitKey } from './politeness.ts';

/** Decides which permits a request needs: that of a source's API, or that of a picture's host and its site's budget of bytes. */

export interface PolitenessSettings {
  /** By the source's name in `SOURCE_NAMES`. */
  readonly sources: Readonly<Record<string, SourceLimits>>;
  /** Limit for a host that belongs to no source. Null for no limit. */
  readonly requestsPerMinutePerHost: number | null;
}

const NONE: Limits = { requestsPerMinute: null, requestsPerDay: null, bytesPerHour: null, bytesPerDay: null };

export const apiKeyOf = (source: string): string => `source:${source}`;

export function apiPermits(source: string, { sources }: PolitenessSettings): PermitKey[] {
  const { requestsPerMinute, requestsPerDay, connections } = sources[source] ?? NO_LIMITS;
  const limits = { ...NONE, requestsPerMinute, requestsPerDay };
  return [{ key: apiKeyOf(source), limits, minSpacingMs: 0, connections }];
}

export interface MediaRequest {
  /** URL of the picture, or of its host's robots.txt. Each hop of a redirect is a separate request. */
  readonly url: string;
  readonly source: string;
  /** The Crawl-delay of the host's robots.txt. 0: none. */
  readonly crawlDelayMs: number;
}

/**
 * A site's budget of bytes is charged for its own hosts, whichever source named the picture, and for its pictures on hosts that
 * no other source owns, because iNaturalist says that the host of a photo may change. The open-data bucket is a host of the
 * source `inaturalist-open-data`, so iNaturalist's budget is not charged for it. The first key is the one that a Retry-After
 * holds: the host, or all hosts of a site that counts them together.
 */
export function mediaPermits(request: MediaRequest, settings: PolitenessSettings): [PermitKey, ...PermitKey[]] {
  const host = hostOf(request.url);
  const owner = ownerOf(host, request.source, settings);
  const payer = owner ?? request.source;
  const site = settings.sources[payer] ?? NO_LIMITS;
  const minSpacingMs = request.crawlDelayMs;
  const bytes = { ...NONE, bytesPerHour: site.mediaBytesPerHour, bytesPerDay: site.mediaBytesPerDay };
  const all = { key: `media:${payer}`, limits: bytes, minSpacingMs: 0 };
  if (site.mediaConnections !== null) {
    const { mediaRequestsPerMinute: requestsPerMinute, mediaConnections: connections, pauseAfterErrorMs } = site;
    return [{ ...all, limits: { ...bytes, requestsPerMinute }, minSpacingMs, connections, pauseAfterErrorMs }];
  }
  const perMinute = owner === undefined ? null : site.mediaRequestsPerMinute;
  const requestsPerMinute = perMinute ?? settings.requestsPerMinutePerHost;
  const own = { key: `host:${host}`, limits: { ...NONE, requestsPerMinute }, minSpacingMs };
  return bytes.bytesPerHour === null && bytes.bytesPerDay === null ? [own] : [own, all];
}

const NOWHERE: MediaRequest = { url: 'http://nowhere.invalid', source: '', crawlDelayMs: 0 };

/** A used key with the limits of the current settings. Null if the settings have no limits for its kind. */
export function permitOfKey(key: string, settings: PolitenessSettings): PermitKey | null {
  const [, kind, name = ''] = /^(source|host|media):(.+)$/.exec(key) ?? [];
  if (kind === 'source') return apiPermits(name, settings)[0] ?? null;
  if (kind === 'media')
    return mediaPermits({ ...NOWHERE, source: name }, settings).find((permit) => permit.key === key) ?? null;
  if (kind !== 'host' || URL.parse(`http://${name}`) === null) return null;
  return mediaPermits({ ...NOWHERE, url: `http://${name}` }, settings)[0];
}

/** The source that owns a host. If several do, the picture's own source. */
function ownerOf(host: string, source: string, { sources }: PolitenessSettings): string | undefined {
  const owners = Object.keys(sources).filter((name) => sources[name]?.mediaHosts.some((own) => isWithin(host, own)));
  return owners.includes(source) ? source : owners[0];
}

export const isWithin = (host: string, domain: string): boolean => host === domain || host.endsWith(`.${domain}`);

/** The host in lower case, with the port if it is not the scheme's default, without the final dot of a fully qualified name. */
export function hostOf(url: string): string {
  return new URL(url).host.replace(/\.(?=:|$)/, '');
}
