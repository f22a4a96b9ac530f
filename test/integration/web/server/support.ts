import http, { type IncomingHttpHeaders } from 'node:http';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll } from 'vitest';
import { openApp, type App } from '../../../../src/core/runtime/open/app.process.ts';
import { openWorkspace, type Workspace } from '../../../../src/core/models/workspace/workspace.process.ts';
import { usableCollection } from '../../../../src/core/collection/collection.process.ts';
import { loadConfig } from '../../../../src/core/config/load-config.ts';
import type { Config } from '../../../../src/core/config/settings.ts';
import { openLogger } from '../../../../src/core/platform/log/logger.ts';
import { tokenHoldersOf } from '../../../../src/web/server/access/access.ts';
import { loadAssets, type Assets } from '../../../../src/web/server/assets.ts';
import type { Collection } from '../../../../src/core/collection/collection.ts';
import { openSite } from '../../../../src/web/server/dashboard.ts';
import { routesOf } from '../../../../src/web/server/routes.ts';
import { sessionKeyOf } from '../../../../src/core/runtime/open/session-key.repository.ts';
import { startWebServer } from '../../../../src/web/server/web-server.ts';
import { useDatabase } from '../../../support/database.ts';

const root = path.resolve(import.meta.dirname, '../../../..');
const log = openLogger({ level: 'silent', format: 'json' }, process.stderr);

/** Bundling the pages takes half a second, so all servers of a test process share the result. */
let assets: Promise<Assets> | undefined;

export interface Tokens {
  readonly operator: string | null;
  readonly reviewer: string | null;
  readonly viewer: string | null;
  readonly people?: Config['server']['people'];
}

export const NO_TOKENS: Tokens = { operator: null, reviewer: null, viewer: null };

interface Served {
  readonly host?: string;
  /** The name for reviews of clients that have chosen none. */
  readonly reviewer?: string | null;
  readonly trustProxy?: readonly string[];
  readonly maxConnections?: number;
  readonly basePath?: string;
  /** The collection of `--collection`; by default that of the demo. */
  readonly named?: Collection;
}

export interface DashboardTests {
  readonly app: App;
  readonly workspace: Workspace;
  /** A server on a port of its own; closed at the end of the file. Resolves in its URL. */
  serve(tokens: Tokens, served?: Served): Promise<string>;
}

/**
 * The demo collection on an empty catalogue of this file's own; to be used inside tests and hooks.
 *
 * @param services settings by environment name, told once the tests begin
 */
export function useDashboard(services: () => Promise<Record<string, string>> = async () => ({})): DashboardTests {
  const database = useDatabase();
  const closers: (() => Promise<void> | void)[] = [];
  let opened: { readonly app: App; readonly workspace: Workspace } | undefined;
  const get = (): { readonly app: App; readonly workspace: Workspace } => {
    if (opened === undefined) throw new Error('Expected the dashboard to be used inside a test or hook');
    return opened;
  };
  beforeAll(async () => {
    const dataDir = await mkdtemp(path.join(tmpdir(), 'winnow-server-'));
    closers.push(() => rm(dataDir, { recursive: true }));
    const { config } = await loadConfig({ env: { WINNOW_POSTGRES_URL: database.url, ...(await services()) } });
    const app = await openApp({ config, dataDir, clientName: 'server', log });
    closers.push(() => app.close());
    opened = { app, workspace: await openWorkspace(app, (await usableCollection('demo')).collection) };
  });
  afterAll(async () => {
    for (const close of closers.toReversed()) await close();
  });
  return {
    get app() {
      return get().app;
    },
    get workspace() {
      return get().workspace;
    },
    async serve(
      { operator, viewer, people = {}, ...roles },
      { host = '127.0.0.1', reviewer = null, named = get().workspace.collection, ...limits } = {},
    ) {
      const nowMs = (): number => Date.now();
      const { app } = get();
      const configOf = async () => app.config;
      const tokens = tokenHoldersOf({ token: operator, reviewerToken: roles.reviewer, viewerToken: viewer, people });
      const access = { tokens, sessionKey: await sessionKeyOf(app.db) };
      assets ??= loadAssets(root, null);
      const site = openSite(app, { ...access, nowMs, named, configOf, assets: await assets, flags: flagsOf(app) });
      closers.push(() => site.close());
      await site.collections.open(named.name);
      const routes = routesOf(site);
      const allowedHosts = ['winnow.lab.example'];
      const { sessions, failedLogIns } = site;
      const server = await startWebServer({
        ...access,
        ...limits,
        sessions,
        failedLogIns,
        host,
        port: 0,
        allowedHosts,
        reviewer,
        log,
        routes,
        nowMs,
      });
      closers.push(() => server.close());
      return server.url;
    },
  };
}

/** Commands that a server starts find its catalogue by these. */
function flagsOf({ dataDir, connection }: App): { readonly data: string; readonly set: readonly string[] } {
  return { data: dataDir, set: [`postgres.url=${connection.url}`] };
}

export interface Answered {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface Asked {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string | Buffer;
}

/** As `fetch`, which would not send these headers. */
export async function ask(
  server: string,
  target: string,
  { method = 'GET', headers = {}, body }: Asked = {},
): Promise<Answered> {
  const { hostname, port } = new URL(server);
  return new Promise((resolve, reject) => {
    const request = http.request({ hostname, port, path: target, method, headers, agent: false });
    request.once('error', reject);
    request.once('response', (response) => {
      void text(response).then((all) =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: all }),
      );
    });
    request.end(body);
  });
}

/** As `ask`, until the page of a collection has its numbers: on a busy machine the server sends it before it has read them. */
export async function askFilled(server: string, target: string, asked: Asked = {}): Promise<Answered> {
  const answer = await ask(server, target, asked);
  return answer.body.includes('Reading the catalogue') ? askFilled(server, target, asked) : answer;
}

export const bearer = (token: string): { headers: Record<string, string> } => ({
  headers: { authorization: `Bearer ${token}` },
});
/** Options of a server that is started without a site. */
export const ON_LOOPBACK = {
  host: '127.0.0.1',
  port: 0,
  tokens: [],
  sessionKey: Buffer.alloc(32),
  allowedHosts: [],
  reviewer: null,
};
export const FORM = { 'content-type': 'application/x-www-form-urlencoded' };
export const JSON_BODY = { 'content-type': 'application/json' };
