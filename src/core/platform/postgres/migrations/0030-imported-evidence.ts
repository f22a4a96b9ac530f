import { sql, type Kysely } from 'kysely';

const IS_SAME = (one: string, other: string): string =>
  `${one}.model_sha256 = ${other}.model_sha256 and ${one}.preprocessing = ${other}.preprocessing and ${one}.class_list_id = ${other}.class_list_id`;

const RANK = (row: string, member: string): string =>
  `(${row}.logits is not null, cardinality(${row}.true_classes), ${member}.execution_provider = 'cpu', ${member}.execution_provider <> 'imported', -${member}.id)`;

/** The view of migration 0010, in which imported evidence counts after that of every provider of winnow's that answers as much. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql
    .raw(
      `create or replace view counted_evidence as
       select e.photo_id, c.id as member_id, e.crop, e.top1, e.top1_prob, e.true_classes, e.true_probs, e.logits, m.execution_provider
       from evidence e join member m on m.id = e.member_id
       join member c on ${IS_SAME('c', 'm')} and c.execution_provider = 'cpu'
       where not exists (
         select 1 from member o join evidence f on f.member_id = o.id and f.photo_id = e.photo_id and f.crop = e.crop
         where ${IS_SAME('o', 'm')} and o.id <> m.id and ${RANK('f', 'o')} > ${RANK('e', 'm')} offset 0)`,
    )
    .execute(db);
}
