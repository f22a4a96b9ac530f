import { sql, type Kysely } from 'kysely';

/**
 * The execution provider is part of a member: another one gives other last digits. Nothing in the catalogue says where
 * earlier evidence came from, so it counts as the processor's, where models run unless a setting says otherwise.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}

const STATEMENTS = [
  `alter table member add column execution_provider text not null default 'cpu'`,
  // A writer that names no provider fails, and mixes nothing.
  `alter table member alter column execution_provider drop default`,
  `alter table member drop constraint member_model_sha256_preprocessing_class_list_id_key`,
  `alter table member add constraint member_identity
     unique (model_sha256, preprocessing, class_list_id, execution_provider)`,
];
