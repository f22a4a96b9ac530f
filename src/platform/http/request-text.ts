import type { HttpFailure } from '../../source/http-outcome.ts';
import { readBody } from './body.ts';
import { follow } from './follow.ts';
import type { HttpDeps, HttpLimits, HttpRequest } from './request.ts';
import { parseRetryAfterMs } from '../../kernel/retry-after.ts';

export interface TextRequest extends HttpRequest {
  /** False: a redirect is an answer like any other (some sites refuse by redirecting). True by default. */
  readonly followsRedirects?: boolean | undefined;
  /** True: of a body above `maxBytes` the beginning is returned, in place of the failure `too-large`. False by default. */
  readonly keepsBeginning?: boolean | undefined;
}

export interface TextAnswer {
  readonly ok: true;
  /** Any, 304 to a conditional request included. */
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** Decompressed and decoded: what is no such text becomes U+FFFD. */
  readonly body: string;
  /** After redirects, without credentials and fragment. */
  readonly finalUrl: string;
  readonly hops: number;
  /** What `Retry-After` asks for, in milliseconds from now, unbounded; null if nothing is asked. */
  readonly retryAfterMs: number | null;
  readonly receivedBytes: number;
}

export type TextResult = TextAnswer | HttpFailure;

/**
 * Requests a text: an answer of an API, a robots.txt. Answers of any status are returned, since only the caller knows
 * what they mean; a failure means that there was none, or none within the limits.
 *
 * @throws Interrupted if `deps.signal` is aborted; what `beforeRequest` throws
 */
export async function requestText(request: TextRequest, limits: HttpLimits, deps: HttpDeps): Promise<TextResult> {
  return follow<TextResult>({
    request,
    limits,
    deps,
    carrier: 'got',
    acceptEncoding: 'gzip, br',
    followsRedirects: request.followsRedirects ?? true,
    async accept(answer, { url, hops, watch }) {
      const { status, headers } = answer;
      const bytes = await readBody(answer, limits, { watch, keepsBeginning: request.keepsBeginning ?? false });
      return {
        ok: true,
        status,
        headers,
        body: decode(bytes, headers['content-type']),
        finalUrl: url.href,
        hops,
        retryAfterMs: parseRetryAfterMs(headers['retry-after'], deps.client.clock.nowMs()),
        receivedBytes: watch.receivedBytes,
      };
    },
  });
}

/** By the charset of the media type; UTF-8 without one or with an unknown one. A byte order mark is dropped. */
function decode(bytes: Buffer, contentType: string | undefined): string {
  const charset = /;\s*charset\s*=\s*"?([^";\s]+)/i.exec(contentType ?? '')?.[1] ?? 'utf-8';
  try {
    return new TextDecoder(charset).decode(bytes);
  } catch {
    return new TextDecoder().decode(bytes);
  }
}
