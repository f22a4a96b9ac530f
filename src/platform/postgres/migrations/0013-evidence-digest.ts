import { sql, type Kysely } from 'kysely';

/**
 * What `what-if` reads: of each photo and member one short row with the summaries of all evaluated crops, so that 100,000
 * decided photos are read in a fraction of a second. Triggers keep it in the very transactions that change evidence, which
 * stays the truth; whoever adds to a row waits for whoever is at it, since two may add different crops of a photo at once.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}

/**
 * Big-endian, in the order of the crops: crop (int2, plus 16 if there are logits), top1 (int2), p(top1) (float8), number of
 * classes (int2), and for each class (int2) its p (float8). Of evidence row `e`.
 */
const CELL = `int2send((e.crop + case when e.logits is null then 0 else 16 end)::smallint) || int2send(e.top1) || float8send(e.top1_prob)
  || int2send(cardinality(e.true_classes)::smallint) || coalesce((
    select string_agg(int2send(t.class) || float8send(t.prob), ''::bytea) from unnest(e.true_classes, e.true_probs) as t(class, prob)), ''::bytea)`;

const CELLS = `string_agg(${CELL}, ''::bytea order by e.crop)`;

/** The plan is kept for as long as the connection lives, however the tables grow: it looks rows up in an index. */
const STATEMENTS = [
  `create table evidence_digest (
     photo_id bigint not null references photo on delete cascade,
     member_id integer not null references member on delete cascade,
     cells bytea not null,
     primary key (photo_id, member_id)
   ) with (fillfactor = 80)`,
  // Binary numbers hardly compress; trying costs time on every write.
  `alter table evidence_digest alter column cells set storage external`,

  `create function evidence_digest_refresh() returns trigger language plpgsql set enable_seqscan = off as $$
   begin
     -- Takes the rows, in one order for every writer: what follows sees what others have committed by then.
     insert into evidence_digest (photo_id, member_id, cells)
     select distinct photo_id, member_id, ''::bytea from changed order by photo_id, member_id
     on conflict (photo_id, member_id) do update set cells = evidence_digest.cells;
     update evidence_digest g set cells = now.cells
     from (select distinct photo_id, member_id from changed) as c
     cross join lateral (select ${CELLS} as cells from evidence e where e.photo_id = c.photo_id and e.member_id = c.member_id) as now
     where g.photo_id = c.photo_id and g.member_id = c.member_id and now.cells is not null;
     delete from evidence_digest g using (select distinct photo_id, member_id from changed) as c
     where g.photo_id = c.photo_id and g.member_id = c.member_id and g.cells = '';
     return null;
   end $$`,
  // The row goes if its last crop does.
  `create function evidence_digest_deleted() returns trigger language plpgsql set enable_seqscan = off as $$
   begin
     perform 1 from evidence_digest g join (select distinct photo_id, member_id from changed) as c using (photo_id, member_id)
     order by photo_id, member_id for update of g;
     update evidence_digest g set cells = coalesce(now.cells, '')
     from (select distinct photo_id, member_id from changed) as c
     cross join lateral (select ${CELLS} as cells from evidence e where e.photo_id = c.photo_id and e.member_id = c.member_id) as now
     where g.photo_id = c.photo_id and g.member_id = c.member_id;
     delete from evidence_digest g using (select distinct photo_id, member_id from changed) as c
     where g.photo_id = c.photo_id and g.member_id = c.member_id and g.cells = '';
     return null;
   end $$`,
  `create function evidence_digest_truncated() returns trigger language plpgsql as $$
   begin
     delete from evidence_digest;
     return null;
   end $$`,

  `create trigger evidence_digest_inserted after insert on evidence
     referencing new table as changed for each statement execute function evidence_digest_refresh()`,
  `create trigger evidence_digest_updated after update on evidence
     referencing new table as changed for each statement execute function evidence_digest_refresh()`,
  `create trigger evidence_digest_deleted after delete on evidence
     referencing old table as changed for each statement execute function evidence_digest_deleted()`,
  `create trigger evidence_digest_truncated after truncate on evidence
     for each statement execute function evidence_digest_truncated()`,

  `insert into evidence_digest (photo_id, member_id, cells)
   select e.photo_id, e.member_id, ${CELLS} from evidence e group by e.photo_id, e.member_id`,
];
