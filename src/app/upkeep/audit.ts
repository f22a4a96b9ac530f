import { sql, type Kysely } from 'kysely';
import { tallyProblems } from '../../candidate/tally.repository.ts';
import { NOT_FINITE_DETAIL } from '../../decision/not-finite.ts';
import { photoTallyProblems } from '../../funnel/photo-tally.repository.ts';
import { LOST_BYTES_CURE } from '../../kernel/blobs.ts';
import type { Sha256 } from '../../kernel/ids.ts';
import { bytesStateOf, photoHashes } from '../../photo/photo.repository.ts';
import type { Database } from '../../platform/postgres/database.ts';
import type { App } from '../open/app.ts';
import { lostAmong } from '../photos/lost-bytes.ts';

/** One thing that should hold of a data folder, and what was found against it. */
export interface AuditResult {
  readonly name: string;
  /** What was looked at. */
  readonly checked: number;
  /** Sentences, each naming what is wrong. */
  readonly problems: readonly string[];
}

const PHOTOS_PER_QUERY = 1_000;

/** `winnow doctor --deep`: every row against its bytes and the reverse, and decisions against their evidence. */
export async function auditDataFolder(app: App, signal: AbortSignal): Promise<AuditResult[]> {
  return [await auditPhotos(app, signal), await auditBlobs(app, signal), ...(await auditRows(app.db))];
}

/** Every photo row has its bytes, whole: they are read and hashed. */
async function auditPhotos({ db, blobs }: App, signal: AbortSignal): Promise<AuditResult> {
  const problems: string[] = [];
  let checked = 0;
  let after: Sha256 | null = null;
  while (!signal.aborted) {
    const page: { sha256: Sha256 }[] = await photoHashes(db, after, PHOTOS_PER_QUERY);
    for (const { sha256, detail } of await lostAmong(blobs, page, signal)) {
      // Unless it was pruned since the page was read.
      if ((await bytesStateOf(db, sha256)) === 'stored')
        problems.push(`the photo ${sha256} has lost its bytes (${detail}): ${LOST_BYTES_CURE}`);
    }
    checked += page.length;
    after = page.at(-1)?.sha256 ?? null;
    if (page.length < PHOTOS_PER_QUERY) break;
  }
  return { name: 'photos have their bytes', checked, problems };
}

/** Every file among the blobs belongs to a photo row. */
async function auditBlobs({ db, blobs }: App, signal: AbortSignal): Promise<AuditResult> {
  const problems: string[] = [];
  let checked = 0;
  for await (const { place, sha256, bytes, problem: unseen } of blobs.list()) {
    if (signal.aborted) break;
    checked += 1;
    if (sha256 === null && unseen !== null) problems.push(`${place} cannot be looked at: ${unseen}`);
    else if (sha256 === null)
      problems.push(`${place} (${bytes} bytes) is no blob: an interrupted write, or a stray file`);
    else {
      const problem = PROBLEMS_OF_STATE[(await bytesStateOf(db, sha256)) ?? 'none'];
      if (problem !== null) problems.push(`${place} ${problem}`);
    }
  }
  return { name: 'bytes belong to photos', checked, problems };
}

/** What is wrong with a file of bytes, by what the catalogue says of its photo. */
const PROBLEMS_OF_STATE = {
  stored: null,
  pruning: 'is of a photo that was to be pruned: an interrupted prune; winnow prune deletes it',
  pruned: 'is of a photo that was pruned: an interrupted crawl; crawling again takes it up, or else it may be deleted',
  none: 'belongs to no photo: an interrupted crawl; crawling again takes it up',
} as const;

const ROW_CHECKS: readonly { readonly name: string; readonly count: string; readonly offenders: string }[] = [
  {
    name: 'photos come from pictures',
    count: 'select count(*) as count from photo',
    offenders: `select 'the photo ' || encode(f.sha256, 'hex') || ' has no picture' as problem from photo f
      where f.bytes_state = 'stored' and not exists (select 1 from picture p where p.photo_id = f.id)
        and not exists (select 1 from notice n where n.sha256 = f.sha256)`,
  },
  {
    name: 'pictures are candidates',
    count: 'select count(*) as count from picture',
    offenders: `select 'the picture ' || p.source || ':' || p.source_id || ' is a candidate of no class' as problem from picture p
      where not exists (select 1 from candidate c where c.picture_id = p.id)`,
  },
  {
    name: 'decisions have their evidence',
    count: `select count(*) as count from decision where state <> 'failed'`,
    offenders: `select 'the photo ' || encode(f.sha256, 'hex') || ' was ' || d.state || ' for ' || k.name || ' without evidence' as problem
      from decision d join collection k on k.id = d.collection_id join photo f on f.id = d.photo_id
      where d.state <> 'failed' and d.reason is distinct from 'in-reference-set' and not exists (select 1 from evidence e where e.photo_id = d.photo_id)`,
  },
  {
    name: 'kept photos have every crop, with its logits',
    count: `select count(*) as count from decision where state = 'kept'`,
    offenders: `select 'the photo ' || encode(f.sha256, 'hex') || ' was kept for ' || k.name || ' on ' || count(e.crop) || ' crops' as problem
      from decision d join collection k on k.id = d.collection_id join photo f on f.id = d.photo_id
      left join evidence e on e.photo_id = d.photo_id and e.logits is not null
        and e.member_id in (select value::int from jsonb_array_elements_text(k.definition -> 'memberIds'))
      where d.state = 'kept' and d.decision_sha256 = k.decision_sha256
      group by f.sha256, d.state, k.name, k.definition having count(e.crop) < 10 * jsonb_array_length(k.definition -> 'memberIds')`,
  },
  {
    name: 'poison has ended processes twice, or got no finite numbers',
    count: `select count(*) as count from decision where reason = 'poison'`,
    offenders: `select 'the photo ' || encode(f.sha256, 'hex') || ' failed as poison for ' || k.name || ' but no two deaths are known; winnow retry --reason poison tries it again' as problem
      from decision d join collection k on k.id = d.collection_id join photo f on f.id = d.photo_id
      where d.reason = 'poison' and not starts_with(coalesce(d.detail, ''), '${NOT_FINITE_DETAIL}') and not exists (
        select 1 from suspect s where s.item = encode(f.sha256, 'hex') and jsonb_array_length(s.deaths) > 1)`,
  },
  {
    name: 'kept photos were not pruned',
    count: `select count(*) as count from decision where state = 'kept'`,
    offenders: `select 'the photo ' || encode(f.sha256, 'hex') || ' is kept for ' || k.name || ' but was pruned' as problem
      from decision d join collection k on k.id = d.collection_id join photo f on f.id = d.photo_id
      where d.state = 'kept' and d.decision_sha256 = k.decision_sha256 and f.bytes_state <> 'stored'`,
  },
  {
    name: 'listed photos are kept',
    count: 'select count(*) as count from shortlist_entry',
    offenders: `select 'the photo ' || encode(f.sha256, 'hex') || ' is on the shortlist of ' || k.name || ' but was not kept; winnow shortlist builds it anew' as problem
      from shortlist_entry e join collection k on k.id = e.collection_id join photo f on f.id = e.photo_id
      where not exists (select 1 from decision d where d.collection_id = e.collection_id and d.photo_id = e.photo_id and d.wnid = e.wnid and d.state = 'kept')`,
  },
];

async function auditRows(db: Kysely<Database>): Promise<AuditResult[]> {
  const results: AuditResult[] = [];
  for (const { name, count, offenders } of ROW_CHECKS) {
    const counted = await sql<{ count: number }>`${sql.raw(count)}`.execute(db);
    const { rows } = await sql<{ problem: string }>`${sql.raw(offenders)}`.execute(db);
    results.push({ name, checked: counted.rows[0]?.count ?? 0, problems: rows.map((row) => row.problem) });
  }
  const counted = await sql<{ count: number }>`select count(*) as count from candidate`.execute(db);
  const checked = counted.rows[0]?.count ?? 0;
  results.push({ name: 'the tally counts the candidates', checked, problems: await tallyProblems(db) });
  const photos = results.find(({ name }) => name === 'photos come from pictures')?.checked ?? 0;
  results.push({ name: 'the tally counts the photos', checked: photos, problems: await photoTallyProblems(db) });
  return results;
}
