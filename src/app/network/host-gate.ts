import type { Config } from '../../config/settings.ts';
import { steadyClock, systemClock } from '../../kernel/clock.ts';
import { StopTheRun } from '../../kernel/errors.ts';
import type { HttpClient } from '../../platform/http/http-client.ts';
import { requestText } from '../../platform/http/request-text.ts';
import { conditionsOf, NO_VERSION, versionOf, type RemoteVersion } from '../../source/remote-version.ts';
import { HostHealth, type HostProblem } from '../../source/host-health.ts';
import { problemOf, type HttpFailure, type Refusal } from '../../source/http-outcome.ts';
import type { PolitenessSettings } from '../../source/permit-keys.ts';
import { settlePermit, type Permit } from '../../source/permit.repository.ts';
import type { RobotsAnswer } from '../../source/robots.ts';
import type { App } from '../open/app.ts';
import { httpLimits, openHttp } from './http.ts';
import { mediaKeys, permitSoon, politenessOf } from './politeness.ts';
import { RobotsGate, ROBOTS_LIMIT_BYTES, type RobotsPass } from './robots-gate.ts';

/** A permit that is due sooner is waited for; later, the lane gives its place to others. */
const PATIENCE_MS = 2_000;
/** Set aside of a site's budget of bytes until it is known how many came. */
const RESERVED_BYTES = 2_000_000;

/** A host cannot be asked now. */
export class HostWaits extends Error {
  readonly host: string;
  readonly waitMs: number;
  constructor(host: string, waitMs: number, why: string) {
    super(why);
    this.host = host;
    this.waitMs = Math.max(1, waitMs);
  }
}

/** One picture's way through the gate: once for its own URL, once more for each redirect. */
export interface Visit {
  readonly source: string;
  readonly permits: Permit[];
  /** What it was refused for will not change in this run. */
  isFinal: boolean;
}

/**
 * What every request for a picture has to pass just before it is sent: whether its host can be reached at all, its
 * robots.txt, and the permits.
 */
export class HostGate {
  readonly health = new HostHealth();
  readonly #app: App;
  readonly #signal: AbortSignal;
  /** Of its own: pictures hold all connections to a host while they wait for its robots.txt. */
  readonly #client: HttpClient;
  readonly #politeness: PolitenessSettings;
  readonly #robots: RobotsGate;

  constructor(app: App, signal: AbortSignal) {
    this.#app = app;
    this.#signal = signal;
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
   * Null if the request may be sent now, with its permits in the visit.
   *
   * @throws HostWaits if not now; StopTheRun if nothing has answered for a long time
   */
  async pass(url: URL, visit: Visit): Promise<Refusal | null> {
    const refusal = this.#unreachable(url.host, visit);
    if (refusal !== null || isOwnServer(url, this.#app.config)) return refusal;
    const pass = await this.#robots.pass(url.href);
    if (pass.kind === 'disallow') return { reason: 'robots-disallowed', detail: pass.rule };
    if (pass.kind === 'wait') return this.#withoutRobots(url, pass, visit);
    visit.permits.push(await this.#permit(url.href, { source: visit.source, crawlDelayMs: pass.crawlDelayMs }));
    return null;
  }

  /** Says how many bytes the requests of a visit brought in all. */
  async settle({ permits }: Visit, bytes: number): Promise<void> {
    // Redirects bring next to nothing: the bytes are the last host's.
    for (const [i, permit] of permits.entries())
      await settlePermit(this.#app.db, permit, i === permits.length - 1 ? bytes : 0);
  }

  #unreachable(host: string, visit: Visit): Refusal | null {
    const nowMs = steadyClock.nowMs();
    const gone = this.health.networkGone(nowMs);
    if (gone !== null) throw networkGone(gone);
    const verdict = this.health.verdict(host, nowMs);
    if (verdict.kind === 'ask') return null;
    if (verdict.kind === 'rest')
      throw new HostWaits(host, verdict.untilMs - nowMs, `${host} cannot be reached (${verdict.problem.reason})`);
    visit.isFinal = true;
    return verdict.problem;
  }

  /** Without a robots.txt nothing is asked for: it is waited for, as long as that makes sense. */
  #withoutRobots(url: URL, pass: Extract<RobotsPass, { kind: 'wait' }>, visit: Visit): Refusal {
    const { host } = url;
    const problem: HostProblem = { reason: pass.failure, detail: `the robots.txt of ${host} cannot be had` };
    const isSilent = pass.failure !== 'http-5xx' && pass.failure !== 'rate-limited';
    if (pass.isFresh && isSilent) this.health.failed(host, problem, steadyClock.nowMs());
    visit.isFinal = pass.isHopeless || this.health.isGivenUp(host);
    if (visit.isFinal) return problem;
    // Whoever asked in vain has had a try; the others wait.
    if (pass.isFresh && isSilent && !this.health.isNetworkSuspect()) return problem;
    throw new HostWaits(host, pass.waitMs, `${problem.detail} (${pass.failure})`);
  }

  async #permit(url: string, { source, crawlDelayMs }: { source: string; crawlDelayMs: number }): Promise<Permit> {
    const keys = mediaKeys({ url, source, crawlDelayMs }, this.#politeness);
    const options = { signal: this.#signal, patienceMs: PATIENCE_MS, reserveBytes: RESERVED_BYTES };
    const answer = await permitSoon(this.#app.db, keys, options);
    if ('permit' in answer) return answer.permit;
    throw new HostWaits(new URL(url).host, answer.waitMs, answer.why);
  }

  async #fetchRobots(url: string, known: RemoteVersion): Promise<RobotsAnswer> {
    const permits: Permit[] = [];
    const conditions = conditionsOf(known);
    // Section 2.3.1.2 of RFC 9309: five redirects at least.
    const limits = { ...httpLimits(this.#app.config), maxBytes: ROBOTS_LIMIT_BYTES, maxRedirects: 5 };
    const answer = await requestText({ url, headers: conditions, keepsBeginning: true }, limits, {
      client: this.#client,
      signal: this.#signal,
      beforeRequest: async ({ href }) => {
        permits.push(await this.#permit(href, { source: '', crawlDelayMs: 0 }));
        return null;
      },
    });
    await this.settle({ source: '', permits, isFinal: false }, answer.receivedBytes);
    if (!answer.ok) return unanswered(answer);
    this.health.answered(new URL(url).host, steadyClock.nowMs());
    const { status, body, headers, retryAfterMs } = answer;
    const cacheControl = headers['cache-control'] ?? null;
    if (status === 304 && Object.keys(conditions).length > 0) return { kind: 'unchanged', cacheControl };
    const version = versionOf(headers);
    return { kind: 'answered', status, body: Buffer.from(body), cacheControl, retryAfterMs, version };
  }
}

/** More redirects than anybody has to follow: as if there were no file. */
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
  // Nothing drops a robots.txt: rules are for pictures.
  return { kind: 'unreachable', reason: problem.state === 'failed' ? problem.reason : 'unreadable' };
}

/** Politeness can be switched off only for servers that are named as one's own. */
function isOwnServer(url: URL, { fetch: { polite, allowAddresses } }: Config): boolean {
  if (polite) return false;
  const port = url.port === '' ? (url.protocol === 'https:' ? '443' : '80') : url.port;
  return allowAddresses.includes(`${url.hostname}:${port}`) || allowAddresses.includes(`${url.hostname}:*`);
}

function networkGone({ sinceMs, problem }: { sinceMs: number; problem: HostProblem }): StopTheRun {
  const since = new Date(sinceMs).toISOString();
  return new StopTheRun(
    `Expected an answer of some host but there has been none since ${since} (${problem.reason}: ${problem.detail}); ` +
      'run the command again once the network is back, what is not fetched yet stays waiting',
    { code: 'network-gone' },
  );
}
