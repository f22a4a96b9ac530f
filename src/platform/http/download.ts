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
  /** The URL after redirects, without credentials and fragment. */
  readonly finalUrl: string;
  readonly status: number;
  /** Header names are in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** The number of redirects that were followed. */
  readonly hops: number;
  /** Bytes of bodies as they were sent, including those of redirects. */
  readonly receivedBytes: number;
}

export type DownloadResult = Downloaded | HttpFailure;

/** The status and headers of an answer, before its body is read. */
export interface ResponseHead extends Pick<Answer, 'status' | 'headers' | 'headersDistinct'> {
  readonly url: URL;
}

export interface DownloadDeps extends HttpDeps {
  /**
   * Called for a 2xx answer before its body is read, so that it can check the headers for opt-outs. A refused body is not
   * downloaded.
   */
  readonly onHeaders?: ((head: ResponseHead) => Refusal | null) | undefined;
}

/**
 * Downloads one file and hashes it on the way. Whatever the host does, the call returns a result within the limits. It does
 * not check that the file is a photo.
 *
 * The request asks for an uncompressed answer. Some servers send a compressed one all the same. It is decompressed within
 * `maxBytes`, because the photo inside is good.
 *
 * @throws Interrupted if `deps.signal` is aborted, and the errors of the callbacks
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
