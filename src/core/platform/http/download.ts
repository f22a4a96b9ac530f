import { createHash } from 'node:crypto';
import { type Sha256, toSha256 } from '../../kernel/ids.ts';
import { type HttpFailure, type Refusal, Refused, reasonOfStatus } from './http-outcome.ts';
import type { BodyBuffers } from './body-buffers.ts';
import { readBody } from './body.ts';
import { drain, requireFile, type HttpAnswer } from './exchange.ts';
import { follow } from './follow.ts';
import type { HttpDeps, HttpLimits, HttpRequest } from './request.ts';

export interface Downloaded {
  readonly ok: true;
  /** From `buffers`, to which the caller may give it back. */
  readonly bytes: Buffer;
  readonly sha256: Sha256;
  /** The URL after redirects, without credentials and fragment. */
  readonly finalUrl: string;
  /** Bytes of bodies as they were sent, including those of redirects. */
  readonly receivedBytes: number;
}

export type DownloadResult = Downloaded | HttpFailure;

export interface DownloadDeps extends HttpDeps {
  /** Called for a 2xx answer before its body is read, to look for opt-outs. A refused body is not downloaded. */
  readonly onHeaders?: ((answer: HttpAnswer) => Refusal | null) | undefined;
  readonly buffers?: BodyBuffers | undefined;
}

/**
 * Downloads one file and hashes it on the way. Whatever the host does, the call returns a result within the limits.
 * Some servers send a compressed answer although none was asked for. It is decompressed, because the photo inside is
 * good.
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
      if (reasonOfStatus(answer.status) !== null) await drain(answer, arrival.timer);
      requireFile(answer, deps.client.clock);
      const refusal = deps.onHeaders?.(answer) ?? null;
      if (refusal !== null) throw new Refused(refusal);
      const hash = createHash('sha256');
      const bytes = await readBody(answer, limits, { timer: arrival.timer, hash, buffers: deps.buffers });
      return {
        ok: true,
        bytes,
        sha256: toSha256(hash.digest('hex')),
        finalUrl: arrival.url.href,
        receivedBytes: arrival.timer.receivedBytes,
      };
    },
  });
}
