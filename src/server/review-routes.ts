import type { Site } from './dashboard.ts';
import { recordActions } from './handlers/review/actions.ts';
import { sendAgreement } from './handlers/review/agreement.ts';
import { sendClassPage } from './handlers/review/class-page.ts';
import { sendClasses } from './handlers/review/classes.ts';
import { sendCovers } from './handlers/review/covers.ts';
import { changeCriteria } from './handlers/review/criteria.ts';
import { sendFacets } from './handlers/review/facets.ts';
import { lease } from './handlers/review/lease.ts';
import { sendIndex } from './handlers/review/photo-index.ts';
import { sendRecent } from './handlers/review/recent.ts';
import { chooseReviewer } from './handlers/review/reviewer.ts';
import { sendRows } from './handlers/review/rows.ts';
import { sendSetup } from './handlers/review/setup.ts';
import type { Route } from './route.ts';

const API = '/c/:collection/api/review';
/** As many photos as a request may decide (`MOST_PHOTOS_AT_ONCE`), each with its SHA-256 and class. */
const ACTIONS_MAX_BYTES = 4 * 1024 * 1024;

/** What the pages of the review ask for: see `src/review/desk.ts`. */
export const REVIEW_ROUTES: readonly Route<[Site]>[] = [
  { method: 'GET', path: `${API}/setup`, role: 'viewer', handle: sendSetup },
  { method: 'POST', path: `${API}/reviewer`, role: 'reviewer', handle: chooseReviewer },
  { method: 'GET', path: `${API}/classes`, role: 'viewer', handle: sendClasses },
  { method: 'GET', path: `${API}/class/:wnid`, role: 'viewer', handle: sendClassPage },
  { method: 'POST', path: `${API}/criteria`, role: 'reviewer', handle: changeCriteria },
  { method: 'GET', path: `${API}/index`, role: 'viewer', handle: sendIndex },
  { method: 'GET', path: `${API}/facets`, role: 'viewer', handle: sendFacets },
  { method: 'GET', path: `${API}/covers`, role: 'viewer', handle: sendCovers },
  { method: 'POST', path: `${API}/rows`, role: 'viewer', handle: sendRows },
  { method: 'POST', path: `${API}/lease`, role: 'reviewer', handle: lease },
  {
    method: 'POST',
    path: `${API}/actions`,
    role: 'reviewer',
    maxBodyBytes: ACTIONS_MAX_BYTES,
    handle: recordActions,
  },
  { method: 'GET', path: `${API}/recent`, role: 'viewer', handle: sendRecent },
  { method: 'GET', path: `${API}/agreement`, role: 'viewer', handle: sendAgreement },
];
