import { randomBytes } from 'node:crypto';
import { sql, type Kysely, type RawBuilder, type Transaction } from 'kysely';
import { isBrought, ofCollection } from '../filter/run/decision.repository.ts';
import type { Sha256, Wnid } from '../kernel/ids.ts';
import type { DecisionScope } from '../models/workspace/scope.ts';
import type { Database } from '../platform/postgres/database.ts';
import { STRATA, type StratumName } from '../kernel/strata.ts';
import type { DrawnPhoto } from './crawl-sample.ts';

/** A stratum as it was when a sample was drawn. */
export interface DrawnStratum {
  readonly name: StratumName;
  readonly photos: number;
  readonly drawn: number;
  /** A sum over the members' hashes: it changes with the members. */
  readonly members: string;
}

export interface CrawlSample {
  /** Photos asked for of each stratum. */
  readonly wanted: number;
  readonly strata: readonly DrawnStratum[];
  readonly decisionSha256: string;
  /** Drawn photos whose bytes were deleted: reviewers see them when they are fetched again. */
  readonly pruned: number;
}

const rules = ({ decisionSha256 }: DecisionScope): Buffer => Buffer.from(decisionSha256, 'hex');

/** SQL: the photos of the crawl, each with its stratum. */
function population(scope: DecisionScope): RawBuilder<unknown> {
  const { collectionId } = scope;
  return sql`(
    select d.wnid, d.photo_id, f.sha256, f.bytes_state,
      case when e.state = 'listed' then 'listed' when d.state = 'kept' then 'left-out' else d.reason end as stratum
    from decision d join photo f on f.id = d.photo_id
    left join shortlist_entry e on e.collection_id = d.collection_id and e.wnid = d.wnid and e.photo_id = d.photo_id
    where d.collection_id = ${collectionId} and d.decision_sha256 = ${rules(scope)} and ${ofCollection(scope, sql`d.wnid`)}
      and d.wnid in (select wnid from shortlist_entry where collection_id = ${collectionId} and state = 'listed')
      and (d.state = 'kept' and e.reason is distinct from 'near-duplicate' or d.state = 'dropped' and d.reason in ('correct', 'confident'))
      and ${isBrought(scope)})`;
}

/** The strata as they are now, all four, with the photos that the last sample drew. */
export async function currentStrata(db: Kysely<Database>, scope: DecisionScope): Promise<DrawnStratum[]> {
  const { rows } = await sql<DrawnStratum>`
    select n.name, count(m.photo_id) as photos, count(w.photo_id) as drawn,
      coalesce(sum(('x' || left(md5(m.wnid || encode(m.sha256, 'hex')), 15))::bit(60)::bigint), 0)::text as members
    from unnest(${Object.keys(STRATA)}::text[]) with ordinality as n(name, place) left join ${population(scope)} as m on m.stratum = n.name
    left join crawl_draw w on w.collection_id = ${scope.collectionId} and w.wnid = m.wnid and w.photo_id = m.photo_id and w.stratum = m.stratum
    group by n.name, n.place order by n.place`.execute(db);
  return rows;
}

/**
 * Draws up to `wanted` photos of each stratum but the listed one, in the order of their hashes with a seed. The seed stays, so a larger
 * sample contains a smaller one, and a sample of changed strata has as many of the photos that were reviewed as chance allows. 0: there
 * is no sample any more. Photos of earlier samples stay known: their verdicts never list them.
 */
export async function drawCrawlSample(trx: Transaction<Database>, scope: DecisionScope, wanted: number): Promise<void> {
  const { collectionId } = scope;
  await sql`update crawl_draw set stratum = null where collection_id = ${collectionId}`.execute(trx);
  if (wanted === 0) {
    await sql`delete from crawl_sample where collection_id = ${collectionId}`.execute(trx);
    return;
  }
  const seed = randomBytes(16).toString('hex');
  await sql`
    insert into crawl_sample (collection_id, seed, wanted, decision_sha256, strata)
    values (${collectionId}, ${seed}, ${wanted}, ${rules(scope)}, '[]')
    on conflict (collection_id) do update set (wanted, decision_sha256, drawn_at) = (excluded.wanted, excluded.decision_sha256, now())`.execute(
    trx,
  );
  await sql`
    insert into crawl_draw (collection_id, wnid, photo_id, stratum)
    select ${collectionId}, wnid, photo_id, stratum from (
      select m.*, row_number() over (partition by stratum order by sha256(convert_to(s.seed || wnid, 'UTF8') || sha256)) as place
      from ${population(scope)} as m cross join (select seed from crawl_sample where collection_id = ${collectionId}) as s
      where stratum <> 'listed') as ordered
    where place <= ${wanted}
    on conflict (collection_id, wnid, photo_id) do update set stratum = excluded.stratum`.execute(trx);
  const strata = JSON.stringify(await currentStrata(trx, scope));
  await sql`update crawl_sample set strata = ${strata}::jsonb where collection_id = ${collectionId}`.execute(trx);
}

export async function readCrawlSample(
  db: Kysely<Database>,
  { collectionId }: Pick<DecisionScope, 'collectionId'>,
): Promise<CrawlSample | null> {
  const { rows } = await sql<CrawlSample>`
    select wanted, strata, encode(decision_sha256, 'hex') as "decisionSha256",
      (select count(*) from crawl_draw w join photo f on f.id = w.photo_id
        where w.collection_id = ${collectionId} and w.stratum is not null and f.bytes_state <> 'stored') as pruned
    from crawl_sample where collection_id = ${collectionId}`.execute(db);
  return rows[0] ?? null;
}

/** The drawn photos that the filter keeps or drops by the rules of now, by class and SHA-256. */
export async function drawnPhotos(db: Kysely<Database>, scope: DecisionScope): Promise<DrawnPhoto[]> {
  const { rows } = await sql<DrawnPhoto>`
    select w.wnid, encode(f.sha256, 'hex') as sha256, d.state = 'kept' as "isKept", coalesce(d.max_true_prob, 0) as "maxTrueProb"
    from crawl_draw w join photo f on f.id = w.photo_id
    join decision d on d.collection_id = w.collection_id and d.wnid = w.wnid and d.photo_id = w.photo_id
    where w.collection_id = ${scope.collectionId} and w.stratum is not null and f.bytes_state = 'stored'
      and d.decision_sha256 = ${rules(scope)} and d.state in ('kept', 'dropped') and ${ofCollection(scope, sql`d.wnid`)}
    order by w.wnid collate "C", f.sha256`.execute(db);
  return rows;
}

export interface CrawlPhoto {
  readonly photoId: number;
  readonly wnid: Wnid;
  readonly sha256: Sha256;
  readonly stratum: StratumName;
  /** `unreviewed` without one. */
  readonly verdict: string;
  readonly hasBytes: boolean;
}

/** The listed photos of the crawl, and the drawn ones that are still in their stratum. */
export async function crawlPhotos(db: Kysely<Database>, scope: DecisionScope): Promise<CrawlPhoto[]> {
  const { rows } = await sql<CrawlPhoto>`
    select m.photo_id as "photoId", m.wnid, encode(m.sha256, 'hex') as sha256, m.stratum, coalesce(v.state, 'unreviewed') as verdict,
      m.bytes_state = 'stored' as "hasBytes"
    from ${population(scope)} as m
    left join crawl_draw w on w.collection_id = ${scope.collectionId} and w.wnid = m.wnid and w.photo_id = m.photo_id
    left join verdict v on v.collection_id = ${scope.collectionId} and v.wnid = m.wnid and v.sha256 = m.sha256
    where m.stratum = 'listed' or m.stratum = w.stratum
    order by m.wnid collate "C", m.sha256`.execute(db);
  return rows;
}
