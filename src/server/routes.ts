import { readerOf } from './access.ts';
import { EVIDENCE_ROUTES } from './evidence-routes.ts';
import { endSession } from './handlers/activity/end-session.ts';
import { sendActivity } from './handlers/activity/page.ts';
import { sendAsset } from './handlers/asset.ts';
import { sendExamples } from './handlers/examples.ts';
import { sendLive } from './handlers/live.ts';
import { sendLogIn } from './handlers/log-in-form.ts';
import { logIn } from './handlers/log-in.ts';
import { logOut } from './handlers/log-out.ts';
import { sendMetrics } from './handlers/metrics.ts';
import { openClass } from './handlers/open-class.ts';
import { sendOverview } from './handlers/overview.ts';
import { sendPage } from './handlers/page.ts';
import { pause } from './handlers/pause.ts';
import { sendPhoto } from './handlers/photo.ts';
import { sendQueues } from './handlers/queues.ts';
import { sendReady } from './handlers/ready.ts';
import { retry } from './handlers/retry.ts';
import { sendSheet } from './handlers/sheet.ts';
import { sendThumbnail } from './handlers/thumbnail.ts';
import { unpause } from './handlers/unpause.ts';
import { PAGES } from './pages.tsx';
import { REPORT_ROUTES } from './report-routes.ts';
import { REVIEW_ROUTES } from './review-routes.ts';
import { REVISION_ROUTES } from './revision-routes.ts';
import type { Route } from './route.ts';
import type { Site } from './dashboard.ts';

/** A person who mistypes a token has enough tries; they are no use to a program that guesses. */
const LOG_INS_PER_MINUTE = 10;

/** What the server answers, and the least role that may ask for it. */
export const ROUTES: readonly Route<[Site]>[] = [
  ...PAGES.map(({ path, ...page }): Route<[Site]> => {
    return { method: 'GET', path, role: 'viewer', handle: (exchange, site) => sendPage(exchange, site, page) };
  }),
  // An answer means that the process runs.
  { method: 'GET', path: '/health', role: null, handle: async () => ({ status: 'up' }) },
  { method: 'GET', path: '/ready', role: null, handle: sendReady },
  { method: 'GET', path: '/assets/:name', role: null, handle: sendAsset },
  { method: 'GET', path: '/favicon.ico', role: null, handle: async ({ reply }) => reply.code(204).send() },
  { method: 'GET', path: '/login', role: null, handle: sendLogIn },
  { method: 'POST', path: '/login', role: null, perMinute: LOG_INS_PER_MINUTE, handle: logIn },
  { method: 'POST', path: '/logout', role: null, handle: logOut },
  { method: 'GET', path: '/metrics', role: 'viewer', handle: sendMetrics },
  { method: 'GET', path: '/activity', role: 'operator', handle: sendActivity },
  { method: 'POST', path: '/activity/sessions/:id/end', role: 'operator', handle: endSession },
  { method: 'GET', path: '/queues', role: 'viewer', handle: sendQueues },
  { method: 'GET', path: '/queues/*', role: 'viewer', handle: sendQueues },
  { method: 'GET', path: '/photos/:sha256', role: 'viewer', handle: sendPhoto },
  { method: 'GET', path: '/thumbnails/:sha256', role: 'viewer', handle: sendThumbnail },
  ...EVIDENCE_ROUTES,
  {
    method: 'GET',
    path: '/api/collections',
    role: 'viewer',
    handle: (exchange, site) => site.readCards[readerOf(exchange, site)](),
  },
  { method: 'POST', path: '/api/retry/:reason', role: 'operator', handle: retry },
  {
    method: 'GET',
    path: '/c/:collection',
    role: 'viewer',
    handle: async ({ request, reply }) => reply.redirect(`${request.url.split('?', 1)[0]}/`, 303),
  },
  { method: 'GET', path: '/c/:collection/sheet/class', role: 'viewer', handle: openClass },
  { method: 'GET', path: '/c/:collection/sheet/*', role: 'viewer', handle: sendSheet },
  { method: 'GET', path: '/c/:collection/api/overview', role: 'viewer', handle: sendOverview },
  { method: 'GET', path: '/c/:collection/api/live', role: 'viewer', handle: sendLive },
  { method: 'GET', path: '/c/:collection/api/examples/:reason', role: 'viewer', handle: sendExamples },
  { method: 'POST', path: '/c/:collection/api/pause', role: 'operator', handle: pause },
  { method: 'POST', path: '/c/:collection/api/unpause', role: 'operator', handle: unpause },
  ...REVIEW_ROUTES,
  ...REVISION_ROUTES,
  ...REPORT_ROUTES,
];

/** The table for one server. */
export function routesOf(site: Site): Route[] {
  return ROUTES.map((route) => ({ ...route, handle: (exchange) => route.handle(exchange, site) }));
}
