import { renderToStaticMarkup } from 'preact-render-to-string';
import { describe, expect, it } from 'vitest';
import type { RevisionView } from '../../../../../src/core/export/revisions/revision.ts';
import { Verified } from '../../../../../src/web/pages/revisions/verified.tsx';
import { protocolOf } from '../../../../support/exported.ts';
import { sha256Of } from '../../../../support/sha256.ts';

const REVISION: RevisionView = {
  id: sha256Of('revision'),
  photos: 6,
  classes: 3,
  bytes: 6_000,
  path: '/exports/v1',
  madeAt: '2026-11-20T12:00:00.000Z',
  protocol: protocolOf(),
  verified: null,
  takenDown: 0,
  covers: [],
  folder: 'there',
  changes: null,
};

describe('the result of a verification on the page of revisions', () => {
  it('does not say that a revision was never verified, because the command can leave no record', () => {
    const html = renderToStaticMarkup(
      <Verified base="/c/birds/revisions/3f2a" revision={REVISION} canVerify={false} />,
    );
    expect(html).toContain('no result is kept');
    expect(html).not.toContain('not yet');
  });
});
