import { steadyClock, systemClock } from '../../kernel/clock.ts';
import { RetryLater, SourceBlocked } from '../../kernel/errors.ts';
import type { HttpClient } from '../../platform/http/http-client.ts';
import { requestText, type TextAnswer } from '../../platform/http/request-text.ts';
import { NO_LIMITS, type SourceLimits } from '../../config/sources/source.ts';
import type { ApiRequest, ApiResponse, SourceApi } from '../sources/network-source.ts';
import { apiKeyOf, apiPermits } from '../sources/permit-keys.ts';
import type { Permit } from '../sources/permit.repository.ts';
import { closeCircuit, holdKey } from '../sources/permit-pause.repository.ts';
import { RATE_LIMITED_PAUSE_MS } from '../sources/retry-policy.ts';
import type { App } from '../../runtime/open/app.process.ts';
import { httpLimits } from './http.process.ts';
import { permitSoon, politenessOf, type NotPermitted } from './politeness.process.ts';

/** If a permit is due later than this, the query is postponed instead. */
const PATIENCE_MS = 90_000;
/** The code of a request that was not sent, because winnow's own limits allow it later. That is no failure. */
export const PERMIT_LATER = 'permit-later';
/** An answer that takes longer shows that the site is busy. */
const SLOW_MS = 1_000;
/** If a site still fails after so many pauses in a row, it counts as failing. */
const MOST_PAUSES = 3;
/** The largest answer to read. A page of 200 observations is about 3 MB. */
const MAX_ANSWER_BYTES = 32_000_000;

export interface SourceApiOptions {
  readonly app: Pick<App, 'db' | 'config'>;
  readonly source: string;
  readonly client: HttpClient;
  readonly signal: AbortSignal;
  readonly onWait: (why: string) => void;
}

export function openSourceApi({ app, source, client, signal, onWait }: SourceApiOptions): SourceApi {
  const settings = politenessOf(app.config);
  const keys = apiPermits(source, settings);
  const own = settings.sources[source] ?? NO_LIMITS;
  const pauseMs = own.pauseAfterErrorMs;
  const limits = { ...httpLimits(app.config), maxBytes: MAX_ANSWER_BYTES };
  let errors = 0;
  const ask = async (request: ApiRequest, permit: Permit): Promise<ApiResponse> => {
    const sentMs = steadyClock.nowMs();
    // A redirect is returned as an answer. Some sites refuse by redirecting, and an API has no reason to redirect.
    const result = await requestText({ ...request, followsRedirects: false }, limits, { client, signal });
    const { host } = new URL(request.url);
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
  };
}

/** @param ownPauseMs pauses of up to this are the site's rule after an error, and no failure */
function noPermit({ waitMs, why, reason }: NotPermitted, ownPauseMs: number): Error {
  if (reason === 'circuit-open') return new SourceBlocked(why, { code: 'circuit-open', waitMs });
  const isFailure = reason === 'retry-after' && waitMs > ownPauseMs;
  return new RetryLater(why, { code: isFailure ? 'site-wants-pause' : PERMIT_LATER, retryAfterMs: waitMs });
}

/** How long all queries of the source wait, not only the one that got this answer. A 429 may lack a Retry-After. */
function holdOf({ status, retryAfterMs }: TextAnswer, tookMs: number, own: SourceLimits): number {
  const askedMs = retryAfterMs ?? (status === 429 ? RATE_LIMITED_PAUSE_MS : 0);
  const errorMs = status >= 500 ? (own.pauseAfterErrorMs ?? 0) : 0;
  const slowMs = tookMs > SLOW_MS ? (own.pauseAfterSlowMs ?? 0) : 0;
  return Math.max(askedMs, errorMs, slowMs);
}
