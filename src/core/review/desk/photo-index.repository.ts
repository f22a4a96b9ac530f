import { sql, type Kysely } from 'kysely';
import type { Database } from '../../platform/postgres/database.ts';
import { matching, orderSql, TURN, type DeskQuery } from './desk.repository.ts';
import type { DeskView } from './known-photos.repository.ts';
import { SHOWN_STATES } from './desk.ts';

/** A `PhotoIndex` as JSON, which PostgreSQL writes: it has every photo that matches. Class by class if the order is by confusions. */
export async function readIndex(db: Kysely<Database>, view: DeskView, { filter, order }: DeskQuery): Promise<string> {
  const { state, ...rest } = filter;
  const byClass = order === 'confusions' ? sql`p.wnid collate "C",` : sql``;
  const { rows } = await sql<{ wnids: string; photos: string; counts: string }>`
    with matching as materialized (
      select p.sha256, p.wnid, p.shown_state as state, row_number() over (order by ${byClass} ${orderSql(view, order)}) as place
      from (select p.*, ${TURN} from ${matching(view, { filter: rest, order })}) as p),
    shown as (select * from matching where ${state === undefined ? sql`true` : sql`state = ${state}`}),
    class as (select wnid, row_number() over (order by min(place)) - 1 as number from shown group by wnid)
    select (select coalesce(jsonb_agg(wnid order by number), '[]')::text from class) as wnids,
      (select coalesce(string_agg('["' || encode(s.sha256, 'hex') || '",' || c.number || ']', ',' order by s.place), '')
        from shown s join class c using (wnid)) as photos,
      (select jsonb_build_object(${countsByState})::text from matching) as counts`.execute(db);
  const { wnids = '[]', photos = '', counts = '{}' } = rows[0] ?? {};
  return `{"wnids":${wnids},"photos":[${photos}],"counts":${counts}}`;
}

const countsByState = sql.join(
  SHOWN_STATES.map((state) => sql`${sql.lit(state)}, count(*) filter (where state = ${sql.lit(state)})`),
);
