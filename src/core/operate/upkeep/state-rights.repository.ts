import { sql, type Kysely } from 'kysely';
import { GIVEN_SOURCES } from '../../config/sources/sources.ts';
import { saidCreator } from '../../crawl/candidates/candidate.repository.ts';
import { admitLicences, storeLicences } from '../../crawl/candidates/licence.repository.ts';
import { isLinked } from '../../crawl/candidates/link.repository.ts';
import type { StatedRights } from '../../crawl/candidates/stated-rights.ts';
import { UNKNOWN_LICENCE, type Licence } from '../../collection/licence.ts';
import { ofCollection } from '../../filter/run/decision.repository.ts';
import type { DecisionScope } from '../../models/workspace/scope.ts';
import type { Database } from '../../platform/postgres/database.ts';
import { onlyRow } from '../../platform/postgres/query.ts';

export interface RightsToState extends Pick<StatedRights, 'creator'> {
  /** `unknown` takes back what the curator stated. */
  readonly licence: Licence;
  /** Null for all classes of the collection. */
  readonly wnids: readonly string[] | null;
  /** `*` stands for any characters, `?` for one. */
  readonly sourceId: string;
}

export interface RightsStated {
  readonly changed: number;
  /** Those of them for which the curator had stated other rights before. */
  readonly replaced: number;
  /** Photos that had these rights before. */
  readonly unchanged: number;
  /** Photos that keep the licence that their source states. */
  readonly statedBySource: number;
  /** Photos from sites, which keep what the site says. */
  readonly fromSites: number;
}

/** States the rights of a collection's photos whose source gives no licence. Stating them again changes nothing. */
export async function stateRights(
  db: Kysely<Database>,
  scope: DecisionScope,
  { licence: { id, url }, creator, wnids, sourceId }: RightsToState,
): Promise<RightsStated> {
  const by = id === UNKNOWN_LICENCE ? 'source' : 'curator';
  const isOfClass = wnids === null ? ofCollection(scope) : sql`c.wnid = any(${wnids}::text[])`;
  const isNamed = sql`${isOfClass} and ${isLinked(scope.collectionId)}`;
  const hasId = sql`p.source_id like ${likeOf(sourceId)}`;
  return db.transaction().execute(async (trx) => {
    await storeLicences(trx, [id]);
    const counted = await sql<RightsStated>`
      with named as materialized (
        select p.id, p.source <> all(${GIVEN_SOURCES}::text[]) as is_from_site, p.rights_by = 'source' and p.licence <> ${UNKNOWN_LICENCE} as is_stated
        from picture p where ${hasId} and p.id in (
          select c.picture_id from candidate c where ${isNamed} and c.refusal is distinct from 'unknown-class')
        order by p.source, p.source_id for no key update of p),
      open as (
        select p.id, p.rights_by = 'curator' as was_stated, case when ${by} = 'curator' then ${saidCreator()} end as said,
          case when ${by} = 'source' then ${saidCreator()} else coalesce(${saidCreator()}, ${creator}, p.creator) end as creator
        from named n join picture p using (id) where not n.is_from_site and not n.is_stated),
      changed as (
        update picture p set licence = ${id}, licence_url = ${url}, rights_by = ${by}, source_creator = o.said, creator = o.creator
        from open o where o.id = p.id
          and (p.licence, p.rights_by, p.creator) is distinct from (${id}, ${by}, o.creator)
        returning o.was_stated)
      select (select count(*) from changed) as changed, (select count(*) from changed where was_stated) as replaced,
        (select count(*) from open) - (select count(*) from changed) as unchanged,
        (select count(*) from named where is_stated and not is_from_site) as "statedBySource",
        (select count(*) from named where is_from_site) as "fromSites"`.execute(trx);
    // Photos that the collection refused because they had no licence are fetched by the next crawl.
    await admitLicences(trx, scope, sql`p.rights_by = 'curator' and ${hasId} and ${isNamed}`);
    return onlyRow(counted);
  });
}

/** The pattern of SQL's `like` for a pattern with `*` and `?`. */
function likeOf(glob: string): string {
  return glob
    .replaceAll(/[\\%_]/g, String.raw`\$&`)
    .replaceAll('*', '%')
    .replaceAll('?', '_');
}
