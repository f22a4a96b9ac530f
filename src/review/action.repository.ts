import { sql, type Kysely, type Transaction } from 'kysely';
import type { Database } from '../platform/postgres/database.ts';
import type { ActionRef, ReviewActionStored } from './desk.ts';
import type { Subject } from './event.ts';

/** Whose actions. */
export interface Actor {
  readonly collectionId: number;
  readonly reviewer: string;
}

/** The client of the events of a bulk action, whose sequence numbers count its photos. Clients of tabs have no slash. */
export const bulkClient = ({ client, sequence }: ActionRef): string => `${client}/${sequence}`;

/** An event as an undo needs it. */
export interface ActionEvent extends Subject {
  readonly id: number;
  readonly kind: string;
  readonly value: object | null;
  readonly undoes: number | null;
}

/** The stored events of an action, by id. Empty if nothing was stored for it, or if it is of another reviewer. */
export async function eventsOfAction(
  db: Kysely<Database>,
  { collectionId, reviewer }: Actor,
  action: ActionRef,
): Promise<ActionEvent[]> {
  const { rows } = await sql<ActionEvent>`
    select id, kind, value, undoes, encode(sha256, 'hex') as sha256, wnid from review_event
    where collection_id = ${collectionId} and reviewer = ${reviewer}
      and (client = ${action.client} and sequence = ${action.sequence} or client = ${bulkClient(action)})
    order by id`.execute(db);
  return rows;
}

/** The photos that are, or were, to be reviewed: on the shortlist or left out of it, reviewed before, or taken by this tab. */
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

/** The photos that another reviewer has taken just now. */
export async function takenByOthers(
  trx: Transaction<Database>,
  { collectionId, reviewer }: Actor,
  subjects: readonly Subject[],
): Promise<Subject[]> {
  const { rows } = await sql<Subject>`
    select s.sha256, s.wnid from jsonb_to_recordset(${JSON.stringify(subjects)}::jsonb) as s(sha256 text, wnid text)
    join review_lease r on r.collection_id = ${collectionId} and r.wnid = s.wnid and r.sha256 = decode(s.sha256, 'hex')
    where r.reviewer <> ${reviewer} and r.until > clock_timestamp()`.execute(trx);
  return rows;
}

/**
 * The last actions of a reviewer in all tabs, the oldest first. A bulk action is one row, with the first of its photos.
 *
 * @param limit how many at most
 */
export async function recentActions(
  db: Kysely<Database>,
  { collectionId, reviewer }: Actor,
  limit: number,
): Promise<ReviewActionStored[]> {
  // The events of an action have one client: the tab and its number for a bulk action, the tab for the others. What an undo
  // takes back is found by the event that it undoes, which is one of that action.
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
