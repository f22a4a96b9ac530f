import type { SourceLimits } from '../../config/sources/source.ts';
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
  const { requestsPerMinute = null, requestsPerDay = null } = sources[source] ?? {};
  return [{ key: apiKeyOf(source), limits: { ...NONE, requestsPerMinute, requestsPerDay }, minSpacingMs: 0 }];
}

/** Requests that may be in flight at the same time, in all processes. */
export interface SlotGroup {
  readonly name: string;
  readonly count: number;
}

export function apiSlots(source: string, { sources }: PolitenessSettings): SlotGroup | null {
  const count = sources[source]?.connections ?? null;
  return count === null ? null : { name: apiKeyOf(source), count };
}

/** How a site wants requests to the hosts of its pictures to be made, beyond permits. */
export interface MediaRule {
  /** The key that a Retry-After holds: the host, or all hosts of the site. */
  readonly key: string;
  readonly slots: SlotGroup | null;
  readonly pauseAfterErrorMs: number | null;
}

export function mediaRule(
  { url, source }: Pick<MediaRequest, 'url' | 'source'>,
  settings: PolitenessSettings,
): MediaRule {
  const payer = ownerOf(hostOf(url), source, settings) ?? source;
  const { mediaConnections: count = null, pauseAfterErrorMs = null } = settings.sources[payer] ?? {};
  const key = count === null ? `host:${hostOf(url)}` : `media:${payer}`;
  return { key, slots: count === null ? null : { name: key, count }, pauseAfterErrorMs };
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
 * source `inaturalist-open-data`, so iNaturalist's budget is not charged for it.
 */
export function mediaPermits(request: MediaRequest, settings: PolitenessSettings): PermitKey[] {
  const host = hostOf(request.url);
  const owner = ownerOf(host, request.source, settings);
  const perMinute = owner === undefined ? null : (settings.sources[owner]?.mediaRequestsPerMinute ?? null);
  const payer = owner ?? request.source;
  const own = settings.sources[payer];
  const isShared = own !== undefined && own.mediaConnections !== null;
  const requestsPerMinute = isShared ? null : (perMinute ?? settings.requestsPerMinutePerHost);
  const limits = own === undefined ? NONE : siteLimits(own);
  const permits = [{ key: `host:${host}`, limits: { ...NONE, requestsPerMinute }, minSpacingMs: request.crawlDelayMs }];
  const isLimited = isShared || limits.bytesPerHour !== null || limits.bytesPerDay !== null;
  return isLimited ? [...permits, { key: `media:${payer}`, limits, minSpacingMs: 0 }] : permits;
}

/** Limits of all pictures of a site together. */
function siteLimits(own: SourceLimits): Limits {
  const requestsPerMinute = own.mediaConnections === null ? null : own.mediaRequestsPerMinute;
  return { ...NONE, requestsPerMinute, bytesPerHour: own.mediaBytesPerHour, bytesPerDay: own.mediaBytesPerDay };
}

/** A used key with the limits of the current settings. Null if the settings have no limits for its kind. */
export function permitOfKey(key: string, settings: PolitenessSettings): PermitKey | null {
  const [, kind, name = ''] = /^(source|host|media):(.+)$/.exec(key) ?? [];
  if (kind === 'source') return apiPermits(name, settings)[0] ?? null;
  if (kind === 'media')
    return mediaPermits({ url: 'http://nowhere.invalid', source: name, crawlDelayMs: 0 }, settings)[1] ?? null;
  if (kind !== 'host' || URL.parse(`http://${name}`) === null) return null;
  return mediaPermits({ url: `http://${name}`, source: '', crawlDelayMs: 0 }, settings)[0] ?? null;
}

/** The source that owns a host. If several do, the picture's own source. */
function ownerOf(host: string, source: string, { sources }: PolitenessSettings): string | undefined {
  const owners = Object.keys(sources).filter((name) => sources[name]?.mediaHosts.some((own) => isWithin(host, own)));
  return owners.includes(source) ? source : owners[0];
}

const isWithin = (host: string, domain: string): boolean => host === domain || host.endsWith(`.${domain}`);

/** The host in lower case, with the port if it is not the scheme's default, without the final dot of a fully qualified name. */
function hostOf(url: string): string {
  return new URL(url).host.replace(/\.(?=:|$)/, '');
}
