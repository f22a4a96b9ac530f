import { sql, type RawBuilder } from 'kysely';

export interface Place {
  readonly source: string;
  readonly sourceId: string;
}

/** SQL: the original that picture `p` is a copy of, or is, as `flickr:12345`. Null at sources that no other one copies. */
export const ORIGINAL: RawBuilder<string | null> = sql`coalesce(p.origin, case
  when p.source in ('flickr', 'inaturalist', 'inaturalist-open-data') then replace(p.source, '-open-data', '') || ':' || p.source_id end)`;

/** Where the photo of an `ORIGINAL` is found. The two sources of iNaturalist have the same ids. */
export function placesOfOrigin(origin: string | null): Place[] {
  const [, source, sourceId] = /^([^:]+):(.+)$/.exec(origin ?? '') ?? [];
  if (source === undefined || sourceId === undefined) return [];
  const sources = source === 'inaturalist' ? [source, 'inaturalist-open-data'] : [source];
  return sources.map((one) => ({ source: one, sourceId }));
}
