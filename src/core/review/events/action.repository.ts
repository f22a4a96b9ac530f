import { sql, type Kysely, type RawBuilder, type Transaction } from 'kysely';
import type { Database } from '../../platform/postgres/database.ts';
import { MOST_PHOTOS_AT_ONCE, type ActionRef, type ReviewActionStored } from '../desk/desk.ts';
import type { Subject } from './event.ts';

export interface ActionAuthor {
  readonly collectionId: number;
  readonly reviewer: string;
}

/** The client of the events of a bulk action, whose sequence numbers count its photos. Clients of tabs have no slash. */
export const bulkClient = ({ client, sequence }: ActionRef): string => `${client}/${sequence}`;

export interface ActionEvent extends Subject {
  readonly id: number;
  readonly kind: string;
  readonly value: object | null;
  readonly undoes: number | null;
}

type ActionPart = ActionRef & { readonly part?: number | undefined };

/** The stored events of an action, by id. Empty if nothing was stored for it, or if it is of another reviewer. */
export async function eventsOfAction(
  db: Kysely<Database>,
  actor: ActionAuthor,
  action: ActionPart,
): Promise<ActionEvent[]> {
  const { rows } = await sql<ActionEvent>`
    select e.id, e.kind, e.value, e.undoes, encode(e.sha256, 'hex') as sha256, e.wnid
    from review_event e where ${isOfAction(actor, action)} order by e.id`.execute(db);
  return rows;
}

export async function countStored(db: Kysely<Database>, actor: ActionAuthor, action: ActionRef): Promise<number> {
  const { rows } = await sql<{ stored: number }>`
    select count(*) as stored from review_event e where ${isOfAction(actor, action)}`.execute(db);
  return rows[0]?.stored ?? 0;
}

function isOfAction({ collectionId, reviewer }: ActionAuthor, { part, ...action }: ActionPart): RawBuilder<unknown> {
  const isOfPart = sql`e.sequence >= ${firstOfPart(part)} and e.sequence < ${firstOfPart((part ?? 1) + 1)}`;
  return sql`e.collection_id = ${collectionId} and e.reviewer = ${reviewer}
    and (e.client = ${action.client} and e.sequence = ${action.sequence} or e.client = ${bulkClient(action)})
    and ${part === undefined ? sql`true` : isOfPart}`;
}

/** The number of the first event of a part of a bulk action, or of an action that has one part. */
export const firstOfPart = (part = 1): number => (part - 1) * MOST_PHOTOS_AT_ONCE + 1;

export async function hasReviewed(db: Kysely<Database>, { collectionId, reviewer }: ActionAuthor): Promise<boolean> {
  const { rows } = await sql<{ has: boolean }>`
    select exists(select 1 from review_event where collection_id = ${collectionId} and reviewer = ${reviewer}) as has`.execute(
    db,
  );
  return rows[0]?.has ?? false;
}

/** The photos that a reviewer may act on: on the shortlist or left out of it, reviewed before, or taken by this tab. */
export async function reviewableAmong(
  trx: Transaction<Database>,
  { collectionId, client }: { readonly collectionId: number; readonly client: string },
  subjects: readonly Subject[],
): Promise<Subject[]> {
  const { rows } = await sql<Subject>`
    select s.sha256, s.wnid
    from rows from (jsonb_to_recordset(${JSON.stringify(subjects)}::jsonb) as (sha256 text, wnid text)) with ordinality as s(sha256, wnid, place)
    where exists (
        select 1 from photo f join shortlist_entry e on e.photo_id = f.id
        where f.sha256 = decode(s.sha256, 'hex') and e.collection_id = ${collectionId} and e.wnid = s.wnid)
      or exists (
        select 1 from review_event e
        where e.collection_id = ${collectionId} and e.wnid = s.wnid and e.sha256 = decode(s.sha256, 'hex'))
      or exists (
        select 1 from review_lease r
        where r.collection_id = ${collectionId} and r.client = ${client} and r.wnid = s.wnid and r.sha256 = decode(s.sha256, 'hex'))
    order by s.place`.execute(trx);
  return rows;
}

/** Takes back the new events of an action on photos that another reviewer has taken. Returns those photos. */
export async function dropTaken(
  trx: Transaction<Database>,
  actor: ActionAuthor,
  action: ActionPart,
): Promise<Subject[]> {
  const { rows } = await sql<Subject>`
    delete from review_event e using review_lease r
    where ${isOfAction(actor, action)} and r.collection_id = e.collection_id and r.wnid = e.wnid and r.sha256 = e.sha256
      and r.reviewer <> ${actor.reviewer} and r.until > clock_timestamp()
    returning encode(e.sha256, 'hex') as sha256, e.wnid`.execute(trx);
  return rows;
}

/** The last actions of a reviewer in all tabs, the oldest first. A bulk action is one row with its first photo. */
export async function recentActions(
  db: Kysely<Database>,
  { collectionId, reviewer }: ActionAuthor,
  limit: number,
): Promise<ReviewActionStored[]> {
  // The events of an action have one client: the tab and its number for a bulk action, the tab for the others. The action
  // that an undo takes back is found through the event that it undoes.
  const { rows } = await sql<{ action: ReviewActionStored }>`
    select jsonb_build_object('client', a.client, 'sequence', a.sequence, 'kind', a.kind, 'photos', a.photos,
        'at', to_char(e.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
        'subject', jsonb_build_object('sha256', encode(e.sha256, 'hex'), 'wnid', e.wnid))
      || case when u.id is not null then jsonb_build_object('of', jsonb_build_object('client', split_part(u.client, '/', 1),
          'sequence', coalesce(nullif(split_part(u.client, '/', 2), '')::int, u.sequence)))
        when a.kind in ('verdict', 'adjudicate') then jsonb_build_object('value', a.value) else '{}'::jsonb end as action
    from (
      select min(id) as id, split_part(client, '/', 1) as client,
        coalesce(nullif(split_part(client, '/', 2), '')::int, sequence) as sequence, min(kind) as kind,
        (array_agg(value order by id))[1] as value, count(*)::int as photos
      from review_event
      where collection_id = ${collectionId} and reviewer = ${reviewer} and kind <> 'import'
      group by 2, 3 order by 1 desc limit ${limit}
    ) as a join review_event e on e.id = a.id left join review_event u on u.id = e.undoes
    order by a.id`.execute(db);
  return rows.map(({ action }) => action);
}
