import type { Site } from './dashboard.ts';
import { sendRevisionFile } from './handlers/revisions/file.ts';
import { sendRevisions } from './handlers/revisions/page.ts';
import { sendRevisionTar } from './handlers/revisions/tar.ts';
import { verifyOnServer } from './handlers/revisions/verify.ts';
import type { Route } from './route.ts';

const REVISIONS = '/c/:collection/revisions';

/** The revisions of a collection. Everybody who may see photos may have them. */
export const REVISION_ROUTES: readonly Route<[Site]>[] = [
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
