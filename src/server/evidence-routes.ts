import type { Site } from './dashboard.ts';
import { sendPreview } from './handlers/preview.ts';
import { sendClassReference } from './handlers/review/class-reference.ts';
import { sendEvidence } from './handlers/review/evidence.ts';
import { sendHeatmap } from './handlers/review/heatmap.ts';
import type { Route } from './route.ts';

const REVIEW = '/c/:collection/api/review';

/** What reviewers see beside a photo. */
export const EVIDENCE_ROUTES: readonly Route<[Site]>[] = [
  { method: 'GET', path: '/previews/:sha256', role: 'viewer', handle: sendPreview },
  { method: 'GET', path: `${REVIEW}/evidence/:wnid/:sha256`, role: 'viewer', handle: sendEvidence },
  { method: 'GET', path: `${REVIEW}/heatmap/:model/:wnid/:sha256`, role: 'viewer', handle: sendHeatmap },
  { method: 'GET', path: '/c/:collection/references/:wnid/:id', role: 'viewer', handle: sendClassReference },
];
