import type { SourceRights } from '../crawl/sources/source.ts';
import { sql, type Kysely, type RawBuilder } from 'kysely';
import { isLinked } from '../crawl/candidates/link.repository.ts';
import { allowedLicence } from '../crawl/candidates/licence.repository.ts';
import type { Sha256, Wnid } from '../kernel/ids.ts';
import type { DecisionScope } from '../models/workspace/scope.ts';
import type { Database } from '../platform/postgres/database.ts';
import { streamRows } from '../platform/postgres/query.ts';

export interface Rights extends SourceRights {
  readonly source: string;
  /** The photo's id at the source: a path in a folder, a number at a site. */
  readonly sourceId: string;
  readonly url: string;
  /** `curator`: the source gives no licence, and the curator stated `licence`. */
  readonly rightsBy: 'source' | 'curator';
  /** A day (UTC), as `2026-11-26`. */
  readonly foundOn: string;
}

/** @typeParam Gone null for photos that may have been taken down, or dropped since they were reviewed */
export interface PhotoOfClass<Gone extends null = never> {
  readonly sha256: Sha256;
  readonly wnid: Wnid;
  /** 1, 2, ... within the class; null if it is not listed. */
  readonly rank: number | null;
  readonly confusionWnid: Wnid | Gone;
  /** 0..1 */
  readonly confusionProb: number | Gone;
  /** 0..1; null in mode O. */
  readonly maxTrueProb: number | null;
  readonly rights: Rights | Gone;
}

interface PhotosQuery {
  /** SQL: photos `l` with `photo_id`, `wnid`, `sha256`, `rank`, `confusion_wnid`, `confusion_prob` and `max_true_prob`. */
  readonly of: RawBuilder<unknown>;
  readonly columns: RawBuilder<unknown>;
  readonly where?: RawBuilder<unknown>;
  readonly order: RawBuilder<unknown>;
  readonly preferred?: readonly string[];
}

export function photosOfClass<Photo extends PhotoOfClass<null>>(
  db: Kysely<Database>,
  scope: DecisionScope,
  { of, columns, where = sql`true`, order, preferred }: PhotosQuery,
): AsyncGenerator<Photo> {
  const subject = { photoId: sql`l.photo_id`, wnid: sql`l.wnid` };
  return streamRows(
    db,
    sql<Photo>`
      select encode(l.sha256, 'hex') as sha256, l.wnid, l.rank, l.confusion_wnid as "confusionWnid",
        l.confusion_prob as "confusionProb", l.max_true_prob as "maxTrueProb", ${columns},
        case when p.id is not null then json_build_object('source', p.source, 'sourceId', p.source_id, 'url', p.url,
          'pageUrl', p.page_url, 'creator', p.creator, 'licence', p.licence, 'licenceUrl', p.licence_url, 'rightsBy', p.rights_by,
          'foundOn', to_char(p.found_at at time zone 'UTC', 'YYYY-MM-DD')) end as rights
      from ${of} as l left join ${firstPicture(scope, subject, preferred)} as p on true
      where ${where} order by ${order}`,
  );
}

/**
 * SQL: the first picture whose licence the collection allows, or the first one if it allows none. `preferred` licences come
 * first. Another source may state other rights for the same bytes, but the photo is not used under those.
 */
export function firstPicture(
  scope: DecisionScope,
  { photoId, wnid }: { readonly photoId: RawBuilder<unknown>; readonly wnid: RawBuilder<unknown> },
  preferred: readonly string[] | null = null,
): RawBuilder<unknown> {
  const isPreferred = preferred === null ? sql`true` : sql`p.licence = any(${preferred}::text[])`;
  return sql`lateral (
    select p.id, p.source, p.source_id, p.url, p.page_url, p.creator, p.licence, p.licence_url, p.rights_by, p.found_at,
      p.origin, p.restrictions, p.signals, p.original_width, p.original_height, p.taken_at, p.uploaded_at,
      c.found_at as candidate_found_at
    from candidate c join picture p on p.id = c.picture_id
    where p.photo_id = ${photoId} and c.wnid = ${wnid} and c.refusal is null and ${isLinked(scope.collectionId)}
    order by ${firstIf(isPreferred)}, ${allowedFirst(scope)} limit 1)`;
}

/** SQL: the order of candidates `c` with pictures `p` in which those whose licence the collection allows come first. */
export function allowedFirst(scope: DecisionScope): RawBuilder<unknown> {
  return sql`${firstIf(allowedLicence(scope))}, c.id`;
}

/** PostgreSQL refuses to order by a constant, but not by this. */
function firstIf(condition: RawBuilder<unknown>): RawBuilder<unknown> {
  return sql`case when ${condition} then 0 else 1 end`;
}
