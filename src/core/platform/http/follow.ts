import { type HttpFailure, Refused } from './http-outcome.ts';
import type { AddressGuard } from './address-guard.ts';
import { drain, exchange, StaleConnection, type HttpAnswer, type Carrier } from './exchange.ts';
import type { HttpDeps, HttpLimits, HttpRequest } from './request.ts';
import { portOf, shownUrl } from './url.ts';
import { RequestTimer } from './request-timer.ts';

export interface RequestPlan<T> {
  readonly request: HttpRequest;
  readonly limits: HttpLimits;
  readonly deps: HttpDeps;
  readonly carrier: Carrier;
  readonly acceptEncoding: string;
  /** If false, a redirect is accepted like any other answer. */
  readonly followsRedirects: boolean;
  /** Makes the result from the answer after the last redirect. It refuses the answer by throwing `Refused`. */
  accept(answer: HttpAnswer, arrival: Arrival): Promise<T>;
}

export interface Arrival {
  readonly timer: RequestTimer;
  /** The last URL, without credentials and fragment. */
  readonly url: URL;
}

interface Trail {
  readonly timer: RequestTimer;
  /** The current URL, without credentials and fragment. Null before the first hop. */
  url: URL | null;
  hops: number;
  status: number | null;
}

/**
 * Follows redirects until an answer is accepted or refused. Each hop is checked like the first. In the end no connection is
 * left open.
 *
 * @throws Interrupted, and the errors of `beforeRequest` and `accept` except `Refused`
 */
export async function follow<T>(plan: RequestPlan<T>): Promise<T | HttpFailure> {
  const timer = new RequestTimer(plan.limits.totalTimeoutMs, plan.deps.signal);
  const trail: Trail = { timer, url: null, hops: 0, status: null };
  try {
    return await walk(plan, trail);
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    return failureOf(error, trail);
  } finally {
    timer.close();
  }
}

async function walk<T>(plan: RequestPlan<T>, trail: Trail): Promise<T> {
  const { client } = plan.deps;
  const visited = new Set<string>();
  for (let target = plan.request.url; ; trail.hops += 1) {
    const url = resolveTarget(target, trail.url);
    if (trail.hops > plan.limits.maxRedirects || visited.has(url.href)) throw tooManyRedirects(trail, url);
    visited.add(url.href);
    trail.url = url;
    checkTarget(url, client.guard);
    const landing = await client.slots.run(url.origin, () => hop(url, plan, trail));
    if ('accepted' in landing) return landing.accepted;
    target = landing.location;
    trail.status = null;
  }
}

type Landing<T> = { readonly accepted: T } | { readonly location: string };

/** Sends one request to one URL. If the first meets a closed connection, sends it once more. */
async function hop<T>(url: URL, plan: RequestPlan<T>, trail: Trail): Promise<Landing<T>> {
  const visitOnce = async (): Promise<Landing<T>> => {
    trail.timer.signal.throwIfAborted();
    const refusal = (await plan.deps.beforeRequest?.(url)) ?? null;
    trail.timer.signal.throwIfAborted();
    if (refusal !== null) throw new Refused(refusal);
    return trail.timer.timed(() => visit(url, plan, trail));
  };
  try {
    return await visitOnce();
  } catch (error) {
    if (!(error instanceof StaleConnection)) throw error;
    return visitOnce();
  }
}

async function visit<T>(url: URL, plan: RequestPlan<T>, trail: Trail): Promise<Landing<T>> {
  const { timer } = trail;
  const { firstByteTimeoutMs } = plan.limits;
  const headers = headersFor(url, plan);
  const { carrier, deps } = plan;
  const answer = await exchange(url, { client: deps.client, carrier, headers, firstByteTimeoutMs, timer });
  trail.status = answer.status;
  try {
    const location = plan.followsRedirects ? redirectOf(answer) : null;
    if (location === null) return { accepted: await plan.accept(answer, { timer, url }) };
    await drain(answer, timer);
    return { location };
  } finally {
    answer.body.destroy();
  }
}

/** Headers that identify us are only sent to the origin that they were meant for. */
function headersFor(url: URL, { request, acceptEncoding }: RequestPlan<unknown>): Record<string, string> {
  const headers: Record<string, string> = { 'accept-encoding': acceptEncoding, ...request.headers };
  if (URL.parse(request.url)?.origin !== url.origin) {
    delete headers['authorization'];
    delete headers['cookie'];
  }
  return headers;
}

/** 300 and 304 are left out: 300 offers a choice, and 304 is not a redirect. */
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/** The target of a redirect, or null. Node reads headers as Latin-1, but servers write UTF-8. */
function redirectOf({ status, headers }: HttpAnswer): string | null {
  const location = headers['location'];
  return REDIRECTS.has(status) && location !== undefined ? Buffer.from(location, 'latin1').toString() : null;
}

function resolveTarget(target: string, from: URL | null): URL {
  const url = URL.parse(target, from?.href);
  if (url === null) {
    const where = from === null ? '' : ` in a redirect from ${shownUrl(from)}`;
    throw new Refused({
      reason: 'scheme-refused',
      detail: `Expected an http or https URL${where} but received another text`,
    });
  }
  url.username = '';
  url.password = '';
  url.hash = '';
  return url;
}

function checkTarget(url: URL, guard: AddressGuard): void {
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new Refused({
      reason: 'scheme-refused',
      detail: `Expected an http or https URL but received one with '${url.protocol}'`,
    });
  }
  const refused = guard.refusalOfHost(url.hostname, portOf(url));
  if (refused !== null) throw refused;
}

function tooManyRedirects({ hops }: Trail, url: URL): Refused {
  return new Refused({ reason: 'too-many-redirects', detail: `redirect ${hops} leads to ${shownUrl(url)}` });
}

function failureOf({ refusal }: Refused, trail: Trail): HttpFailure {
  const { reason, detail, retryAfterMs = null } = refusal;
  return {
    ok: false,
    reason,
    detail,
    status: trail.status,
    retryAfterMs,
    finalUrl: trail.url?.href ?? null,
    receivedBytes: trail.timer.receivedBytes,
  };
}
