import { Interrupted } from '../../kernel/errors.ts';
import { contentLengthOf, readBodyInto } from '../../platform/http/body.ts';
import { drain, requireFile, type HttpAnswer } from '../../platform/http/exchange.ts';
import { follow, type Arrival } from '../../platform/http/follow.ts';
import { Refused, type HttpFailure } from '../../platform/http/http-outcome.ts';
import type { HttpDeps, HttpLimits, HttpRequest } from '../../platform/http/request.ts';
import { conditionsOf, rangeCondition, versionOf, type RemoteVersion } from '../sources/remote-version.ts';
import { retryDelayMs } from '../sources/retry-policy.ts';
import { sleepUnlessAborted } from '../../runtime/open/outage.process.ts';

export interface RemoteFileDeps extends HttpDeps {
  readonly signal: AbortSignal;
  readonly limits: HttpLimits;
  /** False: a redirect is a failure. */
  readonly followsRedirects: boolean;
  /** False: bytes are passed on as they are sent, compressed if the server says so. */
  readonly decompress: boolean;
  /** Consecutive tries without any bytes after which the file is given up. */
  readonly maxAttempts: number;
  readonly random: () => number;
  readonly onRetry: (failure: HttpFailure) => void;
}

interface Beginning {
  readonly from: number;
  /** The version of the file that they belong to. `bytes`: the required length of the whole file. */
  readonly version: RemoteVersion;
}

/** Receives the bytes of a file. An error that it throws ends the download. */
export interface FileSink {
  /** Called before the bytes of each answer, with their offset (0 if the server sends all bytes again) and the file's version. */
  start(beginning: Beginning): void | Promise<void>;
  write(chunk: Buffer): void | Promise<void>;
}

interface OtherFile {
  readonly ok: false;
  readonly reason: 'other-file';
  readonly detail: string;
}

export type FileFailure = HttpFailure | OtherFile;

/** The limit is long, because a file of gigabytes over a slow line takes long. A connection that stands still ends earlier. */
const TOTAL_TIMEOUT_MS = 24 * 3_600_000;

/** Requests the first byte unless the version is still the known one. It does not use HEAD, which some servers do not support. */
export function identifyFile(
  url: string,
  known: RemoteVersion,
  deps: RemoteFileDeps,
): Promise<{ readonly ok: true; readonly version: RemoteVersion } | FileFailure> {
  const headers = { range: 'bytes=0-0', ...conditionsOf(known) };
  return persist(deps, {
    received: () => 0,
    ask: () =>
      requestFile({ url, headers }, deps, async (answer, { timer }) => {
        await drain(answer, timer);
        if (answer.status === 304) return { ok: true, version: known };
        if (answer.status !== 206) requireWholeFile(answer, deps);
        return { ok: true, version: { ...versionOf(answer.headers), bytes: totalBytesOf(answer, deps) } };
      }),
  });
}

/**
 * Requests the rest if a connection breaks (RFC 9110, 14: Range and If-Range). The caller must check that the bytes are
 * correct.
 *
 * @throws Interrupted if `deps.signal` is aborted, and the errors of the sink
 */
export function fetchFile(
  url: string,
  { from, version }: Beginning,
  { sink, ...deps }: RemoteFileDeps & { readonly sink: FileSink },
): Promise<{ readonly ok: true } | FileFailure> {
  let received = from;
  let condition = rangeCondition(version);
  return persist(deps, {
    received: () => received,
    ask: () => {
      const ifRange = condition === null ? {} : { 'if-range': condition };
      const headers = received === 0 ? {} : { range: `bytes=${received}-`, ...ifRange };
      return requestFile({ url, headers }, deps, async (answer, { timer }) => {
        const bytes = totalBytesOf(answer, deps);
        if (version.bytes !== null && bytes !== null && bytes !== version.bytes)
          return { ok: false, reason: 'other-file', detail: `the file there has ${bytes} bytes, not ${version.bytes}` };
        const start = startOf(answer, received, deps);
        const now = { ...versionOf(answer.headers), bytes };
        await sink.start({ from: start, version: now });
        received = start;
        condition = rangeCondition(now);
        const maxBytes = (version.bytes ?? Number.POSITIVE_INFINITY) - start;
        const take = async (chunk: Buffer): Promise<void> => {
          await sink.write(chunk);
          received += chunk.length;
        };
        await readBodyInto(take, answer, { limits: { ...deps.limits, maxBytes }, timer, decompress: deps.decompress });
        return { ok: true };
      });
    },
  });
}

function requestFile<T>(
  request: HttpRequest,
  deps: RemoteFileDeps,
  accept: (answer: HttpAnswer, arrival: Arrival) => Promise<T | OtherFile>,
): Promise<T | FileFailure> {
  const { followsRedirects } = deps;
  const limits = { ...deps.limits, totalTimeoutMs: TOTAL_TIMEOUT_MS };
  return follow({ request, limits, deps, carrier: 'got', acceptEncoding: 'identity', followsRedirects, accept });
}

async function persist<T extends { readonly ok: true }>(
  { signal, maxAttempts, random, onRetry }: RemoteFileDeps,
  { ask, received }: { readonly ask: () => Promise<T | FileFailure>; readonly received: () => number },
): Promise<T | FileFailure> {
  for (let attempt = 1; ; attempt += 1) {
    const before = received();
    const result = await ask();
    if (result.ok || result.reason === 'other-file') return result;
    if (received() > before) attempt = 1;
    const delayMs = retryDelayMs({ ...result, attempt, maxAttempts, random: random() });
    if (delayMs === null) return result;
    onRetry(result);
    await sleepUnlessAborted(delayMs, signal);
    if (signal.aborted) throw new Interrupted();
  }
}

function startOf(answer: HttpAnswer, wanted: number, deps: RemoteFileDeps): number {
  const { status, headers } = answer;
  if (status !== 206 && status !== 416) {
    requireWholeFile(answer, deps);
    return 0;
  }
  const range = headers['content-range'] ?? '';
  if (status === 206 && Number(/^bytes (\d+)-/i.exec(range)?.[1]) === wanted) return wanted;
  throw new Refused({ reason: 'short-body', detail: `status ${status} with the range '${range}'` });
}

function requireWholeFile(answer: HttpAnswer, { client, followsRedirects }: RemoteFileDeps): void {
  const to = followsRedirects ? undefined : answer.headers['location'];
  const hint = to === undefined ? '' : `, a redirect to ${to.slice(0, 200)}, which is not followed`;
  requireFile(answer, client.clock, hint);
}

/** The length of the whole file. Null if the server does not state it, or states that of the compressed bytes. */
function totalBytesOf({ status, headers }: HttpAnswer, { decompress }: RemoteFileDeps): number | null {
  if (status === 206 || status === 416) {
    const total = /^bytes (?:\d+-\d+|\*)\/(\d+)$/i.exec(headers['content-range']?.trim() ?? '')?.[1];
    return total === undefined ? null : Number(total);
  }
  if (status !== 200) return null;
  return decompress && (headers['content-encoding'] ?? 'identity') !== 'identity' ? null : contentLengthOf(headers);
}
