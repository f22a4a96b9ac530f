import { systemClock } from '../../kernel/clock.ts';
import { RetryLater, SourceBlocked } from '../../kernel/errors.ts';
import type { HttpClient } from '../../platform/http/http-client.ts';
import { requestText } from '../../platform/http/request-text.ts';
import type { ApiRequest, ApiResponse, SourceApi } from '../sources/network-source.ts';
import { apiKeyOf, apiPermits } from '../sources/permit-keys.ts';
import { closeCircuit, holdKey } from '../sources/permit-pause.repository.ts';
import { RATE_LIMITED_PAUSE_MS } from '../sources/retry-policy.ts';
import type { App } from '../../runtime/open/app.process.ts';
import { httpLimits } from './http.process.ts';
import { permitSoon, politenessOf } from './politeness.process.ts';

/** If a permit is due later than this, the query is postponed instead. */
const PATIENCE_MS = 90_000;
/** The code of a request that was not sent, because winnow's own limits allow it later. That is no failure. */
export const PERMIT_LATER = 'permit-later';
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
  const keys = apiPermits(source, politenessOf(app.config));
  const limits = { ...httpLimits(app.config), maxBytes: MAX_ANSWER_BYTES };
  return {
    nowMs: () => systemClock.nowMs(),
    async send(request: ApiRequest): Promise<ApiResponse> {
      const answer = await permitSoon(app.db, keys, { signal, patienceMs: PATIENCE_MS, onWait });
      if (!('permit' in answer) && answer.reason === 'circuit-open')
        throw new SourceBlocked(answer.why, { code: 'circuit-open', waitMs: answer.waitMs });
      if (!('permit' in answer)) {
        const code = answer.reason === 'retry-after' ? 'site-wants-pause' : PERMIT_LATER;
        throw new RetryLater(answer.why, { code, retryAfterMs: answer.waitMs });
      }
      // A redirect is returned as an answer. Some sites refuse by redirecting, and an API has no reason to redirect.
      const result = await requestText({ ...request, followsRedirects: false }, limits, { client, signal });
      if (!result.ok)
        throw new RetryLater(`No answer from ${new URL(request.url).host}: ${result.detail} (${result.reason})`, {
          code: result.reason,
          retryAfterMs: result.retryAfterMs,
        });
      const { status, headers, body, finalUrl, retryAfterMs } = result;
      // A 429 without a Retry-After holds all queries of the source, not only the one that received it.
      const holdMs = retryAfterMs ?? (status === 429 ? RATE_LIMITED_PAUSE_MS : null);
      if (holdMs !== null) await holdKey(app.db, apiKeyOf(source), { forMs: holdMs, why: `HTTP ${status}` });
      if (answer.permit.probes.length > 0 && status < 400) await closeCircuit(app.db, answer.permit);
      return { status, headers, body, url: finalUrl };
    },
  };
}
