import { sql, type Kysely, type RawBuilder, type Transaction } from 'kysely';
import type { Database } from '../../platform/postgres/database.ts';
import { licenceChoices } from '../../collection/licence.ts';
import { wellFormed } from '../sources/text.ts';
import type { CandidateRules } from './candidate.ts';

export type AllowedLicences = Pick<CandidateRules, 'licences'>;

/** SQL: the collection allows the licence of picture `p`, as `isLicenceAllowed` says. */
export function allowedLicence({ licences }: AllowedLicences, p = sql`p`): RawBuilder<unknown> {
  if (licences === 'any') return sql`true`;
  const ids = licences.map((id) => id.toLowerCase());
  return sql`${p}.licence = any(array(select name from licence where choices && ${ids}::text[]))`;
}

/** Stores which ids allow each licence, so that queries can tell the pictures whose licence a collection allows. */
export async function storeLicences(trx: Kysely<Database>, licences: readonly string[]): Promise<void> {
  const rows = [...new Set(licences.map(wellFormed))].toSorted().flatMap((name) => {
    const choices = licenceChoices(name);
    return choices.length === 0 ? [] : [{ name, choices }];
  });
  if (rows.length === 0) return;
  await trx
    .insertInto('licence')
    .values(rows)
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

/**
 * Admits candidates that were refused for their licence, if the collection allows it. The next crawl fetches their pictures.
 *
 * @param where SQL about candidate `c` and its picture `p`, which is locked
 */
export async function admitLicences(
  trx: Transaction<Database>,
  rules: AllowedLicences,
  where: RawBuilder<unknown>,
): Promise<void> {
  const { rows } = await sql<{ id: number }>`
    update candidate c set refusal = null, refusal_detail = null from picture p
    where p.id = c.picture_id and c.refusal = 'licence-not-allowed' and ${allowedLicence(rules)} and ${where}
    returning p.id`.execute(trx);
  await sql`
    update picture set state = 'found', reason = null, detail = null, settled_at = null
    where id = any(${rows.map(({ id }) => id)}::bigint[]) and state = 'dropped' and reason = 'licence-not-allowed'`.execute(
    trx,
  );
}
