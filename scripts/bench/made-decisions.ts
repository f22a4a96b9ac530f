import { createHash } from 'node:crypto';
import { sql, type Kysely } from 'kysely';
import type { Workspace } from '../../src/app/open/workspace.ts';
import { CROP_ORDER } from '../../src/decision/decide.ts';
import { decisionFor } from '../../src/decision/judge.ts';
import type { NewDecision } from '../../src/decision/decision.ts';
import { storeDecisions } from '../../src/decision/decision.repository.ts';
import { filterPolicy } from '../../src/decision/policy.ts';
import { storeEvidence, type EvidenceToStore } from '../../src/evidence/evidence.repository.ts';
import { noEvidence, summariseCrop, type CropEvidence } from '../../src/evidence/evidence.ts';
import type { Database } from '../../src/platform/postgres/database.ts';
import { seededRandom, type Random } from '../../test/support/random.ts';

/** Share of the photos that models never get right: a little more than the paper's filter kept of its dragonflies. */
const HARD_SHARE = 0.115;
const PHOTOS_AT_ONCE = 500;
const CONFUSIONS = 12;

/**
 * Fills a catalogue with photos without bytes, made-up evidence, and the decisions that follow from it under the
 * collection's rules, to measure the code that reads them. The same count gives the same catalogue.
 */
export async function makeDecisions(
  workspace: Workspace,
  count: number,
  options: { readonly signal: AbortSignal; readonly onProgress: (done: number) => void },
): Promise<void> {
  const random = seededRandom(1);
  for (let first = 0; first < count; first += PHOTOS_AT_ONCE) {
    options.signal.throwIfAborted();
    const truths = Array.from({ length: Math.min(PHOTOS_AT_ONCE, count - first) }, () =>
      random.below(workspace.scope.wnids.length),
    );
    await makeBatch(workspace, { first, truths, random });
    options.onProgress(first + truths.length);
  }
  await sql`vacuum analyze`.execute(workspace.app.db);
}

async function makeBatch(
  workspace: Workspace,
  { first, truths, random }: { first: number; truths: readonly number[]; random: Random },
): Promise<void> {
  const { app, scope, ensemble } = workspace;
  const ids = await makePhotos(app.db, {
    names: truths.map((_, i) => `made ${first + i}`),
    wnids: truths.map((truth) => scope.wnids[truth] ?? ''),
  });
  const made = ids.map((photoId, i) => makeOne(workspace, { photoId, truth: truths[i] ?? 0, random }));
  await app.db.transaction().execute(async (trx) => {
    await storeEvidence(
      trx,
      made.map(({ evidence }) => evidence),
      ensemble.memberIds,
    );
    await storeDecisions(
      trx,
      scope,
      made.map(({ decision }) => decision),
    );
  });
}

/** Makes photos, pictures and candidates that are fetched. */
async function makePhotos(
  db: Kysely<Database>,
  { names, wnids }: { names: readonly string[]; wnids: readonly string[] },
): Promise<number[]> {
  const hashes = names.map((name) => createHash('sha256').update(name).digest());
  const { rows } = await sql<{ id: number }>`
    with n as (select * from unnest(${names}::text[], ${hashes}::bytea[], ${wnids}::text[]) with ordinality as n(name, sha256, wnid, at)),
    f as (
      insert into photo (sha256, format, width, height, bytes, exif_orientation, perceptual_hash, fine_hash)
      select sha256, 'jpeg', 640, 480, 100000, 1, substr(sha256, 9, 8), decode(repeat('01', 255), 'hex') from n returning id, sha256),
    p as (
      insert into picture (source, source_id, url, licence, state, photo_id)
      select 'urls', n.name, 'https://photos.invalid/' || n.at, 'CC0-1.0', 'fetched', f.id from n join f on f.sha256 = n.sha256
      returning id, source_id, photo_id),
    c as (insert into candidate (picture_id, wnid) select p.id, n.wnid from n join p on p.source_id = n.name)
    select p.photo_id as id from p join n on n.name = p.source_id order by n.at`.execute(db);
  return rows.map((row) => row.id);
}

/** Makes one photo's crops in the order of the schedule, until the photo is decided. */
function makeOne(
  { scope, ensemble, collection }: Workspace,
  { photoId, truth, random }: { photoId: number; truth: number; random: Random },
): { evidence: EvidenceToStore; decision: NewDecision } {
  const names = { wnids: scope.wnids, memberIds: ensemble.memberIds };
  const policy = filterPolicy(collection);
  const matrix: (CropEvidence | null)[][] = noEvidence(ensemble.memberIds.length).map((row) => [...row]);
  // As with real photos, a class is confused with a dozen others.
  const confusion = (truth + 1 + random.below(CONFUSIONS)) % scope.wnids.length;
  const photo = { isHard: random.next() < HARD_SHARE, truth, confusion, liking: 4 * random.next() };
  for (const crop of CROP_ORDER) {
    for (const row of matrix) {
      row[crop] = summariseCrop(logitsOf(photo, { classes: scope.wnids.length, random }), [truth]);
      const wnid = scope.wnids[truth] ?? '';
      const decision = decisionFor({ photoId, wnid, truth, evidence: matrix }, policy, names);
      if (decision !== null)
        return { evidence: { photoId, evidence: matrix, withLogits: decision.state === 'kept' }, decision };
    }
  }
  throw new Error('Expected a photo whose every crop is known to be decided');
}

interface Made {
  readonly isHard: boolean;
  readonly truth: number;
  readonly confusion: number;
  /** The logit of the true class of a hard photo. */
  readonly liking: number;
}

/** A hard photo looks like something else on every crop. Other photos show their class on four of ten crops. */
function logitsOf(
  { isHard, truth, confusion, liking }: Made,
  { classes, random }: { classes: number; random: Random },
): Float32Array {
  const logits = Float32Array.from({ length: classes }, () => 2 * random.next());
  logits[confusion] = 7 + 2 * random.next();
  logits[truth] = isHard ? liking + random.next() : 9 * random.next();
  if (!isHard && random.next() < 0.4) logits[truth] = 10;
  return logits;
}
