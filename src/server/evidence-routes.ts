import type { Site } from './dashboard.ts';
import { sendPreview } from './handlers/preview.ts';
import type { Route } from './route.ts';

/** What reviewers see beside a photo. */
export const EVIDENCE_ROUTES: readonly Route<[Site]>[] = [
  { method: 'GET', path: '/previews/:sha256', role: 'viewer', handle: sendPreview },
];
