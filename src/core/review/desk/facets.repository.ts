import { sql, type Kysely, type RawBuilder } from 'kysely';
import type { Sha256, Wnid } from '../../kernel/ids.ts';
import type { Database } from '../../platform/postgres/database.ts';
import { matching } from './desk.repository.ts';
import { isNotAsked, type DeskView } from './known-photos.repository.ts';
import type { ReviewFilter } from './desk.ts';
import type { OpenConfusion } from './facets.ts';

export interface FacetCount {
  readonly facet: FacetPart;
  readonly value: string;
  readonly photos: number;
}

type OpenConfusionCount = Omit<OpenConfusion, 'name' | 'confusionName'>;

/** The values of photo `p` in each part of the filter. Null if it has none that the reviewer may see. */
const VALUES = {
  state: sql`p.shown_state`,
  source: sql`p.source`,
  reason: sql`case when not p.waits then p.reason end`,
  tag: sql`case when not p.waits then p.tags end`,
  predicted: sql`p.confusion_wnid`,
  flagged: sql`case when not p.waits and p.is_flagged then 'true' end`,
} as const;
export type FacetPart = keyof typeof VALUES;

const MOST_PREDICTED = 200;
const MOST_CONFUSIONS = 20;

export async function countFacets(
  db: Kysely<Database>,
  view: DeskView,
  { filter, cap }: { readonly filter: ReviewFilter; readonly cap: number },
): Promise<{ readonly counts: FacetCount[]; readonly confusions: OpenConfusionCount[] }> {
  const { wnid, pMin, pMax, by, judged, verdict } = filter;
  const { rows } = await sql<{ counts: FacetCount[] | null; confusions: OpenConfusionCount[] | null }>`
    with p as materialized (
      select p.wnid, p.confusion_wnid, p.shown_accepted as accepted, ${sql.join(
        Object.entries(VALUES).map(([part, value]) => sql`${value} as ${sql.ref(part)}`),
      )}
      from ${matching(view, { filter: { wnid, pMin, pMax, by, judged, verdict }, order: 'source' })}
    )
    select (
      select jsonb_agg(c) from (${sql.join(
        Object.keys(VALUES).map((part) => countsOf(part, filter)),
        sql` union all `,
      )}) as c
    ) as counts, (
      select jsonb_agg(c) from (
        select p.wnid, p.confusion_wnid as "confusionWnid", count(*) filter (where p.state = 'open') as open, max(p.accepted) as accepted
        from p where p.confusion_wnid is not null group by 1, 2 having max(p.accepted) < ${cap} and count(*) filter (where p.state = 'open') > 0
        order by 4, 3 desc, 1, 2 limit ${MOST_CONFUSIONS}
      ) as c
    ) as confusions`.execute(db);
  return { counts: rows[0]?.counts ?? [], confusions: rows[0]?.confusions ?? [] };
}

function countsOf(part: string, filter: ReviewFilter): RawBuilder<unknown> {
  const { state, source, reason, tag, confusion, flagged } = filter;
  const conditions: Readonly<Record<FacetPart, RawBuilder<unknown> | null>> = {
    state: state === undefined ? null : sql`p.state = ${state}`,
    source: source === undefined ? null : sql`p.source = ${source}`,
    reason: reason === undefined ? null : sql`p.reason = ${reason}`,
    tag: tag === undefined ? null : sql`${tag} = any(p.tag)`,
    predicted: confusion === undefined ? null : sql`p.predicted = ${confusion}`,
    flagged: flagged === undefined ? null : sql`(p.flagged is not null) = ${flagged}`,
  };
  const others = Object.entries(conditions).flatMap(([one, condition]) =>
    one === part || condition === null ? [] : [condition],
  );
  const value = part === 'tag' ? sql`t.tag` : sql.ref(`p.${part}`);
  const tags = part === 'tag' ? sql`cross join unnest(p.tag) as t(tag)` : sql``;
  return sql`(
    select ${part}::text as facet, ${value} as value, count(*) as photos from p ${tags}
    where ${sql.join([sql`${value} is not null`, ...others], sql` and `)} group by 2 order by 3 desc, 2 limit ${MOST_PREDICTED})`;
}

const COVERS = 4;

export async function listCovers(
  db: Kysely<Database>,
  view: DeskView,
): Promise<{ readonly wnid: Wnid; readonly photos: Sha256[] }[]> {
  const { scope, isBlind } = view;
  const { rows } = await sql<{ wnid: Wnid; photos: Sha256[] }>`
    select e.wnid, array_agg(encode(e.sha256, 'hex') order by e.place) as photos
    from (
      select s.wnid, f.sha256, row_number() over (partition by s.wnid order by ${isBlind ? sql`f.sha256` : sql`s.rank`}) as place
      from shortlist_entry s join photo f on f.id = s.photo_id
      where s.collection_id = ${scope.collectionId} and s.state <> 'left-out' and ${isNotAsked(view, sql`s.photo_id`)}
    ) as e
    where e.place <= ${COVERS} group by 1`.execute(db);
  return rows;
}
