import { createHash } from 'node:crypto';
import type { Sha256 } from '../../kernel/ids.ts';
import { toSha256 } from '../../kernel/ids.ts';
import type { HttpFailure, Refusal } from '../../source/http-outcome.ts';
import { readBody } from './body.ts';
import { drain, type Answer } from './exchange.ts';
import { follow, type Arrival } from './follow.ts';
import { reasonOfStatus } from './outcome.ts';
import { Refused } from './refused.ts';
import type { HttpDeps, HttpLimits, HttpRequest } from './request.ts';
import { parseRetryAfterMs } from '../../kernel/retry-after.ts';

export interface Downloaded {
  readonly ok: true;
  readonly bytes: Buffer;
  readonly sha256: Sha256;
  /** After redirects, without credentials and fragment. */
  readonly finalUrl: string;
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** Redirects followed. */
  readonly hops: number;
  /** Bytes of bodies as they were sent, those of redirects included. */
  readonly receivedBytes: number;
}

export type DownloadResult = Downloaded | HttpFailure;

/** An answer before its body. */
export interface ResponseHead extends Pick<Answer, 'status' | 'headers' | 'headersDistinct'> {
  readonly url: URL;
}

export interface DownloadDeps extends HttpDeps {
  /** Called for a 2xx answer before its body is read, for opt-outs in its headers. What it refuses is not downloaded. */
  readonly onHeaders?: ((head: ResponseHead) => Refusal | null) | undefined;
}

/**
 * Downloads one file, hashing it on the way. Whatever the host does ends in a result within the limits; that it is a
 * photo is for others to judge.
 *
 * Compressed answers are asked not to be sent, and if they come all the same are decompressed within `maxBytes`: some
 * servers know no better, and the photo inside is good.
 *
 * @throws Interrupted if `deps.signal` is aborted; what the callbacks throw
 */
export async function download(request: HttpRequest, limits: HttpLimits, deps: DownloadDeps): Promise<DownloadResult> {
  return follow<DownloadResult>({
    request,
    limits,
    deps,
    carrier: 'node',
    acceptEncoding: 'identity',
    followsRedirects: true,
    async accept(answer, arrival) {
      await checkStatus(answer, arrival, deps);
      checkHeaders(answer, arrival, deps);
      const hash = createHash('sha256');
      const bytes = await readBody(answer, limits, { watch: arrival.watch, hash });
      return {
        ok: true,
        bytes,
        sha256: toSha256(hash.digest('hex')),
        finalUrl: arrival.url.href,
        status: answer.status,
        headers: answer.headers,
        hops: arrival.hops,
        receivedBytes: arrival.watch.receivedBytes,
      };
    },
  });
}

async function checkStatus(answer: Answer, { watch }: Arrival, { client }: HttpDeps): Promise<void> {
  const { status, headers } = answer;
  const reason = reasonOfStatus(status);
  if (reason === null) return;
  await drain(answer, watch);
  const retryAfterMs = parseRetryAfterMs(headers['retry-after'], client.clock.nowMs());
  throw new Refused({ reason, detail: `status ${status}`, retryAfterMs });
}

function checkHeaders(
  { status, headers, headersDistinct }: Answer,
  { url }: Arrival,
  { onHeaders }: DownloadDeps,
): void {
  const refusal = onHeaders?.({ url, status, headers, headersDistinct }) ?? null;
  if (refusal !== null) throw new Refused(refusal);
}
