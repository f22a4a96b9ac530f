import { createHash } from 'node:crypto';
import type { WaitingPicture } from '../candidate/candidate.repository.ts';
import { systemClock } from '../kernel/clock.ts';
import type { PictureRead } from '../photo/fetch.process.ts';
import { download, type DownloadResult, type ResponseHead } from '../platform/http/download.ts';
import type { HttpClient } from '../platform/http/http-client.ts';
import { requestText } from '../platform/http/request-text.ts';
import { FLICKR_PLACEHOLDER_BYTES, isFlickrPlaceholder } from '../source/flickr/placeholder.ts';
import { problemOf, type HttpFailure, type Refusal } from '../source/http-outcome.ts';
import { hostKeyOf, type PolitenessSettings } from '../source/permit-keys.ts';
import { holdKey } from '../source/permit-pause.repository.ts';
import { settlePermit, type Permit } from '../source/permit.repository.ts';
import { retryDelayMs } from '../source/retry-policy.ts';
import type { RobotsAnswer } from '../source/robots.ts';
import { optOutOf } from '../source/x-robots-tag.ts';
import type { App } from './app.ts';
import { httpLimits, openHttp, ROBOTS_AGENT } from './http.ts';
import { mediaKeys, permitSoon, politenessOf } from './politeness.ts';
import { RobotsGate, ROBOTS_LIMIT_BYTES } from './robots-gate.ts';

/** A permit that is due sooner is waited for; later, the lane gives its place to others. */
const PATIENCE_MS = 2_000;
/** Set aside of a site's budget of bytes until it is known how many came. */
const RESERVED_BYTES = 2_000_000;

/** The host cannot be asked now. */
class HostWaits extends Error {
  readonly waitMs: number;
  constructor(waitMs: number, why: string) {
    super(why);
    this.waitMs = waitMs;
  }
}

export interface NetworkPictures {
  read(picture: WaitingPicture): Promise<PictureRead>;
  close(): void;
}

/**
 * Fetches pictures from the hosts that sources named: permits and robots.txt before each request, also of a redirect;
 * opt-outs in the headers before the body; then the bytes, within all limits.
 */
export function openNetworkPictures(app: App, signal: AbortSignal): NetworkPictures {
  const reader = new NetworkReader(app, signal);
  return { read: (picture) => reader.read(picture), close: () => reader.close() };
}

class NetworkReader {
  readonly #app: App;
  readonly #signal: AbortSignal;
  readonly #client: HttpClient;
  /** Of its own: pictures hold all connections to a host while they wait for its robots.txt. */
  readonly #robotsClient: HttpClient;
  readonly #politeness: PolitenessSettings;
  readonly #robots: RobotsGate;

  constructor(app: App, signal: AbortSignal) {
    this.#app = app;
    this.#signal = signal;
    this.#client = openHttp(app.config);
    this.#robotsClient = openHttp(app.config);
    this.#politeness = politenessOf(app.config);
    this.#robots = new RobotsGate({
      db: app.db,
      nowMs: () => systemClock.nowMs(),
      signal,
      fetchFile: (url) => this.#fetchRobots(url),
    });
  }

  close(): void {
    this.#client.close();
    this.#robotsClient.close();
  }

  async read(picture: WaitingPicture): Promise<PictureRead> {
    const permits: Permit[] = [];
    try {
      const result = await download({ url: picture.url }, httpLimits(this.#app.config), {
        client: this.#client,
        signal: this.#signal,
        beforeRequest: async (url) => this.#before(url, { source: picture.source, permits }),
        onHeaders: optOut,
      });
      await this.#settle(permits, result.receivedBytes);
      return result.ok ? received(result) : await this.#refused(picture, result);
    } catch (error) {
      await this.#settle(permits, 0);
      if (error instanceof HostWaits) return { kind: 'host-waits', waitMs: error.waitMs, why: error.message };
      if (this.#signal.aborted) return { kind: 'host-waits', waitMs: 0, why: 'interrupted' };
      throw error;
    }
  }

  async #before(url: URL, { source, permits }: { source: string; permits: Permit[] }): Promise<Refusal | null> {
    if (this.#isOwnServer(url)) return null;
    const pass = await this.#robots.pass(url.href);
    if (pass.kind === 'disallow') return { reason: 'robots-disallowed', detail: pass.rule };
    if (pass.kind === 'wait') throw new HostWaits(pass.waitMs, `${url.host} does not answer for its robots.txt`);
    permits.push(await this.#permit(url.href, { source, crawlDelayMs: pass.crawlDelayMs }));
    return null;
  }

  async #permit(url: string, { source, crawlDelayMs }: { source: string; crawlDelayMs: number }): Promise<Permit> {
    const keys = mediaKeys({ url, source, crawlDelayMs }, this.#politeness);
    const options = { signal: this.#signal, patienceMs: PATIENCE_MS, reserveBytes: RESERVED_BYTES };
    const answer = await permitSoon(this.#app.db, keys, options);
    if ('permit' in answer) return answer.permit;
    throw new HostWaits(answer.waitMs, answer.why);
  }

  /** Politeness can be switched off only for servers that are named as one's own. */
  #isOwnServer(url: URL): boolean {
    const { polite, allowAddresses } = this.#app.config.fetch;
    const port = url.port === '' ? (url.protocol === 'https:' ? '443' : '80') : url.port;
    return (
      !polite && (allowAddresses.includes(`${url.hostname}:${port}`) || allowAddresses.includes(`${url.hostname}:*`))
    );
  }

  async #settle(permits: readonly Permit[], bytes: number): Promise<void> {
    // Redirects bring next to nothing: the bytes are the last host's.
    for (const [i, permit] of permits.entries())
      await settlePermit(this.#app.db, permit, i === permits.length - 1 ? bytes : 0);
  }

  async #refused(picture: WaitingPicture, failure: HttpFailure): Promise<PictureRead> {
    const { reason, status, retryAfterMs, detail, finalUrl } = failure;
    if (reason === 'rate-limited' || (retryAfterMs !== null && status === 503)) {
      const forMs = retryAfterMs ?? RATE_LIMITED_PAUSE_MS;
      await holdKey(this.#app.db, hostKeyOf(finalUrl ?? picture.url), { forMs, why: detail });
    }
    const attempt = picture.attempts + 1;
    const delayMs = retryDelayMs({ reason, status, attempt, retryAfterMs, random: Math.random() });
    if (delayMs !== null) return { kind: 'later', delayMs, detail: `${reason}: ${detail}` };
    return { kind: 'problem', problem: problemOf(failure) };
  }

  async #fetchRobots(url: string): Promise<RobotsAnswer | null> {
    const permit = await this.#permit(url, { source: '', crawlDelayMs: 0 });
    const limits = { ...httpLimits(this.#app.config), maxBytes: ROBOTS_LIMIT_BYTES, maxRedirects: 5 };
    const answer = await requestText({ url }, limits, { client: this.#robotsClient, signal: this.#signal });
    await settlePermit(this.#app.db, permit, answer.receivedBytes);
    if (!answer.ok) return { kind: 'unreachable' };
    const { status, body, headers, retryAfterMs } = answer;
    return {
      kind: 'answered',
      status,
      body: Buffer.from(body),
      cacheControl: headers['cache-control'] ?? null,
      retryAfterMs,
    };
  }
}

/** A host that is in trouble with us but does not say for how long. */
const RATE_LIMITED_PAUSE_MS = 60_000;

function optOut({ headersDistinct }: ResponseHead): Refusal | null {
  const directive = optOutOf(headersDistinct['x-robots-tag'] ?? [], {
    agent: ROBOTS_AGENT,
    nowMs: systemClock.nowMs(),
  });
  return directive === null ? null : { reason: 'opted-out', detail: `X-Robots-Tag: ${directive}` };
}

function received({ bytes, sha256, finalUrl }: Extract<DownloadResult, { ok: true }>): PictureRead {
  const md5 = bytes.length === FLICKR_PLACEHOLDER_BYTES ? createHash('md5').update(bytes).digest('hex') : undefined;
  if (isFlickrPlaceholder({ finalUrl, sha256, ...(md5 === undefined ? {} : { md5 }) })) {
    return {
      kind: 'problem',
      problem: {
        state: 'dropped',
        reason: 'placeholder',
        detail: 'Flickr shows that the photo is no longer available',
      },
    };
  }
  return { kind: 'bytes', bytes, sha256 };
}
