import type { Config } from '../../config/settings.ts';
import { steadyClock, systemClock } from '../../kernel/clock.ts';
import type { HttpClient } from '../../platform/http/http-client.ts';
import { requestText } from '../../platform/http/request-text.ts';
import { conditionsOf, NO_VERSION, versionOf, type RemoteVersion } from '../sources/remote-version.ts';
import { HostHealth, type HostProblem } from '../sources/host-health.ts';
import { problemOf, type HttpFailure, type Refusal } from '../../platform/http/http-outcome.ts';
import { mediaPermits, type PolitenessSettings } from '../sources/permit-keys.ts';
import type { PermitKey } from '../sources/politeness.ts';
import { settlePermit, type Permit } from '../sources/permit.repository.ts';
import type { RobotsAnswer } from '../sources/robots.ts';
import { refusedSignal, robotsSignal, type UsageSignal } from '../sources/usage-signals.ts';
import type { App } from '../../runtime/open/app.process.ts';
import { addressOf, httpLimits, openHttp } from './http.process.ts';
import { permitSoon, politenessOf } from './politeness.process.ts';
import { RobotsGate, ROBOTS_LIMIT_BYTES, type RobotsPass } from './robots-gate.process.ts';

/** A partition waits for a permit that is due within this time. If it is due later, another picture gets the partition. */
const PATIENCE_MS = 2_000;
const RESERVED_BYTES = 2_000_000;

export class HostWaits extends Error {
  readonly host: string;
  readonly waitMs: number;
  /** True if the site asked for the pause (Retry-After). */
  readonly isAsked: boolean;
  constructor(host: string, waitMs: number, { why, isAsked = false }: { why: string; isAsked?: boolean }) {
    super(why);
    this.host = host;
    this.isAsked = isAsked;
    this.waitMs = Math.max(1, waitMs);
  }
}

/** No host has answered for longer than the run waits for the network. */
export class NetworkGone extends Error {
  /** The host of the last failure. */
  readonly host: string;
  constructor({ host, reason, detail }: HostProblem & { readonly host: string }) {
    super(`${detail} (${reason})`);
    this.host = host;
  }
}

/** The requests for one picture: one for its own URL, and one for each redirect. */
export interface Visit {
  readonly source: string;
  readonly permits: Permit[];
  /** The statements of robots.txt and headers about the use of the picture. */
  readonly signals: UsageSignal[];
  /** True if a refusal stays for the rest of the run. */
  isFinal: boolean;
  /** Ends the last request's place among those in flight. */
  release?: () => void;
}

/** Checks a request just before it is sent: whether its host can be reached, what its robots.txt allows, and its permits. */
export class HostGate {
  readonly health: HostHealth;
  readonly #app: Pick<App, 'db' | 'config'>;
  readonly #signal: AbortSignal;
  /** A separate client, because the pictures hold all connections to a host while they wait for its robots.txt. */
  readonly #client: HttpClient;
  readonly #politeness: PolitenessSettings;
  readonly #robots: RobotsGate;

  /** @param giveUpAfterMs null: waits for ever for a network that is down */
  constructor(app: Pick<App, 'db' | 'config'>, signal: AbortSignal, giveUpAfterMs: number | null) {
    this.#app = app;
    this.#signal = signal;
    this.health = new HostHealth(giveUpAfterMs);
    this.#client = openHttp(app.config);
    this.#politeness = politenessOf(app.config);
    this.#robots = new RobotsGate({
      db: app.db,
      nowMs: () => systemClock.nowMs(),
      signal,
      fetchFile: (url, known) => this.#fetchRobots(url, known),
    });
  }

  close(): void {
    this.#client.close();
  }

  /**
   * Null if the request may be sent. The visit then holds its permits.
   * @throws HostWaits if the request must wait; NetworkGone if no host has answered for a long time
   */
  async pass(url: URL, visit: Visit): Promise<Refusal | null> {
    const refusal = this.#unreachable(url.host, visit);
    if (refusal !== null || isOwnServer(url, this.#app.config)) return refusal;
    const pass = await this.#robots.pass(url.href);
    if (pass.kind === 'disallow') return { reason: 'robots-disallowed', detail: pass.rule };
    if (pass.kind === 'wait') return this.#withoutRobots(url, pass, visit);
    const signals = pass.usage.map(robotsSignal);
    visit.signals.push(...signals);
    const refused = refusedSignal(signals, this.#app.config.crawl.signals);
    if (refused !== null) return { reason: 'opted-out', detail: refused.text };
    await this.#permit(url.href, pass.crawlDelayMs, visit);
    return null;
  }

  /** The key of the picture's host, or of all hosts of its site. */
  keyOf(url: string, source: string): PermitKey {
    return mediaPermits({ url, source, crawlDelayMs: 0 }, this.#politeness)[0];
  }

  async settle({ permits, release }: Visit, bytes: number): Promise<void> {
    release?.();
    // Redirects receive almost no bytes, so all bytes are charged to the last host.
    for (const [i, permit] of permits.entries())
      await settlePermit(this.#app.db, permit, i === permits.length - 1 ? bytes : 0);
  }

  #unreachable(host: string, visit: Visit): Refusal | null {
    const nowMs = steadyClock.nowMs();
    const gone = this.health.networkGone(nowMs);
    if (gone !== null) throw new NetworkGone(gone);
    const verdict = this.health.verdict(host, nowMs);
    if (verdict.kind === 'ask') return null;
    if (verdict.kind === 'rest')
      throw new HostWaits(host, verdict.untilMs - nowMs, {
        why: `${host} cannot be reached (${verdict.problem.reason})`,
      });
    visit.isFinal = true;
    return verdict.problem;
  }

  /** Sends no request to a host whose robots.txt is unknown. The picture waits for the file as long as that is useful. */
  #withoutRobots(url: URL, pass: Extract<RobotsPass, { kind: 'wait' }>, visit: Visit): Refusal {
    const { host } = url;
    const problem: HostProblem = { reason: pass.failure, detail: `the robots.txt of ${host} cannot be fetched` };
    const isSilent = pass.failure !== 'http-5xx' && pass.failure !== 'rate-limited';
    if (pass.isFresh && isSilent) this.health.failed(host, problem, steadyClock.nowMs());
    visit.isFinal = pass.isHopeless || this.health.isGivenUp(host);
    if (visit.isFinal) return problem;
    // The picture that made the failed request for robots.txt has used a try. The others wait.
    if (pass.isFresh && isSilent && !this.health.isNetworkSuspect()) return problem;
    throw new HostWaits(host, pass.waitMs, { why: `${problem.detail} (${pass.failure})` });
  }

  async #permit(url: string, crawlDelayMs: number, visit: Visit): Promise<void> {
    visit.release?.();
    const keys = mediaPermits({ url, source: visit.source, crawlDelayMs }, this.#politeness);
    const options = { signal: this.#signal, patienceMs: PATIENCE_MS, reserveBytes: RESERVED_BYTES };
    const answer = await permitSoon(this.#app.db, keys, options);
    if ('permit' in answer) {
      visit.permits.push(answer.permit);
      visit.release = answer.release;
      return;
    }
    const isAsked = answer.reason === 'retry-after' && answer.waitMs > (keys[0].pauseAfterErrorMs ?? 0);
    throw new HostWaits(new URL(url).host, answer.waitMs, { why: answer.why, isAsked });
  }

  async #fetchRobots(url: string, known: RemoteVersion): Promise<RobotsAnswer> {
    const visit: Visit = { source: '', permits: [], signals: [], isFinal: false };
    const conditions = conditionsOf(known);
    // RFC 9309, section 2.3.1.2, asks for at least five redirects.
    const limits = { ...httpLimits(this.#app.config), maxBytes: ROBOTS_LIMIT_BYTES, maxRedirects: 5 };
    const answer = await requestText({ url, headers: conditions, keepsBeginning: true }, limits, {
      client: this.#client,
      signal: this.#signal,
      beforeRequest: async ({ href }) => {
        await this.#permit(href, 0, visit);
        return null;
      },
    }).catch(async (error: unknown) => {
      await this.settle(visit, 0);
      throw error;
    });
    await this.settle(visit, answer.receivedBytes);
    if (!answer.ok) return unanswered(answer);
    this.health.answered(new URL(url).host, steadyClock.nowMs());
    const { status, body, headers, retryAfterMs } = answer;
    const cacheControl = headers['cache-control'] ?? null;
    if (status === 304 && Object.keys(conditions).length > 0) return { kind: 'unchanged', cacheControl };
    const version = versionOf(headers);
    return { kind: 'answered', status, body: Buffer.from(body), cacheControl, retryAfterMs, version };
  }
}

/** More redirects than RFC 9309 requires crawlers to follow count as a missing file. */
const MISLED: RobotsAnswer = {
  kind: 'answered',
  status: 302,
  body: Buffer.alloc(0),
  cacheControl: null,
  retryAfterMs: null,
  version: NO_VERSION,
};

function unanswered(failure: HttpFailure): RobotsAnswer {
  if (failure.reason === 'too-many-redirects') return MISLED;
  const problem = problemOf(failure);
  // A `dropped` state cannot occur for a robots.txt, because the rules that drop are for pictures.
  return { kind: 'unreachable', reason: problem.state === 'failed' ? problem.reason : 'unreadable' };
}

/** True if politeness is off for the URL. Only servers that the user lists as their own can have it off. */
function isOwnServer(url: URL, { fetch: { polite, allowAddresses } }: Config): boolean {
  if (polite) return false;
  return allowAddresses.includes(addressOf(url.href)) || allowAddresses.includes(`${url.hostname}:*`);
}
