import { createHash } from 'node:crypto';
import { sql, type Kysely } from 'kysely';

/** True for two rows of `member` with the same model, preprocessing and class list, each on its own execution provider. */
const IS_SAME = (one: string, other: string): string =>
  `${one}.model_sha256 = ${other}.model_sha256 and ${one}.preprocessing = ${other}.preprocessing and ${one}.class_list_id = ${other}.class_list_id`;

/** If a crop has several rows, the one with the largest rank counts. */
const RANK = (row: string, member: string): string =>
  `(${row}.logits is not null, cardinality(${row}.true_classes), ${member}.execution_provider = 'cpu', -${member}.id)`;

const STATEMENTS = [
  // Every member has a row for the cpu. Collections and decisions refer to that one.
  `insert into member (model_sha256, model_name, preprocessing, class_list_id, execution_provider)
   select model_sha256, model_name, preprocessing, class_list_id, 'cpu' from member on conflict do nothing`,

  // The evidence that counts, under the id of the member's row for the cpu. If several providers have a crop, the row that
  // answers most counts (with logits, then with more classes). Among equals it is the cpu's, then that of the provider that was
  // registered first. "offset 0" keeps the subquery a lookup in the index for each row.
  `create view counted_evidence as
     select e.photo_id, c.id as member_id, e.crop, e.top1, e.top1_prob, e.true_classes, e.true_probs, e.logits, m.execution_provider
     from evidence e join member m on m.id = e.member_id
     join member c on ${IS_SAME('c', 'm')} and c.execution_provider = 'cpu'
     where not exists (
       select 1 from member o join evidence f on f.member_id = o.id and f.photo_id = e.photo_id and f.crop = e.crop
       where ${IS_SAME('o', 'm')} and o.id <> m.id and ${RANK('f', 'o')} > ${RANK('e', 'm')} offset 0)`,

  // client: the name of the process's connection. A pooler keeps the connection of a process that ended and gives it to another
  // process. A row without it is of an older winnow.
  `alter table in_flight add column client text, add column since timestamptz not null default clock_timestamp()`,

  // Photos and pictures are suspect until they are decided or settled, or gone. Two deaths condemn an item: the failure that
  // follows keeps them as its reason.
  `create function photo_not_suspect() returns trigger language plpgsql as $$
   declare gone text := encode(old.sha256, 'hex');
   begin
     delete from suspect where item = gone;
     update in_flight set items = array_remove(items, gone) where gone = any(items);
     return null;
   end $$`,
  `create trigger photo_deleted_not_suspect after delete on photo for each row execute function photo_not_suspect()`,
  `create trigger photo_pruned_not_suspect after update of bytes_state on photo
     for each row when (old.bytes_state = 'stored' and new.bytes_state <> 'stored') execute function photo_not_suspect()`,
  `create function picture_not_suspect() returns trigger language plpgsql as $$
   begin
     delete from suspect where item = new.id::text and work = 'inspect' and (new.state <> 'failed' or jsonb_array_length(deaths) < 2);
     return null;
   end $$`,
  `create trigger picture_settled_not_suspect after update of state on picture
     for each row when (old.state = 'found' and new.state <> 'found') execute function picture_not_suspect()`,
  `create function decided_not_suspect() returns trigger language plpgsql as $$
   begin
     if exists (select 1 from suspect) then
       delete from suspect s using changed c join photo f on f.id = c.photo_id
       where s.item = encode(f.sha256, 'hex') and jsonb_array_length(s.deaths) < 2;
     end if;
     return null;
   end $$`,
  `create trigger decision_inserted_not_suspect after insert on decision
     referencing new table as changed for each statement execute function decided_not_suspect()`,
  `create trigger decision_updated_not_suspect after update on decision
     referencing new table as changed for each statement execute function decided_not_suspect()`,
  `delete from suspect s where jsonb_array_length(s.deaths) < 2 and (
     exists (select 1 from picture p where p.id::text = s.item and s.work = 'inspect' and p.state <> 'found')
     or exists (select 1 from photo f join decision d on d.photo_id = f.id where encode(f.sha256, 'hex') = s.item))`,
  `delete from suspect s where length(s.item) = 64 and not exists (
     select 1 from photo f where encode(f.sha256, 'hex') = s.item and f.bytes_state = 'stored')`,
];

/** The id of a member's row for the cpu. */
const idOnCpu = (id: string): string =>
  `(select c.id from member m join member c on ${IS_SAME('c', 'm')} and c.execution_provider = 'cpu' where m.id = ${id})`;

const REFERENCES = [
  `update decision set member_id = ${idOnCpu('member_id')} where member_id in (select id from member where execution_provider <> 'cpu')`,
  `update decision set overruled = jsonb_set(overruled, '{member_id}', to_jsonb(${idOnCpu("(overruled ->> 'member_id')::int")}))
   where (overruled ->> 'member_id')::int in (select id from member where execution_provider <> 'cpu')`,
  `update collection set definition = jsonb_set(definition, '{memberIds}', (
     select coalesce(jsonb_agg(${idOnCpu('u.id::int')} order by u.at), '[]')
     from jsonb_array_elements_text(definition -> 'memberIds') with ordinality as u(id, at)))`,
];

/** The parts of a collection's definition that its rules consist of. */
interface Definition {
  readonly mode: 'A' | 'O';
  readonly classes: readonly string[];
  readonly classListSha256: string;
  readonly licences: 'any' | readonly string[];
  readonly ensemble: readonly string[];
  readonly policy: Readonly<Record<string, unknown>>;
}

/** Decisions that were made on another provider than the cpu get the hash that the same rules have there. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
  const { rows: providers } = await sql<{ name: string }>`
    select distinct execution_provider as name from member where execution_provider <> 'cpu'`.execute(db);
  const { rows: collections } = await sql<{ id: number; definition: Definition; models: string[] }>`
    select k.id, k.definition, (
      select array_agg(encode(m.model_sha256, 'hex') || ' ' || m.preprocessing)
      from jsonb_array_elements_text(k.definition -> 'memberIds') as u(id) join member m on m.id = u.id::int) as models
    from collection k`.execute(db);
  for (const { id, definition, models } of collections) {
    const now = decisionSha256Of(definition, models);
    for (const { name } of providers) {
      const before = decisionSha256Of(
        definition,
        models.map((model) => `${model} ${name}`),
      );
      await replaceHash(db, id, { before, now });
    }
  }
  for (const statement of REFERENCES) await sql.raw(statement).execute(db);
}

async function replaceHash(
  db: Kysely<unknown>,
  collectionId: number,
  { before, now }: { readonly before: Buffer; readonly now: Buffer },
): Promise<void> {
  await sql`update collection set decision_sha256 = ${now} where id = ${collectionId} and decision_sha256 = ${before}`.execute(
    db,
  );
  for (const table of ['decision', 'shortlist'])
    await sql`
      update ${sql.table(table)} set decision_sha256 = ${now}
      where collection_id = ${collectionId} and decision_sha256 = ${before}`.execute(db);
  await sql`
    update decision set overruled = jsonb_set(overruled, '{decision_sha256}', to_jsonb(${now}::bytea))
    where collection_id = ${collectionId} and overruled -> 'decision_sha256' = to_jsonb(${before}::bytea)`.execute(db);
}

/** The hash of a collection's rules, as it was computed when this migration was written. */
function decisionSha256Of(definition: Definition, models: readonly string[]): Buffer {
  const { mode, classes, classListSha256, ensemble, licences, policy } = definition;
  const { threshold, aggregation, members, minConfidence } = policy;
  const facts = {
    mode,
    classesSha256: mode === 'A' ? classListSha256 : sha256Of(classes.join('\n')).toString('hex'),
    ensemble: ensemble.toSorted(),
    licences: licences === 'any' ? 'any' : [...new Set(licences)].toSorted(),
    policy: mode === 'A' ? { threshold, aggregation, members } : { minConfidence },
  };
  return sha256Of(JSON.stringify([sha256Of(JSON.stringify(facts)).toString('hex'), models.toSorted()]));
}

function sha256Of(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
