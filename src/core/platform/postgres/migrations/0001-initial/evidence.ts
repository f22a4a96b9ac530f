/**
 * Results of models for photos, and features.
 *
 * The cells of a digest are big-endian, in the order of the crops: crop (int2, plus 16 if there are logits), top1 (int2),
 * p(top1) (float8), number of classes (int2), and for each class its position (int2) and its p (float8). `e` is the
 * evidence row.
 */
const CELL = `int2send((e.crop + case when e.logits is null then 0 else 16 end)::smallint) || int2send(e.top1) || float8send(e.top1_prob)
  || int2send(cardinality(e.true_classes)::smallint) || coalesce((
    select string_agg(int2send(t.class) || float8send(t.prob), ''::bytea) from unnest(e.true_classes, e.true_probs) as t(class, prob)), ''::bytea)`;

const CELLS = `string_agg(${CELL}, ''::bytea order by e.crop)`;

export const EVIDENCE = [
  `create table class_list (
     id integer generated always as identity primary key,
     sha256 bytea not null unique check (length(sha256) = 32),
     wnids text[] not null
   )`,

  // A model's bytes, read through one version of the preprocessing, over one list of classes, on one execution provider.
  // The provider is a part of it because results differ in the last digits.
  `create table member (
     id integer generated always as identity primary key,
     model_sha256 bytea not null check (length(model_sha256) = 32),
     model_name text not null,
     preprocessing text not null,
     class_list_id integer not null references class_list,
     execution_provider text not null,
     constraint member_identity unique (model_sha256, preprocessing, class_list_id, execution_provider)
   )`,

  // top1 and true_classes are positions in the member's class list; logits are float32, little-endian, in its order.
  `create table evidence (
     photo_id bigint not null references photo,
     member_id integer not null references member,
     crop smallint not null check (crop between 0 and 9),
     top1 smallint not null,
     top1_prob double precision not null,
     true_classes smallint[] not null,
     true_probs double precision[] not null,
     logits bytea,
     primary key (photo_id, member_id, crop)
   )`,
  // Floating point numbers do not compress, and an attempt costs time on every write. The same applies to the columns below.
  `alter table evidence alter column logits set storage external`,

  // One short row per photo and member, with the summaries of all evaluated crops: `what-if` reads 100,000 decided photos in
  // a fraction of a second. Triggers keep it in the transactions that change evidence, which stays the truth. Two writers may
  // add different crops of one photo at once, so the second waits for the first.
  `create table evidence_digest (
     photo_id bigint not null references photo on delete cascade,
     member_id integer not null references member on delete cascade,
     cells bytea not null,
     primary key (photo_id, member_id)
   ) with (fillfactor = 80)`,
  `alter table evidence_digest alter column cells set storage external`,

  // PostgreSQL keeps a function's plan for as long as the connection lives, however the tables grow. Without sequential scans
  // the plan uses the index from the start.
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
  // Deletes the row with its last crop.
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

  // Features of a model's backbone find near-duplicates that hashes miss.
  `create table backbone (
     id integer generated always as identity primary key,
     model_sha256 bytea not null check (length(model_sha256) = 32),
     model_name text not null,
     preprocessing text not null,
     output text not null,
     unique (model_sha256, preprocessing, output)
   )`,
  // Features of the centre crop: int16, little-endian, times scale.
  `create table feature (
     backbone_id integer not null references backbone,
     photo_id bigint not null references photo on delete cascade,
     scale real not null,
     vector bytea not null,
     primary key (backbone_id, photo_id)
   )`,
  `alter table feature alter column vector set storage external`,
];
