import { setTimeout as sleep } from 'node:timers/promises';
import helmet from '@fastify/helmet';
import rateLimit from '@fastify/rate-limit';
import { fastify, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { asTyped } from '../../core/kernel/command-text.ts';
import { StaleAction } from '../../core/review/events/stale.ts';
import { codeOf, messageOf, UsageError, withoutCodes } from '../../core/kernel/errors.ts';
import type { Role } from '../../core/kernel/people.ts';
import type { Logger } from '../../core/platform/log/logger.ts';
import { STATEMENT_ENDED } from '../../core/platform/postgres/transactions.ts';
import { mayAct, reviewerNameOf, type Access, type Person, type Visitor } from './access/access.ts';
import { addBasePath, withBasePath, withoutBasePath } from './base-path.ts';
import { compressTexts } from './limits/compress.ts';
import { limitConnections } from './limits/connection-limit.ts';
import { countedTokens, personOf } from './access/visitor.ts';
import type { FailedLogIns } from './access/failed-log-ins.ts';
import { statusOf } from './error-status.ts';
import { problemPage } from './pages.tsx';
import {
  limitJson,
  BODY_TOO_LARGE,
  largeBodyPlaces,
  SMALL_BODY_BYTES,
  TOO_MANY_LARGE,
  tooLargeText,
  refuseUnstorableText,
} from './limits/bodies.ts';
import { UNKNOWN_COLLECTION } from './collections.ts';
import { Hidden } from './review-requests.ts';
import { paramOf, wantsPage, type Route } from './route.ts';
import { isLoopback, refusalOf } from './access/same-site.ts';
import { proxyTest } from './access/trusted-proxies.ts';
import type { Sessions } from './access/sessions.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Null before the person is known, and for routes without a role. */
    role: Role | null;
  }
}

export interface WebServerOptions extends Access {
  readonly host: string;
  /** 0 for any free port. */
  readonly port: number;
  /** Names besides addresses and `localhost` under which people reach the server; lower case, without port. */
  readonly allowedHosts: readonly string[];
  /** Addresses and networks of proxies whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed. Default: none. */
  readonly trustProxy?: readonly string[];
  /** The path below which a proxy serves the pages, such as `/tools/winnow`. Default: none. */
  readonly basePath?: string;
  /** Most connections that are open at the same time. Default: 1,000. */
  readonly maxConnections?: number;
  /** The name for the reviews of clients that have chosen none, on a server without tokens. Null if pages ask for it. */
  readonly reviewer: string | null;
  readonly log: Logger;
  readonly routes: readonly Route[];
  /** Sessions that have not been ended. By default no session counts, as on a server without tokens. */
  readonly sessions?: Sessions;
  readonly failedLogIns?: FailedLogIns;
  readonly nowMs: () => number;
}

export interface WebServer {
  /** With the base path. */
  readonly url: string;
  /** Takes no more requests, and waits a short time for those in progress, also for those whose client is gone. */
  close(): Promise<void>;
}

const REQUEST_TIMEOUT_MS = 30_000;
/** A connection on which nothing moves for this long is closed, such as one of a client that does not read its answer. */
const SILENCE_MS = 300_000;
const MAX_CONNECTIONS = 1_000;
/** A person's readings take seconds. */
const RETRY_AFTER_S = 5;
/** Requests in progress have this long when the server closes. It is less than a worker has to drain. */
const CLOSE_WITHIN_MS = 3_000;
/** Scripts, styles and pictures of this server only; nothing inline, nowhere framed. */
const CONTENT_SECURITY_POLICY = {
  useDefaults: false,
  directives: {
    defaultSrc: ["'none'"],
    scriptSrc: ["'self'"],
    styleSrc: ["'self'"],
    imgSrc: ["'self'"],
    connectSrc: ["'self'"],
    formAction: ["'self'"],
    baseUri: ["'none'"],
    frameAncestors: ["'none'"],
  },
} as const;

/**
 * Serves each route to those whose role suffices, and to requests of the server's own pages only.
 * @throws UsageError `server-token` if other machines could reach it without a token; `server-address`
 */
export async function startWebServer(options: WebServerOptions): Promise<WebServer> {
  const { host, port, trustProxy = [], basePath = '', maxConnections = MAX_CONNECTIONS, log } = options;
  requireToken(options);
  const isProxy = proxyTest(trustProxy);
  const app = fastify({
    bodyLimit: SMALL_BODY_BYTES,
    requestTimeout: REQUEST_TIMEOUT_MS,
    connectionTimeout: SILENCE_MS,
    trustProxy: trustProxy.length > 0 && isProxy,
    rewriteUrl: ({ url = '/' }) => withoutBasePath(url, basePath),
    // Also those that the router itself refuses, before any hook.
    frameworkErrors: (error, _request, reply) =>
      void answerError(reply.header('x-content-type-options', 'nosniff'), error.statusCode ?? 400, {
        error: error.message,
        basePath,
      }),
  });
  await app.register(helmet, {
    contentSecurityPolicy: CONTENT_SECURITY_POLICY,
    crossOriginResourcePolicy: { policy: 'same-origin' },
    // With `no-referrer` a browser would also hide the origin of our own forms from us.
    referrerPolicy: { policy: 'same-origin' },
    // The proxy that ends TLS in front of this server sets it.
    strictTransportSecurity: false,
    xFrameOptions: { action: 'deny' },
  });
  await app.register(rateLimit, { global: false });
  limitConnections(app.server, { maxConnections, isProxy, log });
  limitJson(app);
  refuseUnstorableText(app);
  addBasePath(app, basePath, options.routes);
  compressTexts(app);
  // The form to log in; bounded like every body.
  app.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (_request, body, done) =>
    done(null, Object.fromEntries(new URLSearchParams(body.toString()))),
  );
  app.decorateRequest('role', null);
  addGuards(app, options);
  const handling = new Set<Promise<unknown>>();
  const check = countedTokens(app, options);
  const takeLargePlace = largeBodyPlaces();
  for (const route of options.routes) addRoute(app, countedIn(handling, route), { ...options, check, takeLargePlace });
  try {
    return { url: (await app.listen({ host, port })) + basePath, close: () => closeServer(app, handling) };
  } catch (error) {
    await app.close();
    throw addressRefused(host, port, error);
  }
}

function addressRefused(host: string, port: number, error: unknown): UsageError {
  const message =
    codeOf(error) === 'EADDRINUSE'
      ? `Cannot listen on '${host}', port ${port}: another program does, perhaps \`winnow server\` or \`winnow review\` in another terminal. Use that one, end it, or choose another port with --set server.port=N (0: any free one).`
      : `Cannot listen on '${host}', port ${port}: ${messageOf(error)}. Choose others with server.host and server.port.`;
  return new UsageError(message, { code: 'server-address', cause: error });
}

/**
 * A request in progress is answered. A client that reads or sends too slowly is cut off. Fastify does not wait for a request
 * whose client has hung up, such as a page that gives its leases back while it closes. Its handler still uses the catalogue.
 */
async function closeServer(app: FastifyInstance, handling: ReadonlySet<Promise<unknown>>): Promise<void> {
  const late = setTimeout(() => app.server.closeAllConnections(), CLOSE_WITHIN_MS);
  await app.close();
  clearTimeout(late);
  await Promise.race([Promise.allSettled(handling), sleep(CLOSE_WITHIN_MS, undefined, { ref: false })]);
}

/** The same route. The set holds the handler's promise until it settles. */
function countedIn(handling: Set<Promise<unknown>>, route: Route): Route {
  const handle: Route['handle'] = async (exchange) => {
    const work = Promise.resolve(route.handle(exchange)).finally(() => handling.delete(work));
    handling.add(work);
    return work;
  };
  return { ...route, handle };
}

function requireToken({ host, tokens, trustProxy = [] }: WebServerOptions): void {
  if (tokens.length > 0 || (isLoopback(host) && trustProxy.length === 0)) return;
  const [why, instead] = isLoopback(host)
    ? [`behind the proxy '${trustProxy.join(', ')}' (server.trustProxy)`, 'remove server.trustProxy']
    : [`on '${host}'`, 'listen on 127.0.0.1'];
  throw new UsageError(
    `Expected a token to listen ${why}, which other machines reach, but there is none; set server.token (WINNOW_TOKEN) or server.people, or ${instead}`,
    { code: 'server-token' },
  );
}

function addGuards(app: FastifyInstance, { allowedHosts, trustProxy = [], log }: WebServerOptions): void {
  app.addHook('onRequest', async (request, reply) => {
    const { method, headers } = request;
    const protocol = trustProxy.length === 0 ? null : request.protocol;
    const refusal = refusalOf({ method, headers, protocol }, allowedHosts);
    if (refusal !== null) await answerError(reply, 403, refusal);
  });
  app.addHook('onSend', async (request, reply) => {
    // Counts and photos are of the moment, and for the person who logged in.
    if (!reply.hasHeader('cache-control')) reply.header('cache-control', 'no-store');
    if (request.protocol === 'https') secureCookies(reply);
  });
  app.setNotFoundHandler((request, reply) =>
    answerError(reply, 404, `There is nothing at ${request.method} ${pathOf(request)}`),
  );
  app.setErrorHandler((error, request, reply) => {
    const status = statusOf(error);
    // Failures inside the server are for the log, not for the client.
    if (status >= 500) log.error({ path: pathOf(request), reason: messageOf(error) }, 'a request failed');
    if (status === 429 && !reply.hasHeader('retry-after')) reply.header('retry-after', RETRY_AFTER_S);
    const isTooLarge = codeOf(error) === BODY_TOO_LARGE;
    const refusal = isTooLarge ? tooLargeText(request) : messageOf(error);
    const message = status < 500 ? refusal : codeOf(error) === STATEMENT_ENDED ? TOOK_TOO_LONG : FAILED;
    const details = {
      stale: error instanceof StaleAction ? error.stale : undefined,
      showAnyway: error instanceof Hidden ? error.showAnyway : undefined,
    };
    return answerError(reply, status, { error: message, code: status >= 500 ? undefined : codeOf(error), ...details });
  });
}

/** A browser sends these cookies over TLS only. */
function secureCookies(reply: FastifyReply): void {
  const cookies = [reply.getHeader('set-cookie') ?? []].flat();
  reply.removeHeader('set-cookie');
  for (const cookie of cookies) reply.header('set-cookie', `${cookie}; Secure`);
}

interface RouteOptions extends WebServerOptions {
  readonly check: ReturnType<typeof countedTokens>;
  readonly takeLargePlace: ReturnType<typeof largeBodyPlaces>;
}

function addRoute(app: FastifyInstance, route: Route, { check, takeLargePlace, ...options }: RouteOptions): void {
  app.route({
    method: route.method,
    url: route.path,
    ...(route.maxBodyBytes === undefined ? {} : { bodyLimit: route.maxBodyBytes }),
    ...(route.perMinute === undefined ? {} : { config: { rateLimit: { max: route.perMinute, timeWindow: 60_000 } } }),
    onRequest: async (request, reply) => {
      const needed = route.role;
      if (needed === null) return;
      const person = await check(request, reply);
      request.role = person?.role ?? null;
      if (person === null && request.headers.authorization !== undefined)
        await options.failedLogIns?.note(request.ip, 'Authorization');
      if (await refuse(person, { needed, request, reply })) return;
      if (!(await takeLargePlace(request, reply)))
        await answerError(reply.header('retry-after', 5), 503, TOO_MANY_LARGE);
    },
    handler: async (request, reply) => {
      // Routes without a role must work without the catalogue, such as the one that reports whether it answers.
      const person = route.role === null ? null : await personOf(request, options);
      // The session may have ended while the body came.
      if (route.role !== null && (await refuse(person, { needed: route.role, request, reply }))) return reply;
      if (typeof person?.session === 'string') options.sessions?.cutWhenEnded(person.session, reply.raw);
      return route.handle({ request, reply, ...clientOf(person, request, options) });
    },
  });
}

function clientOf(person: Visitor | null, { headers }: FastifyRequest, options: WebServerOptions) {
  if (person === null) return { role: null, reviewer: null, hasNamedToken: false, session: null };
  const { role, name, session } = person;
  return { role, reviewer: reviewerNameOf(person, headers.cookie, options), hasNamedToken: name !== null, session };
}

/** Sends a refusal if the person may not use the route. Returns true if it has. */
async function refuse(
  person: Person | null,
  { needed, request, reply }: { needed: NonNullable<Route['role']>; request: FastifyRequest; reply: FastifyReply },
): Promise<boolean> {
  if (person === null) await askToLogIn(request, reply);
  else if (!mayAct(person.role, needed))
    await answerError(reply, 403, `Expected the role '${needed}' but yours is '${person.role}'`);
  else return false;
  return true;
}

function askToLogIn(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  if (request.method === 'GET' && wantsPage(request)) {
    const to = request.url === '/' ? '' : `?to=${encodeURIComponent(request.url)}`;
    return reply.redirect(`/login${to}`, 303);
  }
  reply.header('www-authenticate', 'Bearer');
  return answerError(
    reply,
    401,
    'Expected a token (Authorization: Bearer TOKEN) or a session but received none that is valid',
  );
}

/** `showAnyway`: where a form can be sent that shows what is refused. `basePath`: of an answer that no hook sees. */
interface Problem {
  readonly error: string;
  readonly code?: string | undefined;
  readonly stale?: StaleAction['stale'] | undefined;
  readonly showAnyway?: string | undefined;
  readonly basePath?: string;
}

function answerError(reply: FastifyReply, status: number, problem: string | Problem): FastifyReply {
  const { request } = reply;
  const { error, basePath = '', ...rest }: Problem = typeof problem === 'string' ? { error: problem } : problem;
  const answer = { error: asTyped(withoutCodes(error)), ...rest };
  if (!wantsPage(request)) return reply.code(status).send(answer);
  const { showAnyway: action } = answer;
  const { role } = request;
  const collection = rest.code === UNKNOWN_COLLECTION ? null : paramOf(request, 'collection') || null;
  const showAnyway = action === undefined || request.method !== 'GET' ? null : { action, to: request.url };
  const page = problemPage(answer.error, { collection, role, showAnyway });
  return reply.code(status).header('content-type', 'text/html; charset=utf-8').send(withBasePath(page, basePath));
}

const TOOK_TOO_LONG = 'The catalogue needed too long for this (server.statementTimeoutMs); try again later';
const FAILED = 'The server failed at this; its log says how';

/** Without the query, which may hold anything. */
function pathOf(request: FastifyRequest): string {
  return request.url.split('?', 1)[0]?.slice(0, 200) ?? '';
}
