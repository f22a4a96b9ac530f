import { readdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { createBullBoard } from '@bull-board/api';
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
import { Queue } from 'bullmq';
import type { BoardAnswer, QueueBoard, QueueSettings } from '../../kernel/job.ts';
import { connectQueue, type BullBackend, type BullQueue } from './bullmq-queue.ts';

type ServerAdapter = Parameters<typeof createBullBoard>[0]['serverAdapter'];
type ApiRoute = Parameters<ServerAdapter['setApiRoutes']>[0][number];

const MEDIA_TYPES: Readonly<Record<string, string>> = {
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
};

const DESCRIPTION = 'Jobs that wait and run. The page of a collection and `winnow jobs` show those that ended.';

/**
 * Only what bull-board (https://github.com/felixmosh/bull-board) answers to GET is there, because queues only deliver: the
 * catalogue says what to do again.
 */
export async function openBullBoard(definitions: readonly QueueSettings[], backend: BullBackend): Promise<QueueBoard> {
  const queues = definitions.map((definition) => connectQueue(definition, backend));
  const registered: Registered = {
    queues: new Map(),
    uiConfig: {},
    viewsFolder: '',
    staticFolder: '',
    pages: [],
    routes: [],
  };
  createBullBoard({
    queues: queues.map(
      (queue) => new WaitingAndRunning(whole(queue), { readOnlyMode: true, description: DESCRIPTION }),
    ),
    serverAdapter: registering(registered),
    options: {
      uiBasePath: path.dirname(createRequire(import.meta.url).resolve('@bull-board/ui/package.json')),
      uiConfig: {
        boardTitle: 'winnow queues',
        hideDocsLink: true,
        // The funnel page lists the processes at work.
        showWorkers: false,
        miscLinks: [{ text: 'Collections', url: '../../' }],
      },
    },
  });
  const entry = await readFile(path.join(registered.viewsFolder, 'index.ejs'), 'utf8');
  const files = await filesIn(registered.staticFolder);
  return {
    page: {
      scripts: [...entry.matchAll(/<script [^>]*src="([^"]+)"/g)].map(([, src = '']) => src),
      styles: [...entry.matchAll(/<link href="(static\/[^"]+)" rel="stylesheet"/g)].map(([, href = '']) => href),
      icon: 'static/favicon-32x32.png',
      config: registered.uiConfig,
    },
    async answer(at, query) {
      const file = files.get(at);
      const mediaType = MEDIA_TYPES[path.extname(at)];
      if (file !== undefined && mediaType !== undefined)
        return { kind: 'file', bytes: await readFile(file), mediaType };
      return answerOf(registered, at, query);
    },
    async close() {
      for (const queue of queues) await queue.close();
    },
  };
}

/** Leaves out the tabs that stay empty, because our queues delete a job as soon as it ends. */
class WaitingAndRunning extends BullMQAdapter {
  override getJobStatuses(): ReturnType<BullMQAdapter['getJobStatuses']> {
    return super.getJobStatuses().filter((status) => status !== 'completed' && status !== 'failed');
  }
}

/** Returns the queue as the BullMQ class that `connectQueue` made. The rest of the program uses a narrower type. */
function whole(queue: BullQueue): Queue {
  if (queue instanceof Queue) return queue;
  throw new TypeError('Expected a queue of BullMQ');
}

/** Files by request path. No other file is served. */
async function filesIn(folder: string): Promise<Map<string, string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return new Map(
    entries
      .filter((entry) => entry.isFile())
      .map((entry) => path.join(entry.parentPath, entry.name))
      .map((file) => [`/static/${path.relative(folder, file).replaceAll(path.sep, '/')}`, file]),
  );
}

interface Registered {
  queues: Parameters<ServerAdapter['setQueues']>[0];
  uiConfig: Parameters<ServerAdapter['setUIConfig']>[0];
  viewsFolder: string;
  staticFolder: string;
  pages: readonly string[];
  routes: readonly ApiRoute[];
}

function registering(registered: Registered): ServerAdapter {
  const note = (changes: Partial<Registered>): ServerAdapter => {
    Object.assign(registered, changes);
    return adapter;
  };
  const adapter: ServerAdapter = {
    setQueues: (queues) => note({ queues }),
    setUIConfig: (uiConfig) => note({ uiConfig }),
    setViewsPath: (viewsFolder) => note({ viewsFolder }),
    setStaticPath: (_route, staticFolder) => note({ staticFolder }),
    setEntryRoute: ({ route }) => note({ pages: [route].flat() }),
    setApiRoutes: (routes) => note({ routes: routes.filter(({ method }) => method === 'get') }),
    // The caller reports errors of a handler.
    setErrorHandler: () => note({}),
  };
  return adapter;
}

/** Asks by path: the pages, and the routes to GET. Null if there is no such path. */
async function answerOf(
  { queues, uiConfig, pages, routes }: Registered,
  at: string,
  query: Readonly<Record<string, unknown>>,
): Promise<BoardAnswer | null> {
  if (pages.some((page) => paramsOf(page, at) !== null)) return { kind: 'page' };
  for (const route of routes) {
    const params = paramsOf(String(route.route), at);
    if (params === null) continue;
    const request = { queues, uiConfig, params, query: { ...query }, body: {}, headers: {} };
    const { status = 200, body } = await route.handler(request);
    return { kind: 'data', status, body };
  }
  return null;
}

/** The parts of a path that a pattern such as `/queue/:name` calls by name; null if it is not of that pattern. */
function paramsOf(pattern: string, at: string): Record<string, string> | null {
  const names = pattern.split('/');
  const parts = at.split('/');
  if (names.length !== parts.length) return null;
  const params: Record<string, string> = {};
  for (const [i, name] of names.entries()) {
    const part = parts[i] ?? '';
    if (name.startsWith(':') && part !== '') params[name.slice(1)] = decodeURIComponent(part);
    else if (name !== part) return null;
  }
  return params;
}
