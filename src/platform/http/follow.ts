import type { HttpFailure } from '../../source/http-outcome.ts';
import type { AddressGuard } from './address-guard.ts';
import { drain, exchange, StaleConnection, type Answer, type Carrier } from './exchange.ts';
import { Refused } from './refused.ts';
import type { HttpDeps, HttpLimits, HttpRequest } from './request.ts';
import { portOf, shownUrl } from './url.ts';
import { Watch } from './watch.ts';

/** What is asked for, and what is to become of the answer. */
export interface Plan<T> {
  readonly request: HttpRequest;
  readonly limits: HttpLimits;
  readonly deps: HttpDeps;
  readonly carrier: Carrier;
  readonly acceptEncoding: string;
  /** Whether a redirect is followed, or accepted as an answer like any other. */
  readonly followsRedirects: boolean;
  /** Makes the result from the answer at the end of the redirects; refuses it by throwing `Refused`. */
  accept(answer: Answer, arrival: Arrival): Promise<T>;
}

/** The end of the redirects. */
export interface Arrival {
  readonly watch: Watch;
  /** Without credentials and fragment. */
  readonly url: URL;
  /** Redirects followed. */
  readonly hops: number;
}

/** Where a request has got to. */
interface Trail {
  readonly watch: Watch;
  /** Without credentials and fragment. Null before the first hop. */
  url: URL | null;
  /** Redirects followed. */
  hops: number;
  /** Of the last answer. */
  status: number | null;
}

/**
 * Walks from redirect to redirect, checking each hop as if it were the first, until an answer is accepted or refused.
 * Nothing that it opened is left open.
 *
 * @throws Interrupted; what `beforeRequest` and `accept` throw, but for `Refused`
 */
export async function follow<T>(plan: Plan<T>): Promise<T | HttpFailure> {
  const watch = new Watch(plan.limits.totalTimeoutMs, plan.deps.signal);
  const trail: Trail = { watch, url: null, hops: 0, status: null };
  try {
    return await walk(plan, trail);
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    return failureOf(error, trail);
  } finally {
    watch.close();
  }
}

async function walk<T>(plan: Plan<T>, trail: Trail): Promise<T> {
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

/** One request to one URL; another one if the first met a connection that was no more. */
async function hop<T>(url: URL, plan: Plan<T>, trail: Trail): Promise<Landing<T>> {
  const visitOnce = async (): Promise<Landing<T>> => {
    trail.watch.signal.throwIfAborted();
    const refusal = (await plan.deps.beforeRequest?.(url)) ?? null;
    trail.watch.signal.throwIfAborted();
    if (refusal !== null) throw new Refused(refusal);
    return trail.watch.timed(() => visit(url, plan, trail));
  };
  try {
    return await visitOnce();
  } catch (error) {
    if (!(error instanceof StaleConnection)) throw error;
    return visitOnce();
  }
}

async function visit<T>(url: URL, plan: Plan<T>, trail: Trail): Promise<Landing<T>> {
  const { watch } = trail;
  const { firstByteTimeoutMs } = plan.limits;
  const headers = headersFor(url, plan);
  const { carrier, deps } = plan;
  const answer = await exchange(url, { client: deps.client, carrier, headers, firstByteTimeoutMs, watch });
  trail.status = answer.status;
  try {
    const location = plan.followsRedirects ? redirectOf(answer) : null;
    if (location === null) return { accepted: await plan.accept(answer, { watch, url, hops: trail.hops }) };
    await drain(answer, watch);
    return { location };
  } finally {
    answer.body.destroy();
  }
}

/** What tells who we are stays with the origin that it was meant for. */
function headersFor(url: URL, { request, acceptEncoding }: Plan<unknown>): Record<string, string> {
  const headers: Record<string, string> = { 'accept-encoding': acceptEncoding, ...request.headers };
  if (URL.parse(request.url)?.origin !== url.origin) {
    delete headers['authorization'];
    delete headers['cookie'];
  }
  return headers;
}

/** 300 offers a choice and 304 is no redirect. */
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/** Node reads headers as Latin-1; servers write UTF-8. */
function redirectOf({ status, headers }: Answer): string | null {
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
    receivedBytes: trail.watch.receivedBytes,
  };
}
