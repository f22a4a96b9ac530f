import { readFile } from 'node:fs/promises';
import path from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { buildShortlist } from '../../../../src/core/library/shortlist.process.ts';
import type { Progress } from '../../../../src/core/library/options.ts';
import { openLineLogger } from '../../../../src/core/platform/log/logger.ts';
import { candidate, decideAs, fetched, kept, photo, store, stored } from '../../../support/catalogue-fixtures.ts';
import { sha256Of } from '../../../support/sha256.ts';
import { repositoryRoot } from '../../../support/winnow.ts';
import { useDashboard } from '../../web/server/support.ts';

const LION_CLASS = 'n02129165';
const LION = path.join(repositoryRoot, 'test/fixtures/samples/photos/n02129165/lion-lying.jpg');
const { signal } = new AbortController();
const dashboard = useDashboard();

async function keepLion(): Promise<void> {
  const { db, blobs } = dashboard.app;
  const bytes = await readFile(LION);
  const sha256 = sha256Of(bytes);
  const { width, height } = await sharp(bytes).metadata();
  const { waiting } = await store(db, [candidate('lion', { wnid: LION_CLASS })]);
  const id = await stored(db, waiting[0] ?? 0, { ...photo('lion'), sha256, width, height, bytes: bytes.length });
  await blobs.put(sha256, bytes);
  await decideAs(db, dashboard.workspace.scope, [kept(id, LION_CLASS)]);
}

/** Photos whose bytes are lost. */
async function keepLost(names: readonly string[]): Promise<void> {
  const { db } = dashboard.app;
  for (const name of names) {
    const id = await fetched(db, [candidate(name, { wnid: LION_CLASS })], name);
    await decideAs(db, dashboard.workspace.scope, [kept(id, LION_CLASS)]);
  }
}

async function shortlist(reviewEvidence?: boolean): Promise<{ steps: Progress[]; lines: string[] }> {
  const { app, workspace } = dashboard;
  const lines: string[] = [];
  const steps: Progress[] = [];
  const log = openLineLogger('info', { write: (line) => lines.push(line.trim()) });
  const options = { reviewEvidence, signal, onProgress: (step: Progress) => steps.push(step) };
  await buildShortlist({ ...workspace, app: { ...app, log } }, options);
  return { steps: steps.filter(({ note }) => note === 'for reviewers'), lines };
}

describe('winnow shortlist', () => {
  it('leaves out the evidence for reviewers if asked to, and otherwise says before the first photo that it makes it', async () => {
    await keepLion();
    expect((await shortlist(false)).steps).toEqual([]);
    const step = { what: 'efficientnet-lite2', total: 1, note: 'for reviewers' };
    expect((await shortlist()).steps).toEqual([
      { ...step, done: 0 },
      { ...step, done: 1 },
    ]);
    expect((await shortlist()).steps).toEqual([]);
  });

  it('gives one warning about many photos whose bytes are lost, with their count', async () => {
    await keepLost(['a', 'b', 'c', 'd', 'e']);
    const { lines } = await shortlist(false);
    expect(lines.filter((line) => line.includes('the bytes of a listed photo are lost'))).toEqual([
      expect.stringMatching(/^winnow: warning: .*count 5, sha256 [0-9a-f]{64}/),
    ]);
  });
});
