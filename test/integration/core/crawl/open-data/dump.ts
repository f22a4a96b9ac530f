import { sql, type Kysely } from 'kysely';
import type { Database } from '../../../../../src/core/platform/postgres/database.ts';
import { gzipSync } from 'node:zlib';
import type { Clock } from '../../../../../src/core/kernel/clock.ts';
import type { OpenDataFile } from '../../../../../src/core/crawl/sources/open-data/rows.ts';
import type { InaturalistWorld, SiteTaxon } from '../../../../support/sites/inaturalist-world.ts';

export type Dump = Readonly<Record<OpenDataFile, string>>;

export const HEADERS = {
  taxa: 'taxon_id\tancestry\trank_level\trank\tname\tactive',
  observations:
    'observation_uuid\tobserver_id\tlatitude\tlongitude\tpositional_accuracy\ttaxon_id\tquality_grade\tobserved_on\tanomaly_score',
  observers: 'observer_id\tlogin\tname',
  photos: 'photo_uuid\tphoto_id\tobservation_uuid\tobserver_id\textension\tlicense\twidth\theight\tposition',
} as const;

/** A world's dump as iNaturalist would export it: open licences only, without spam. */
export function dumpOf(world: InaturalistWorld): Dump {
  const exported = world.observations.filter(({ spam }) => !spam);
  const users = new Map(exported.map(({ user }) => [user.id, user]));
  const taxa = new Map(world.taxa.map((taxon) => [taxon.id, taxon]));
  const photos = exported.flatMap((one) =>
    one.photos
      .filter(({ licence }) => licence !== null)
      .map((photo, position) => [
        `0${one.uuid.slice(1)}`,
        photo.id,
        one.uuid,
        one.user.id,
        photo.extension,
        photo.licence?.toUpperCase(),
        800,
        600,
        position,
      ]),
  );
  return {
    'taxa.csv.gz': table(
      HEADERS.taxa,
      // Descendants come first, because ancestors need not come before them.
      world.taxa
        .toReversed()
        .map((taxon) => [taxon.id, ancestryOf(taxon, taxa).join('/'), 10, taxon.rank, taxon.name, taxon.isActive]),
    ),
    'observations.csv.gz': table(
      HEADERS.observations,
      exported.map((one) => [
        one.uuid,
        one.user.id,
        '60.1',
        '-151.0',
        '',
        one.taxonId,
        one.qualityGrade,
        '2020-01-01',
        '',
      ]),
    ),
    'observers.csv.gz': table(
      HEADERS.observers,
      [...users.values()].map(({ id, login, name }) => [id, login, name ?? '']),
    ),
    'photos.csv.gz': table(HEADERS.photos, photos),
  };
}

export function table(header: string, rows: readonly (readonly unknown[])[]): string {
  return `${[header, ...rows.map((row) => row.join('\t'))].join('\n')}\n`;
}

function ancestryOf(taxon: SiteTaxon, taxa: ReadonlyMap<number, SiteTaxon>): number[] {
  const parent = taxa.get(taxon.parentId ?? -1);
  return parent === undefined ? [] : [...ancestryOf(parent, taxa), parent.id];
}

/** Opens the files of a dump, gzipped and in pieces. Remembers which were opened and whether all were closed. */
export function opener(
  dump: Dump,
  { pieceBytes = 1_000, gzip = true } = {},
): {
  readonly open: (file: OpenDataFile) => Promise<AsyncIterable<Uint8Array>>;
  readonly opened: string[];
  readonly unclosed: () => number;
} {
  const opened: string[] = [];
  let open = 0;
  async function* pieces(bytes: Buffer): AsyncGenerator<Uint8Array> {
    open += 1;
    try {
      for (let i = 0; i < bytes.length; i += pieceBytes) yield bytes.subarray(i, i + pieceBytes);
    } finally {
      open -= 1;
    }
  }
  return {
    opened,
    unclosed: () => open,
    open(file) {
      opened.push(file);
      const bytes = Buffer.from(dump[file], 'utf8');
      return Promise.resolve(pieces(gzip ? gzipSync(bytes) : bytes));
    },
  };
}

/** A clock that advances by a second whenever it is read. */
export function tickingClock(): Clock {
  let nowMs = 0;
  return { nowMs: () => (nowMs += 1_000) };
}

/** The tables of walks that the catalogue has now. */
export async function leftTables(db: Kysely<Database>): Promise<string[]> {
  const { rows } = await sql<{ name: string }>`
    select relname as name from pg_class where relkind = 'r' and relname ~ '^open_data_' order by 1`.execute(db);
  return rows.map(({ name }) => name);
}
