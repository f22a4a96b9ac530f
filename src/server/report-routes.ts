import type { Site } from './dashboard.ts';
import { sendReportJson, sendReportTable } from './handlers/report/files.ts';
import { sendReport } from './handlers/report/page.ts';
import { renewOnServer } from './handlers/report/renew.ts';
import type { Route } from './route.ts';

const REPORT = '/c/:collection/report';

/** The report of a collection. Everybody who may see photos may read it. */
export const REPORT_ROUTES: readonly Route<[Site]>[] = [
  { method: 'GET', path: REPORT, role: 'viewer', handle: sendReport },
  { method: 'POST', path: REPORT, role: 'operator', handle: renewOnServer },
  { method: 'GET', path: `${REPORT}/report.json`, role: 'viewer', handle: sendReportJson },
  { method: 'GET', path: `${REPORT}/csv/:file`, role: 'viewer', handle: sendReportTable },
];
