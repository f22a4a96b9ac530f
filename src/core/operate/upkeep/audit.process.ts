import pLimit from 'p-limit';
import { SHARDS } from '../../platform/blobs/shards.ts';
import { LOST_BYTES_CURE } from '../../kernel/blobs.ts';
import type { Sha256 } from '../../kernel/ids.ts';
import { awaitedPhotos } from '../../photo/lost-bytes.repository.ts';
import { photoFacts, photoHashes, storedInShard } from '../../photo/photo.repository.ts';
import { listTakedowns } from '../../photo/takedown.repository.ts';
import type { App } from '../../runtime/open/app.process.ts';
import { lostAmong } from '../../photo/lost-bytes.process.ts';
import { auditRows, type AuditResult } from './audit-rows.repository.ts';

type Audited = Pick<App, 'db' | 'blobs'>;

const PHOTOS_PER_QUERY = 1_000;

/** The checks of `winnow doctor --deep`, of rows, bytes, decisions and verdicts. */
export async function auditDataFolder(app: Audited, signal: AbortSignal): Promise<AuditResult[]> {
  const awaited = new Set<Sha256>();
  const photos = await auditPhotos(app, signal, awaited);
  return [photos, await auditBlobs(app, signal), ...(await auditRows(app.db, awaited))];
}

/** Reads and hashes the bytes of every photo. `awaited` gets those without bytes that the next crawl fetches again. */
async function auditPhotos({ db, blobs }: Audited, signal: AbortSignal, awaited: Set<Sha256>): Promise<AuditResult> {
  const problems: string[] = [];
  let checked = 0;
  let after: Sha256 | null = null;
  while (!signal.aborted) {
    const page: { sha256: Sha256 }[] = await photoHashes(db, after, PHOTOS_PER_QUERY);
    const lost = await lostAmong(blobs, page, signal);
    for (const sha256 of await awaitedPhotos(db, lost)) awaited.add(sha256);
    for (const { sha256, detail } of lost) {
      if (awaited.has(sha256)) continue;
      // The photo may have been pruned since the page was read.
      if ((await photoFacts(db, sha256))?.bytes_state === 'stored')
        problems.push(`the photo ${sha256} has lost its bytes (${detail}): ${LOST_BYTES_CURE}`);
    }
    checked += page.length;
    after = page.at(-1)?.sha256 ?? null;
    if (page.length < PHOTOS_PER_QUERY) break;
  }
  return { name: 'photos have their bytes', checked, problems, awaited: awaited.size };
}

async function auditBlobs({ db, blobs }: Audited, signal: AbortSignal): Promise<AuditResult> {
  const problems: string[] = [];
  const takenDown = new Set((await listTakedowns(db)).map(({ sha256 }) => sha256));
  let checked = 0;
  for await (const { place, sha256, bytes, problem: unseen } of blobs.list()) {
    if (signal.aborted) break;
    checked += 1;
    if (sha256 === null && unseen !== null) problems.push(`${place} cannot be read: ${unseen}`);
    else if (sha256 === null)
      problems.push(`${place} (${bytes} bytes) is no blob: an interrupted write, or a stray file`);
    else {
      const state = (await photoFacts(db, sha256))?.bytes_state ?? (takenDown.has(sha256) ? 'taken-down' : 'none');
      const problem = PROBLEMS_OF_STATE[state];
      if (problem !== null) problems.push(`${place} ${problem}`);
    }
  }
  return { name: 'bytes belong to photos', checked, problems };
}

/** The problem with a blob file, by the state of its photo in the catalogue. Null if it is fine. */
const PROBLEMS_OF_STATE = {
  stored: null,
  pruning: 'is of a photo that was to be pruned: an interrupted prune; winnow prune deletes it',
  pruned:
    'is of a photo that was pruned: an interrupted crawl; the next crawl uses the file, otherwise you may delete it',
  'taken-down': 'was taken down: an interrupted takedown; the next winnow takedown deletes it',
  none: 'belongs to no photo: an interrupted crawl; the next crawl uses it',
} as const;

const LISTED_AT_ONCE = 8;
const EXAMPLES = 3;

/** Photos that should have bytes but have no blob of their size, except those that are fetched again. Lists blobs, reads none. */
export async function photosWithoutBlobs(
  { db, blobs }: Pick<App, 'db' | 'blobs'>,
  signal: AbortSignal,
): Promise<{ readonly lost: number; readonly examples: readonly Sha256[] }> {
  const ofShards = await pLimit(LISTED_AT_ONCE).map(SHARDS, async (shard) => {
    if (signal.aborted) return [];
    // Bytes come before their row, so a photo that is stored meanwhile has them.
    const photos = await storedInShard(db, shard);
    if (photos.size === 0) return [];
    for await (const { sha256, bytes } of blobs.list(shard))
      if (sha256 !== null && photos.get(sha256) === bytes) photos.delete(sha256);
    if (photos.size === 0) return [];
    const lacking = [...photos.keys()];
    const awaited = await awaitedPhotos(
      db,
      lacking.map((sha256) => ({ sha256 })),
    );
    // A photo may have been pruned since its row was read.
    const now = await storedInShard(db, shard);
    return lacking.filter((sha256) => now.has(sha256) && !awaited.has(sha256));
  });
  const lost = ofShards.flat();
  return { lost: lost.length, examples: lost.slice(0, EXAMPLES) };
}
