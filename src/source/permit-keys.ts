import type { Limits, PermitKey } from './politeness.ts';

/**
 * Which permits a request needs, by whom it is sent to: a source's API, or the host of a picture and, where the site
 * limits pictures as a whole, its budget of bytes.
 */

/** A source's part of the settings; null: no limit. */
export interface SourceLimits {
  readonly requestsPerMinute: number | null;
  readonly requestsPerDay: number | null;
  /** Hosts (`host` or `host:port`) that serve this source's pictures, with everything below them; may be empty. */
  readonly mediaHosts: readonly string[];
  /** To each of these hosts. Null: as for any other host. */
  readonly mediaRequestsPerMinute: number | null;
  readonly mediaBytesPerHour: number | null;
  readonly mediaBytesPerDay: number | null;
}

export interface PolitenessSettings {
  /** By the source's name as in `SOURCE_NAMES`. */
  readonly sources: Readonly<Record<string, SourceLimits>>;
  /** To any host that is no source's own; null: no limit. */
  readonly requestsPerMinutePerHost: number | null;
}

const NONE: Limits = { requestsPerMinute: null, requestsPerDay: null, bytesPerHour: null, bytesPerDay: null };

/** The key that a source's own endpoint is counted, held and tripped under. */
export const apiKeyOf = (source: string): string => `source:${source}`;

/** The key that one host is counted and held under. */
export const hostKeyOf = (url: string): string => `host:${hostOf(url)}`;

/** What a request to a source's own endpoint needs. */
export function apiPermits(source: string, { sources }: PolitenessSettings): PermitKey[] {
  const { requestsPerMinute = null, requestsPerDay = null } = sources[source] ?? {};
  return [{ key: apiKeyOf(source), limits: { ...NONE, requestsPerMinute, requestsPerDay }, minSpacingMs: 0 }];
}

export interface MediaRequest {
  /** Of the picture, or of its host's robots.txt; each hop of a redirect is a request of its own. */
  readonly url: string;
  /** The source that named the picture. */
  readonly source: string;
  /** What the host's robots.txt asks for, 0 for nothing. */
  readonly crawlDelayMs: number;
}

/**
 * What a request for a picture needs. A site's budget of bytes is charged for its hosts, whichever source named the
 * picture, and for its own pictures on hosts that no other source owns: iNaturalist says that the host of a photo may
 * change over time. Its open-data bucket is the source `inaturalist-open-data`'s host, which is how its pictures stay
 * off iNaturalist's budget.
 */
export function mediaPermits(request: MediaRequest, settings: PolitenessSettings): PermitKey[] {
  const host = hostOf(request.url);
  const owner = ownerOf(host, request.source, settings);
  const perMinute = owner === undefined ? null : (settings.sources[owner]?.mediaRequestsPerMinute ?? null);
  const requestsPerMinute = perMinute ?? settings.requestsPerMinutePerHost;
  const permits: PermitKey[] = [
    { key: `host:${host}`, limits: { ...NONE, requestsPerMinute }, minSpacingMs: request.crawlDelayMs },
  ];
  const payer = owner ?? request.source;
  const { mediaBytesPerHour = null, mediaBytesPerDay = null } = settings.sources[payer] ?? {};
  if (mediaBytesPerHour !== null || mediaBytesPerDay !== null) {
    const limits = { ...NONE, bytesPerHour: mediaBytesPerHour, bytesPerDay: mediaBytesPerDay };
    permits.push({ key: `media:${payer}`, limits, minSpacingMs: 0 });
  }
  return permits;
}

/** A key that was used, with the limits that the settings give it now; null if they know none of its kind. */
export function permitOfKey(key: string, settings: PolitenessSettings): PermitKey | null {
  const [, kind, name = ''] = /^(source|host|media):(.+)$/.exec(key) ?? [];
  if (kind === 'source') return apiPermits(name, settings)[0] ?? null;
  if (kind === 'media')
    return mediaPermits({ url: 'http://nowhere.invalid', source: name, crawlDelayMs: 0 }, settings)[1] ?? null;
  if (kind !== 'host' || URL.parse(`http://${name}`) === null) return null;
  return mediaPermits({ url: `http://${name}`, source: '', crawlDelayMs: 0 }, settings)[0] ?? null;
}

/** The source whose host this is: the picture's own if it has the host too. */
function ownerOf(host: string, source: string, { sources }: PolitenessSettings): string | undefined {
  const owners = Object.keys(sources).filter((name) => sources[name]?.mediaHosts.some((own) => isWithin(host, own)));
  return owners.includes(source) ? source : owners[0];
}

const isWithin = (host: string, domain: string): boolean => host === domain || host.endsWith(`.${domain}`);

/** Lower case, with the port if it is not the scheme's own, without the dot of a fully qualified name. */
function hostOf(url: string): string {
  return new URL(url).host.replace(/\.(?=:|$)/, '');
}
