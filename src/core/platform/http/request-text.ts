import type { HttpFailure } from './http-outcome.ts';
import { readBody } from './body.ts';
import { follow } from './follow.ts';
import type { HttpDeps, HttpLimits, HttpRequest } from './request.ts';
import { parseRetryAfterMs } from '../../kernel/retry-after.ts';

export interface TextRequest extends HttpRequest {
  /** False: a redirect is returned like any other answer (some sites refuse by redirecting). True by default. */
  readonly followsRedirects?: boolean | undefined;
  /** True: of a body above `maxBytes` the beginning is returned, instead of the failure `too-large`. False by default. */
  readonly keepsBeginning?: boolean | undefined;
}

export interface TextAnswer {
  readonly ok: true;
  /** Any status, including 304 to a conditional request. */
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Decompressed and decoded. Invalid bytes become U+FFFD. */
  readonly body: string;
  /** The URL after redirects, without credentials and fragment. */
  readonly finalUrl: string;
  /** The wait that `Retry-After` asks for, in milliseconds from now, with no upper bound. Null if there is no such header. */
  readonly retryAfterMs: number | null;
  readonly receivedBytes: number;
}

export type TextResult = TextAnswer | HttpFailure;

/**
 * Requests a text, such as an API's answer or a robots.txt. An answer of any status is returned, because only the
 * caller knows what it means.
 *
 * @throws Interrupted if `deps.signal` is aborted, and the errors of `beforeRequest`
 */
export async function requestText(request: TextRequest, limits: HttpLimits, deps: HttpDeps): Promise<TextResult> {
  return follow<TextResult>({
    request,
    limits,
    deps,
    carrier: 'got',
    acceptEncoding: 'gzip, br',
    followsRedirects: request.followsRedirects ?? true,
    async accept(answer, { url, timer }) {
      const { status, headers } = answer;
      const bytes = await readBody(answer, limits, { timer, keepsBeginning: request.keepsBeginning ?? false });
      return {
        ok: true,
        status,
        headers,
        body: decode(bytes, headers['content-type']),
        finalUrl: url.href,
        retryAfterMs: parseRetryAfterMs(headers['retry-after'], deps.client.clock.nowMs()),
        receivedBytes: timer.receivedBytes,
      };
    },
  });
}

/** Decodes with the charset of the media type, or UTF-8 if it is missing or unknown. A byte order mark is removed. */
function decode(bytes: Buffer, contentType: string | undefined): string {
  const charset = /;\s*charset\s*=\s*"?([^";\s]+)/i.exec(contentType ?? '')?.[1] ?? 'utf-8';
  try {
    return new TextDecoder(charset).decode(bytes);
  } catch {
    return new TextDecoder().decode(bytes);
  }
}
