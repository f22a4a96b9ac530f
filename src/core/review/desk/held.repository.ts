import { sql, type Kysely, type RawBuilder } from 'kysely';
import type { Wnid } from '../../kernel/ids.ts';
import type { Database } from '../../platform/postgres/database.ts';
import { isDrawn } from '../../shortlist/second-pass.repository.ts';
import type { Subject } from '../events/event.ts';
import type { HeldPhoto, HeldPhotos } from './desk.ts';
import { matching, type NextPhotos } from './desk.repository.ts';
import type { DeskView } from './known-photos.repository.ts';

export type HeldWanted = Pick<NextPhotos, 'client' | 'filter' | 'order'> & { readonly leaseMs: number };

/** SQL: the leases of other tabs on photos of the filter's class. */
function leasesOfOthers(
  { scope }: DeskView,
  { client, filter }: Pick<HeldWanted, 'client' | 'filter'>,
): RawBuilder<unknown> {
  return sql`review_lease r where r.collection_id = ${scope.collectionId} and r.client <> ${client}
    and r.until > clock_timestamp() and ${filter.wnid === undefined ? sql`true` : sql`r.wnid = ${filter.wnid}`}`;
}

/** SQL: true if the tab of lease `r`, of another person, has not renewed it for half of its time. A visible page renews it earlier. */
function isSilent({ reviewer }: DeskView, { leaseMs }: HeldWanted): RawBuilder<unknown> {
  return sql`r.reviewer <> ${reviewer} and r.until < clock_timestamp() + ${leaseMs / 2}::float8 * interval '1 millisecond'`;
}

/**
 * SQL: who has the photo of lease `r`, with its verdict `v`. The name of another person is told neither in a blind review nor of
 * photos that the second pass draws. So it does not depend on verdicts that this reviewer must not know.
 */
function shownHolder({ scope, reviewer, secondPass, isBlind }: DeskView): RawBuilder<unknown> {
  const collectionId = sql`${scope.collectionId}::int`;
  const drawn = isDrawn(secondPass, { collectionId, wnid: sql`r.wnid`, sha256: sql`r.sha256` });
  return sql`case when r.reviewer = ${reviewer} or not (${isBlind} or ${drawn}) then r.reviewer end`;
}

function isoTime(time: RawBuilder<unknown>): RawBuilder<unknown> {
  return sql`to_char(${time} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')`;
}

/** Those of the photos that other tabs have. */
export async function heldAmong(
  db: Kysely<Database>,
  view: DeskView,
  { client, subjects }: { readonly client: string; readonly subjects: readonly Subject[] },
): Promise<readonly HeldPhoto[]> {
  const { rows } = await sql<HeldPhoto>`
    select s.sha256, s.wnid, ${shownHolder(view)} as reviewer, ${isoTime(sql`r.until`)} as until
    from jsonb_to_recordset(${JSON.stringify(subjects)}::jsonb) as s(sha256 text, wnid text)
    join (select r.* from ${leasesOfOthers(view, { client, filter: {} })}) as r
      on r.wnid = s.wnid and r.sha256 = decode(s.sha256, 'hex')
    left join verdict v on v.collection_id = r.collection_id and v.wnid = r.wnid and v.sha256 = r.sha256`.execute(db);
  return rows;
}

/** The matching photos that wait for this reviewer while other tabs have them. */
export async function heldByOthers(
  db: Kysely<Database>,
  view: DeskView,
  wanted: HeldWanted,
): Promise<readonly HeldPhotos[]> {
  const leases = leasesOfOthers(view, wanted);
  const leased = await sql<{ wnid: Wnid }>`select distinct r.wnid from ${leases}`.execute(db);
  if (leased.rows.length === 0) return [];
  const wnids = leased.rows.map(({ wnid }) => wnid);
  const { rows } = await sql<HeldPhotos>`
    select r.name as reviewer, count(*) as photos, ${isoTime(sql`max(r.until)`)} as until,
      case when r.silent then floor(${wanted.leaseMs}::float8 - extract(epoch from max(r.until) - clock_timestamp()) * 1000)::float8 end as "silentMs"
    from (
      select r.wnid, r.sha256, r.until, ${isSilent(view, wanted)} as silent,
        ${shownHolder(view)} as name
      from (select r.* from ${leases}) as r
      left join verdict v on v.collection_id = r.collection_id and v.wnid = r.wnid and v.sha256 = r.sha256
    ) as r
    join (select p.wnid, p.sha256 from ${matching(view, { ...wanted, wnids })} where p.waits) as w using (wnid, sha256)
    group by r.name, r.silent order by r.name, r.silent`.execute(db);
  return rows;
}

/** Ends the leases of this reviewer's other tabs, or of silent tabs of others. */
export async function endHeld(
  db: Kysely<Database>,
  view: DeskView,
  { take, ...wanted }: HeldWanted & { readonly take: 'own' | 'silent' },
): Promise<void> {
  const which = take === 'own' ? sql`r.reviewer = ${view.reviewer}` : isSilent(view, wanted);
  await sql`delete from ${leasesOfOthers(view, wanted)} and ${which}`.execute(db);
}
