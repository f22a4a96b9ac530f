import { sql, type Kysely } from 'kysely';
import { tallyProblems } from '../../crawl/candidates/tally.repository.ts';
import { NOT_FINITE_DETAIL } from '../../filter/engine/not-finite.ts';
import { dayTallyProblems } from '../../status/days.repository.ts';
import { firstCandidateProblems, photoTallyProblems } from '../../filter/run/tally-audit.repository.ts';
import type { Database } from '../../platform/postgres/database.ts';
import { verdictProblems } from '../../review/events/verdict-audit.repository.ts';

export interface AuditResult {
  readonly name: string;
  readonly checked: number;
  readonly problems: readonly string[];
  /** Photos that the next crawl puts right, because `winnow resume` was run. */
  readonly awaited?: number;
}

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
      left join counted_evidence e on e.photo_id = d.photo_id and e.logits is not null
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
    offenders: `select 'the photo ' || encode(f.sha256, 'hex') || ' is on the shortlist of ' || k.name || ' but was not kept; winnow shortlist builds it again' as problem
      from shortlist_entry e join collection k on k.id = e.collection_id join photo f on f.id = e.photo_id
      where not exists (select 1 from decision d where d.collection_id = e.collection_id and d.photo_id = e.photo_id and d.wnid = e.wnid
        and d.state = case when e.state in ('control', 'crawl-sample') and e.reason is null then 'dropped' else 'kept' end)`,
  },
];

/** `awaited`: photos that have no picture, because their bytes are lost and will be fetched again. */
export async function auditRows(db: Kysely<Database>, awaited: ReadonlySet<string>): Promise<AuditResult[]> {
  const results: AuditResult[] = [];
  for (const { name, count, offenders } of ROW_CHECKS) {
    const counted = await sql<{ count: number }>`${sql.raw(count)}`.execute(db);
    const { rows } = await sql<{ problem: string }>`${sql.raw(offenders)}`.execute(db);
    const problems = rows.map((row) => row.problem).filter((problem) => !isAwaited(problem, awaited));
    results.push({ name, checked: counted.rows[0]?.count ?? 0, problems });
  }
  const counted = await sql<{ count: number }>`select count(*) as count from candidate`.execute(db);
  const checked = counted.rows[0]?.count ?? 0;
  results.push({ name: 'the tally counts the candidates', checked, problems: await tallyProblems(db) });
  const photos = results.find(({ name }) => name === 'photos come from pictures')?.checked ?? 0;
  results.push({ name: 'the tally counts the photos', checked: photos, problems: await photoTallyProblems(db) });
  results.push({ name: 'the tally counts the days', checked, problems: await dayTallyProblems(db) });
  results.push({
    name: 'the first candidate of each photo is marked',
    checked,
    problems: await firstCandidateProblems(db),
  });
  results.push({ name: 'verdicts follow from their events', ...(await verdictProblems(db)) });
  return results;
}

function isAwaited(problem: string, awaited: ReadonlySet<string>): boolean {
  const photo = /^the photo ([\da-f]{64}) has no picture$/.exec(problem)?.[1];
  return photo !== undefined && awaited.has(photo);
}
