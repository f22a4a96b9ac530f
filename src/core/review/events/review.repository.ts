import { sql, type Kysely, type Transaction } from 'kysely';
import { isLinked } from '../../crawl/candidates/link.repository.ts';
import { equalsIfGiven, streamRows } from '../../platform/postgres/query.ts';
import type { Database } from '../../platform/postgres/database.ts';
import { allowLongIdle } from '../../platform/postgres/transactions.ts';
import type { Wnid } from '../../kernel/ids.ts';
import { groupBy } from '../../kernel/group-by.ts';
import { subjectKey, type NewReviewEvent, type ReviewEvent, type Subject } from './event.ts';
import { drawChance } from '../../shortlist/second-pass.repository.ts';
import { opinionsWanted, verdictOf, type Verdict } from './verdict.ts';

export const EVENT = sql`e.id, to_char(e.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as at, e.reviewer, e.client, e.sequence,
  encode(e.sha256, 'hex') as sha256, e.wnid, e.kind, e.value, e.undoes`;

/** Keeps our lock apart from other advisory locks. */
const BULK_LOCK = 0x57_4e_42;

/** Serialises actions on several photos. Each locks its photos in several steps, so that two could deadlock. */
export async function lockBulks(trx: Transaction<Database>, collectionId: number): Promise<void> {
  await sql`select pg_advisory_xact_lock(${BULK_LOCK}::int, ${collectionId}::int)`.execute(trx);
}

/**
 * Makes another process that reviews one of these photos wait until this transaction ends. Rows are locked in one
 * order, so that two reviewers cannot deadlock.
 */
export async function lockSubjects(
  trx: Transaction<Database>,
  collectionId: number,
  subjects: readonly Subject[],
): Promise<void> {
  // Comparing a large table with the stored verdicts takes a while.
  await allowLongIdle(trx);
  const given = sql`jsonb_to_recordset(${JSON.stringify(subjects)}::jsonb) as s(sha256 text, wnid text)`;
  await sql`
    insert into verdict (collection_id, wnid, sha256)
    select distinct ${collectionId}::int, s.wnid, decode(s.sha256, 'hex') from ${given} order by 2, 3
    on conflict do nothing`.execute(trx);
  await sql`
    select 1 from verdict v join ${given} on v.wnid = s.wnid and v.sha256 = decode(s.sha256, 'hex')
    where v.collection_id = ${collectionId} order by v.wnid, v.sha256 for update of v`.execute(trx);
}

/** Appends events in their order, and skips those that were appended before. Returns how many are new. */
export async function insertEvents(
  trx: Transaction<Database>,
  collectionId: number,
  events: readonly NewReviewEvent[],
): Promise<number> {
  const { rows } = await sql`
    insert into review_event (collection_id, sha256, wnid, reviewer, client, sequence, kind, value, undoes, at)
    select ${collectionId}::int, decode(e.sha256, 'hex'), e.wnid, e.reviewer, e.client, e.sequence, e.kind, e.value, e.undoes,
      coalesce(e.at, clock_timestamp())
    from jsonb_to_recordset(${JSON.stringify(events)}::jsonb)
      as e(sha256 text, wnid text, reviewer text, client text, sequence int, kind text, value jsonb, undoes bigint, at timestamptz)
    order by e.sequence
    on conflict (collection_id, client, sequence) do nothing returning id`.execute(trx);
  return rows.length;
}

export async function eventsOf(
  db: Kysely<Database>,
  collectionId: number,
  subjects: readonly Subject[],
): Promise<ReviewEvent[]> {
  const { rows } = await sql<ReviewEvent>`
    select ${EVENT} from review_event e
    join jsonb_to_recordset(${JSON.stringify(subjects)}::jsonb) as s(sha256 text, wnid text)
      on e.wnid = s.wnid and e.sha256 = decode(s.sha256, 'hex')
    where e.collection_id = ${collectionId} order by e.id`.execute(db);
  return rows;
}

export function listEvents(db: Kysely<Database>, collectionId: number): AsyncGenerator<ReviewEvent> {
  return streamRows(
    db,
    sql<ReviewEvent>`select ${EVENT} from review_event e where e.collection_id = ${collectionId} order by e.id`,
  );
}

export function storedVerdict({ sha256, wnid, verdict }: Subject & { readonly verdict: Verdict }) {
  const { state, reason, reviews, tags, flagged } = verdict;
  const reviewers = reviews.map(({ reviewer }) => reviewer);
  return { sha256, wnid, state, reason, reviewers, tags, flagged, wanted: opinionsWanted(verdict) };
}

export async function storeVerdicts(
  trx: Transaction<Database>,
  collectionId: number,
  verdicts: readonly (Subject & { readonly verdict: Verdict })[],
): Promise<void> {
  const rows = verdicts.map(storedVerdict);
  await sql`
    update verdict v set state = n.state, reason = n.reason, reviewers = n.reviewers, wanted = n.wanted, tags = n.tags,
      is_flagged = n.flagged,
      accepted_on = case when n.state = 'accepted' then coalesce(v.accepted_on, (now() at time zone 'UTC')::date) end
    from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as n(
      sha256 text, wnid text, state text, reason text, reviewers text[], wanted int, tags text[], flagged bool)
    where v.collection_id = ${collectionId} and v.wnid = n.wnid and v.sha256 = decode(n.sha256, 'hex')`.execute(trx);
}

export interface VerdictFilter {
  readonly wnids: readonly Wnid[];
  readonly state?: string | undefined;
  readonly reason?: string | undefined;
  readonly source?: string | undefined;
  /** The share of photos that the second pass draws, 0..1. Default: none are drawn. */
  readonly secondPass?: number | undefined;
  readonly reviewers?: number;
}

export interface ReviewedPhoto extends Subject {
  /** True if it is on the shortlist now. A verdict on another photo does not count. */
  readonly isListed: boolean;
  /** True of a control, and of a photo of this or an earlier sample of the crawl. Agreement and acceptance leave them out. */
  readonly isControl: boolean;
  /** As `drawChance`. */
  readonly chance: number | null;
  readonly events: readonly ReviewEvent[];
}

/** Every listed or reviewed photo and control that passes the filter, by class and SHA-256. */
export function listReviewed(
  db: Kysely<Database>,
  collectionId: number,
  { wnids, state, reason, source, secondPass = 0, reviewers = 0 }: VerdictFilter,
): AsyncGenerator<ReviewedPhoto> {
  const [wnid, sha256] = [sql`coalesce(n.wnid, v.wnid)`, sql`coalesce(n.sha256, v.sha256)`];
  const photo = { collectionId: sql`${collectionId}::int`, wnid, sha256 };
  return streamRows(
    db,
    sql<ReviewedPhoto>`
    select l.wnid, encode(l.sha256, 'hex') as sha256, l."isListed", l."isControl", l.chance,
      (select coalesce(jsonb_agg(to_jsonb(o) order by o.id), '[]'::jsonb) from (
        select ${EVENT} from review_event e
        where e.collection_id = ${collectionId} and e.wnid = l.wnid and e.sha256 = l.sha256) as o) as events
    from (
      select ${wnid} as wnid, ${sha256} as sha256, coalesce(n.state = 'listed', false) as "isListed",
        case when n.state is null then exists (
            select 1 from crawl_draw w join photo f on f.id = w.photo_id
            where w.collection_id = ${collectionId} and w.wnid = v.wnid and f.sha256 = v.sha256)
          else n.state <> 'listed' end as "isControl",
        coalesce(v.state, 'unreviewed') as state, v.reason, ${drawChance(secondPass, photo)} as chance,
        coalesce(cardinality(v.reviewers), 0) as reviewers
      from (select s.wnid, f.sha256, s.state from shortlist_entry s join photo f on f.id = s.photo_id
        where s.collection_id = ${collectionId} and s.state <> 'left-out') as n
      full join (select * from verdict where collection_id = ${collectionId}) as v on v.wnid = n.wnid and v.sha256 = n.sha256
    ) as l
    where l.wnid = any(${wnids}::text[]) and ${equalsIfGiven('l.state', state)} and ${equalsIfGiven('l.reason', reason)}
      and l.reviewers >= ${reviewers}
      and (${source === undefined} or exists (
        select 1 from photo f join picture p on p.photo_id = f.id join candidate c on c.picture_id = p.id
        where f.sha256 = l.sha256 and c.wnid = l.wnid and c.refusal is null and p.source = ${source ?? ''} and ${isLinked(collectionId)}))
    order by l.wnid collate "C", l.sha256`,
  );
}

/** The further classes of the photos that have any, by photo and class. */
export async function furtherClasses(
  db: Kysely<Database>,
  collectionId: number,
): Promise<ReadonlyMap<string, readonly Wnid[]>> {
  const { rows } = await sql<Subject>`
    select distinct encode(sha256, 'hex') as sha256, wnid from review_event
    where collection_id = ${collectionId} and kind = 'also'`.execute(db);
  const events = groupBy(await eventsOf(db, collectionId, rows), subjectKey);
  return new Map([...events].map(([key, ofPhoto]) => [key, verdictOf(ofPhoto).alsoWnids]));
}

export async function listedAmong(
  db: Kysely<Database>,
  collectionId: number,
  subjects: readonly Subject[],
): Promise<Subject[]> {
  const { rows } = await sql<Subject>`
    select s.sha256, s.wnid from jsonb_to_recordset(${JSON.stringify(subjects)}::jsonb) as s(sha256 text, wnid text)
    join photo f on f.sha256 = decode(s.sha256, 'hex')
    join shortlist_entry e on e.collection_id = ${collectionId} and e.wnid = s.wnid and e.photo_id = f.id
    where e.state <> 'left-out'`.execute(db);
  return rows;
}

export async function listsMoreThan(db: Kysely<Database>, collectionId: number, photos: number): Promise<boolean> {
  const { rows } = await sql`
    select 1 from shortlist_entry where collection_id = ${collectionId} and state = 'listed' offset ${photos} limit 1`.execute(
    db,
  );
  return rows.length > 0;
}
