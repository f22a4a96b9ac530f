import { readerOf } from './access/access.ts';
import type { Site } from './dashboard.ts';
import { endSession, sendActivity } from './handlers/activity.ts';
import {
  sendClassReference,
  sendEvidence,
  sendHeatmap,
  sendPhoto,
  sendPreview,
  sendThumbnail,
} from './handlers/photos.ts';
import { logIn, logOut, sendLogIn } from './handlers/log-in.ts';
import { pause, retry, sendMetrics, sendQueues, sendReady, unpause } from './handlers/operate.ts';
import { openClass, sendAsset, sendExamples, sendLive, sendOverview, sendPage, sendSheet } from './handlers/pages.ts';
import { renewOnServer, sendReport, sendReportJson, sendReportTable } from './handlers/report.ts';
import {
  changeCriteria,
  chooseReviewer,
  lease,
  recordActions,
  sendAgreement,
  sendClassPage,
  sendClasses,
  sendCovers,
  sendFacets,
  sendIndex,
  sendRecent,
  sendRows,
  sendSetup,
} from './handlers/review.ts';
import { sendRevisionFile, sendRevisionTar, sendRevisions, verifyOnServer } from './handlers/revisions.ts';
import { PAGES } from './pages.tsx';
import type { Route } from './route.ts';

const REVIEW_API = '/c/:collection/api/review';
/** As many photos as a request may decide (`MOST_PHOTOS_AT_ONCE`), each with its SHA-256 and class. */
const ACTIONS_MAX_BYTES = 4 * 1024 * 1024;

/** Routes of the review pages. `src/review/desk/desk.ts` describes them. */
const REVIEW_ROUTES: readonly Route<[Site]>[] = [
  { method: 'GET', path: `${REVIEW_API}/setup`, role: 'viewer', handle: sendSetup },
  { method: 'POST', path: `${REVIEW_API}/reviewer`, role: 'reviewer', handle: chooseReviewer },
  { method: 'GET', path: `${REVIEW_API}/classes`, role: 'viewer', handle: sendClasses },
  { method: 'GET', path: `${REVIEW_API}/class/:wnid`, role: 'viewer', handle: sendClassPage },
  { method: 'POST', path: `${REVIEW_API}/criteria`, role: 'reviewer', handle: changeCriteria },
  { method: 'GET', path: `${REVIEW_API}/index`, role: 'viewer', handle: sendIndex },
  { method: 'GET', path: `${REVIEW_API}/facets`, role: 'viewer', handle: sendFacets },
  { method: 'GET', path: `${REVIEW_API}/covers`, role: 'viewer', handle: sendCovers },
  { method: 'POST', path: `${REVIEW_API}/rows`, role: 'viewer', handle: sendRows },
  { method: 'POST', path: `${REVIEW_API}/lease`, role: 'reviewer', handle: lease },
  {
    method: 'POST',
    path: `${REVIEW_API}/actions`,
    role: 'reviewer',
    maxBodyBytes: ACTIONS_MAX_BYTES,
    handle: recordActions,
  },
  { method: 'GET', path: `${REVIEW_API}/recent`, role: 'viewer', handle: sendRecent },
  { method: 'GET', path: `${REVIEW_API}/agreement`, role: 'viewer', handle: sendAgreement },
];

const EVIDENCE_ROUTES: readonly Route<[Site]>[] = [
  { method: 'GET', path: '/previews/:sha256', role: 'viewer', handle: sendPreview },
  { method: 'GET', path: `${REVIEW_API}/evidence/:wnid/:sha256`, role: 'viewer', handle: sendEvidence },
  { method: 'GET', path: `${REVIEW_API}/heatmap/:model/:wnid/:sha256`, role: 'viewer', handle: sendHeatmap },
  { method: 'GET', path: '/c/:collection/references/:wnid/:id', role: 'viewer', handle: sendClassReference },
];

const REPORT = '/c/:collection/report';

const REPORT_ROUTES: readonly Route<[Site]>[] = [
  { method: 'GET', path: REPORT, role: 'viewer', handle: sendReport },
  { method: 'POST', path: REPORT, role: 'operator', handle: renewOnServer },
  { method: 'GET', path: `${REPORT}/report.json`, role: 'viewer', handle: sendReportJson },
  { method: 'GET', path: `${REPORT}/csv/:file`, role: 'viewer', handle: sendReportTable },
];

const REVISIONS = '/c/:collection/revisions';

const REVISION_ROUTES: readonly Route<[Site]>[] = [
  { method: 'GET', path: REVISIONS, role: 'viewer', handle: sendRevisions },
  { method: 'GET', path: `${REVISIONS}/:id/revision.tar`, role: 'viewer', handle: sendRevisionTar },
  ...(['README.md', 'protocol.json'] as const).map((file): Route<[Site]> => {
    return {
      method: 'GET',
      path: `${REVISIONS}/:id/${file}`,
      role: 'viewer',
      handle: (exchange, site) => sendRevisionFile(exchange, site, file),
    };
  }),
  { method: 'POST', path: `${REVISIONS}/:id/verify`, role: 'operator', handle: verifyOnServer },
];

/** A person who mistypes a token has enough tries. A program that guesses has too few. */
const LOG_INS_PER_MINUTE = 10;

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

export function routesOf(site: Site): Route[] {
  return ROUTES.map((route) => ({ ...route, handle: (exchange) => route.handle(exchange, site) }));
}
