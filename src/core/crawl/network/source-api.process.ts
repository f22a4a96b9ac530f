import { steadyClock, systemClock } from '../../kernel/clock.ts';
import { GiveUpOnItem, RetryLater, SourceBlocked } from '../../kernel/errors.ts';
import type { Refusal } from '../../platform/http/http-outcome.ts';
import { requestText, type TextAnswer, type TextResult } from '../../platform/http/request-text.ts';
import { NO_LIMITS, type SourceLimits } from '../../config/sources/source.ts';
import type { ApiRequest, ApiResponse, ReadySource, SourceApi } from '../sources/network-source.ts';
import { apiKeyOf, apiPermits } from '../sources/permit-keys.ts';
import type { Permit } from '../sources/permit.repository.ts';
import { closeCircuit, holdKey } from '../sources/permit-pause.repository.ts';
import { RATE_LIMITED_PAUSE_MS } from '../sources/retry-policy.ts';
import type { App } from '../../runtime/open/app.process.ts';
import { HostGate, HostWaits, type Visit } from './host-gate.process.ts';
import { httpLimits, openHttp } from './http.process.ts';
import { permitSoon, politenessOf, type NotPermitted } from './politeness.process.ts';

/** If a permit is due later than this, the query is postponed instead. */
const PATIENCE_MS = 90_000;
/** The code of a request that was not sent, because winnow's own limits allow it later. That is no failure. */
export const PERMIT_LATER = 'permit-later';
/** The code of a request that was not sent, because the site has asked for a pause. */
export const SITE_WANTS_PAUSE = 'site-wants-pause';
/** An answer that takes longer shows that the site is busy. */
const SLOW_MS = 1_000;
/** If a site still fails after so many pauses in a row, it counts as failing. */
const MOST_PAUSES = 3;
/** The largest answer to read. A page of 200 observations is about 3 MB. */
const MAX_ANSWER_BYTES = 32_000_000;

export interface SourceApiOptions {
  readonly signal: AbortSignal;
  readonly onWait: (why: string) => void;
}

type AskedSource = Pick<ReadySource, 'endpoints' | 'own'> & { readonly source: { readonly name: string } };

/** Opens the API of a source, with a client of its own. */
export function openSourceApi(
  app: Pick<App, 'db' | 'config'>,
  asked: AskedSource,
  { signal, onWait }: SourceApiOptions,
): SourceApi & { readonly close: () => void } {
  const source = asked.source.name;
  const client = openHttp(app.config, asked.endpoints);
  const gate = gateOf(app, asked, signal);
  const politeness = politenessOf(app.config);
  const own = asked.own?.limits ?? politeness.sources[source] ?? NO_LIMITS;
  const keys = apiPermits(source, { ...politeness, sources: { [source]: own } });
  const pauseMs = own.pauseAfterErrorMs;
  const limits = { ...httpLimits(app.config), maxBytes: MAX_ANSWER_BYTES };
  let errors = 0;
  const ask = async (request: ApiRequest, permit: Permit): Promise<ApiResponse> => {
    const sentMs = steadyClock.nowMs();
    // A redirect is returned as an answer. Some sites refuse by redirecting, and an API has no reason to redirect.
    const result = await passed(gate, source, (beforeRequest) =>
      requestText({ ...request, followsRedirects: false }, limits, { client, signal, beforeRequest }),
    );
    // Without its query, which may contain a key.
    const { host, pathname } = new URL(request.url);
    if (!result.ok && (result.reason === 'robots-disallowed' || result.reason === 'opted-out'))
      throw new GiveUpOnItem(`robots.txt of ${host} forbids ${pathname}: ${result.detail}`, { code: result.reason });
    if (!result.ok)
      throw new RetryLater(`No answer from ${host}: ${result.detail} (${result.reason})`, {
        code: result.reason,
        retryAfterMs: result.retryAfterMs,
      });
    const { status, headers, body, finalUrl } = result;
    const holdMs = holdOf(result, steadyClock.nowMs() - sentMs, own);
    if (holdMs > 0) await holdKey(app.db, apiKeyOf(source), { forMs: holdMs, why: `HTTP ${status}` });
    if (permit.probes.length > 0 && status < 400) await closeCircuit(app.db, permit);
    errors = status >= 500 ? errors + 1 : 0;
    if (pauseMs !== null && errors > 0 && errors <= MOST_PAUSES)
      throw new RetryLater(`${host} answered with HTTP ${status}`, { code: PERMIT_LATER, retryAfterMs: holdMs });
    return { status, headers, body, url: finalUrl };
  };
  return {
    nowMs: () => systemClock.nowMs(),
    async send(request) {
      const answer = await permitSoon(app.db, keys, { signal, patienceMs: PATIENCE_MS, onWait });
      if ('permit' in answer) return ask(request, answer.permit).finally(answer.release);
      throw noPermit(answer, errors > MOST_PAUSES ? 0 : (pauseMs ?? 0));
    },
    close() {
      client.close();
      gate?.close();
    },
  };
}

/** Requests of a user's own file obey robots.txt. */
function gateOf({ db, config }: Pick<App, 'db' | 'config'>, { endpoints, own }: AskedSource, signal: AbortSignal) {
  if (own === undefined) return undefined;
  const { fetch } = config;
  const allowAddresses = [...fetch.allowAddresses, ...endpoints];
  return new HostGate({ db, config: { ...config, fetch: { ...fetch, allowAddresses } } }, signal, null);
}

type BeforeRequest = (url: URL) => Promise<Refusal | null>;

async function passed(
  gate: HostGate | undefined,
  source: string,
  send: (before?: BeforeRequest) => Promise<TextResult>,
): Promise<TextResult> {
  if (gate === undefined) return send();
  const visit: Visit = { source, permits: [], signals: [], isFinal: false };
  try {
    return await send((url) => gate.pass(url, visit));
  } catch (error) {
    if (error instanceof HostWaits)
      throw new RetryLater(error.message, { code: PERMIT_LATER, retryAfterMs: error.waitMs });
    throw error;
  } finally {
    await gate.settle(visit, 0);
  }
}

/** @param ownPauseMs pauses of up to this are the site's rule after an error, and no failure */
function noPermit({ waitMs, why, reason }: NotPermitted, ownPauseMs: number): Error {
  if (reason === 'circuit-open') return new SourceBlocked(why, { code: 'circuit-open', waitMs });
  const isFailure = reason === 'retry-after' && waitMs > ownPauseMs;
  return new RetryLater(why, { code: isFailure ? SITE_WANTS_PAUSE : PERMIT_LATER, retryAfterMs: waitMs });
}

/** How long all queries of the source wait, not only the one that got this answer. A 429 may lack a Retry-After. */
function holdOf({ status, retryAfterMs }: TextAnswer, tookMs: number, own: SourceLimits): number {
  const askedMs = retryAfterMs ?? (status === 429 ? RATE_LIMITED_PAUSE_MS : 0);
  const errorMs = status >= 500 ? (own.pauseAfterErrorMs ?? 0) : 0;
  const slowMs = tookMs > SLOW_MS ? (own.pauseAfterSlowMs ?? 0) : 0;
  return Math.max(askedMs, errorMs, slowMs);
}
