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
import {
  CSV_MAX_BYTES,
  sendChoices,
  sendGallery,
  sendGalleryCsv,
  sendSelectionCsv,
  sendTiles,
} from './handlers/gallery.ts';
import { offersOperations } from './operations.ts';
import { sendReviewingGuide } from './handlers/help.ts';
import { logIn, logOut, sendLogIn, showAnyway } from './handlers/log-in.ts';
import { pause, retry, sendJobs, sendMetrics, sendQueuesLive, sendReady, unpause } from './handlers/operate.ts';
import { beginOperation, previewExport, sendOperation, startOperation, stopOperation } from './handlers/operations.ts';
import {
  openClass,
  sendAsset,
  sendCollection,
  sendFailedHosts,
  sendLive,
  sendOverview,
  sendPage,
  sendSheet,
} from './handlers/pages.ts';
import { sendReport, sendReportJson, sendReportTable } from './handlers/report.ts';
import {
  changeCriteria,
  chooseReviewer,
  lease,
  recordActions,
  sendAgreement,
  sendClassPage,
  sendClassNames,
  sendClasses,
  sendCovers,
  sendFacets,
  sendIndex,
  sendRecent,
  sendRows,
  sendSetup,
} from './handlers/review.ts';
import { answerQuestion, sendQuestion } from './handlers/quiz.ts';
import { sendRevisionFile, sendRevisionTar, sendRevisions, verifyOnServer } from './handlers/revisions.ts';
import { sendWhatIf, sendWhatIfTable } from './handlers/what-if.ts';
import { COLLECTION_PAGE, PAGES } from './pages.tsx';
import type { Route } from './route.ts';

type SiteRoute = Route<[Site]>;

function get(path: string, role: SiteRoute['role'], handle: SiteRoute['handle']): SiteRoute {
  return { method: 'GET', path, role, handle };
}

function post(path: string, role: SiteRoute['role'], handle: SiteRoute['handle']): SiteRoute {
  return { method: 'POST', path, role, handle };
}

const REVIEW_API = '/c/:collection/api/review';
/** As many photos as a request may decide (`MOST_PHOTOS_AT_ONCE`), each with its SHA-256 and class. */
const ACTIONS_MAX_BYTES = 4 * 1024 * 1024;

/** Routes of the review pages. `src/core/review/desk/desk.ts` describes them. */
const REVIEW_ROUTES: readonly SiteRoute[] = [
  get(`${REVIEW_API}/setup`, 'viewer', sendSetup),
  post(`${REVIEW_API}/reviewer`, 'reviewer', chooseReviewer),
  get(`${REVIEW_API}/classes`, 'viewer', sendClasses),
  get(`${REVIEW_API}/class/:wnid`, 'viewer', sendClassPage),
  get(`${REVIEW_API}/names`, 'viewer', sendClassNames),
  post(`${REVIEW_API}/criteria`, 'reviewer', changeCriteria),
  get(`${REVIEW_API}/index`, 'viewer', sendIndex),
  get(`${REVIEW_API}/facets`, 'viewer', sendFacets),
  get(`${REVIEW_API}/covers`, 'viewer', sendCovers),
  post(`${REVIEW_API}/rows`, 'viewer', sendRows),
  post(`${REVIEW_API}/lease`, 'reviewer', lease),
  { ...post(`${REVIEW_API}/actions`, 'reviewer', recordActions), maxBodyBytes: ACTIONS_MAX_BYTES },
  get(`${REVIEW_API}/recent`, 'viewer', sendRecent),
  get(`${REVIEW_API}/agreement`, 'viewer', sendAgreement),
];

const EVIDENCE_ROUTES: readonly SiteRoute[] = [
  get('/previews/:sha256', 'viewer', sendPreview),
  get(`${REVIEW_API}/evidence/:wnid/:sha256`, 'viewer', sendEvidence),
  get(`${REVIEW_API}/heatmap/:model/:wnid/:sha256`, 'viewer', sendHeatmap),
  get('/c/:collection/references/:wnid/:id', 'viewer', sendClassReference),
];

const GALLERY_API = '/c/:collection/api/photos';

/** Routes of the gallery. `src/web/status/gallery.ts` describes them. */
const GALLERY_ROUTES: readonly SiteRoute[] = [
  get(GALLERY_API, 'viewer', sendGallery),
  post(`${GALLERY_API}/rows`, 'viewer', sendTiles),
  get(`${GALLERY_API}/choices`, 'viewer', sendChoices),
  get(`${GALLERY_API}/csv`, 'viewer', sendGalleryCsv),
  { ...post(`${GALLERY_API}/csv`, 'viewer', sendSelectionCsv), maxBodyBytes: CSV_MAX_BYTES },
];

const QUIZ_API = '/c/:collection/api/quiz';

/** Routes of the quiz page. `src/core/review/quiz/quiz.ts` describes them. */
const QUIZ_ROUTES: readonly SiteRoute[] = [
  post(`${QUIZ_API}/next`, 'reviewer', sendQuestion),
  post(`${QUIZ_API}/answers`, 'reviewer', answerQuestion),
];

const REPORT = '/c/:collection/report';

const REPORT_ROUTES: readonly SiteRoute[] = [
  get(REPORT, 'viewer', sendReport),
  get(`${REPORT}/report.json`, 'viewer', sendReportJson),
  get(`${REPORT}/csv/:file`, 'viewer', sendReportTable),
];

const REVISIONS = '/c/:collection/revisions';

const REVISION_ROUTES: readonly SiteRoute[] = [
  get(REVISIONS, 'viewer', sendRevisions),
  get(`${REVISIONS}/:id/revision.tar`, 'viewer', sendRevisionTar),
  ...(['README.md', 'protocol.json'] as const).map((file) =>
    get(`${REVISIONS}/:id/${file}`, 'viewer', (exchange, site) => sendRevisionFile(exchange, site, file)),
  ),
];

const OPERATION = '/c/:collection/api/operation';

/** Routes of the commands that operators start from a page: see `server.operations`. */
const OPERATION_ROUTES: readonly SiteRoute[] = [
  get(`${OPERATION}/live`, 'operator', sendOperation),
  get(`${OPERATION}/export`, 'operator', previewExport),
  post(`${OPERATION}/stop`, 'operator', stopOperation),
  post(`${OPERATION}/start/:operation`, 'operator', startOperation),
  post(`${REVISIONS}/:id/verify`, 'operator', verifyOnServer),
  post(REPORT, 'operator', (exchange, site) => beginOperation(exchange, site, { operation: 'report' })),
];

/** A person who mistypes a token has enough tries. A program that guesses has too few. */
const LOG_INS_PER_MINUTE = 10;

export const ROUTES: readonly SiteRoute[] = [
  ...PAGES.map(({ path, ...page }) => get(path, 'viewer', (exchange, site) => sendPage(exchange, site, page))),
  get(COLLECTION_PAGE.path, 'viewer', (exchange, site) => sendCollection(exchange, site, COLLECTION_PAGE)),
  // An answer means that the process runs.
  get('/health', null, async () => ({ status: 'up' })),
  get('/ready', null, sendReady),
  get('/assets/:name', null, sendAsset),
  get('/favicon.ico', null, async ({ reply }) => reply.code(204).send()),
  get('/login', null, sendLogIn),
  { ...post('/login', null, logIn), perMinute: LOG_INS_PER_MINUTE },
  post('/logout', null, logOut),
  get('/metrics', 'viewer', sendMetrics),
  get('/activity', 'operator', sendActivity),
  post('/activity/sessions/:id/end', 'operator', endSession),
  get('/queues/', 'viewer', async ({ reply }) => reply.redirect('/queues', 303)),
  get('/queues/jobs', 'operator', sendJobs),
  get('/queues/jobs/*', 'operator', sendJobs),
  get('/api/queues/live', 'viewer', sendQueuesLive),
  get('/help/reviewing', 'viewer', sendReviewingGuide),
  get('/photos/:sha256', 'viewer', sendPhoto),
  get('/thumbnails/:sha256', 'viewer', sendThumbnail),
  ...EVIDENCE_ROUTES,
  get('/api/collections', 'viewer', (exchange, site) => site.readCards[readerOf(exchange, site)]()),
  post('/api/retry/:reason', 'operator', retry),
  get('/c/:collection', 'viewer', async ({ request, reply }) =>
    reply.redirect(`${request.url.split('?', 1)[0]}/`, 303),
  ),
  get('/c/:collection/sheet/class', 'viewer', openClass),
  get('/c/:collection/sheet/*', 'viewer', sendSheet),
  get('/c/:collection/api/overview', 'viewer', sendOverview),
  get('/c/:collection/api/live', 'viewer', sendLive),
  get('/c/:collection/api/failed-hosts/:reason', 'viewer', sendFailedHosts),
  get('/c/:collection/api/what-if', 'viewer', sendWhatIf),
  get('/c/:collection/what-if.csv', 'viewer', sendWhatIfTable),
  post('/c/:collection/show-anyway', 'viewer', showAnyway),
  post('/c/:collection/api/pause', 'operator', pause),
  post('/c/:collection/api/unpause', 'operator', unpause),
  ...REVIEW_ROUTES,
  ...GALLERY_ROUTES,
  ...QUIZ_ROUTES,
  ...REVISION_ROUTES,
  ...REPORT_ROUTES,
  ...OPERATION_ROUTES,
];

export function routesOf(site: Site): Route[] {
  const isServed = (route: SiteRoute): boolean => offersOperations(site) || !OPERATION_ROUTES.includes(route);
  return ROUTES.filter(isServed).map((route) => ({ ...route, handle: (exchange) => route.handle(exchange, site) }));
}
