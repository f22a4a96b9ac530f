import { sql, type Kysely } from 'kysely';

/**
 * Collections plan the searches of a class with inputs of their own (names, lines of the queries file, licences), so a class has a plan
 * for each of these. Its key is the hash of its inputs. A plan of before may be any collection's. It has no
 * licences, so only collections that allow any licence keep it. Others plan again: one or more requests for each class.
 */
const STATEMENTS = [
  'alter table query add column collections integer[]',
  `update query set collections = array(select id from collection order by id),
     key = case when (select count(distinct definition -> 'licences') from collection) > 1 then '' else md5(params::text) end
   where kind = 'plan'`,
];

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}
