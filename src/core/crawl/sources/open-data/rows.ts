import type { Wnid } from '../../../kernel/ids.ts';
import { WEBSITE } from '../inaturalist/observations.ts';
import { inaturalistLicence, type PhotoSize } from '../inaturalist/photo.ts';
import type { FoundPhoto, PhotoDates } from '../source.ts';
import { storableText } from '../text.ts';
import type { TsvColumns } from './tsv.ts';
import type { Taxon } from '../inaturalist/taxon.ts';
import { isSameVersion, type RemoteVersion } from '../remote-version.ts';

export const OPEN_DATA_FILES = ['taxa.csv.gz', 'observations.csv.gz', 'observers.csv.gz', 'photos.csv.gz'] as const;
export type OpenDataFile = (typeof OPEN_DATA_FILES)[number];

export interface DumpColumns<Row> extends TsvColumns {
  readonly file: OpenDataFile;
  /** Converts the cells of these columns. Null if a cell is not valid. */
  readonly read: (cells: readonly string[]) => Row | null;
}

export const TAXA: DumpColumns<Taxon> = {
  file: 'taxa.csv.gz',
  names: ['taxon_id', 'ancestry', 'rank', 'name', 'active'],
  read: readTaxon,
};
export const OBSERVATIONS: DumpColumns<ObservationRow> = {
  file: 'observations.csv.gz',
  names: ['observation_uuid', 'observer_id', 'taxon_id', 'quality_grade', 'observed_on'],
  read: readObservation,
};
export const OBSERVERS: DumpColumns<ObserverRow> = {
  file: 'observers.csv.gz',
  names: ['observer_id', 'login', 'name'],
  read: readObserver,
};
export const PHOTO_COLUMNS: DumpColumns<DumpPhoto> = {
  file: 'photos.csv.gz',
  names: ['photo_id', 'observation_uuid', 'observer_id', 'extension', 'license'],
  read: readPhoto,
};

export interface ObservationRow {
  /** In lower case. */
  readonly uuid: string;
  readonly observerId: number | null;
  /** Null if the observation was not identified. */
  readonly taxonId: number | null;
  readonly qualityGrade: string;
  /** The day, as the dump writes it, or empty. */
  readonly observedOn: string;
}

export interface ObserverRow {
  readonly id: number;
  /** The name, or the login if there is no name. */
  readonly credit: string;
}

export interface DumpPhoto {
  readonly id: number;
  readonly observationUuid: string;
  readonly observerId: number | null;
  readonly extension: string;
  readonly licence: string;
}

export function readTaxon([
  id = '',
  ancestry = '',
  rank = '',
  name = '',
  active = '',
]: readonly string[]): Taxon | null {
  const taxonId = positive(id);
  if (taxonId === null || name === '' || !ANCESTRY.test(ancestry)) return null;
  return { id: taxonId, name, rank, isActive: /^t/i.test(active), ancestorIds: idsOf(ancestry), otherNames: [] };
}

export function readObservation(cells: readonly string[]): ObservationRow | null {
  const [uuid = '', observer = '', taxon = '', qualityGrade = '', observedOn = ''] = cells;
  const observerId = positiveOrNothing(observer);
  const taxonId = positiveOrNothing(taxon);
  if (!UUID.test(uuid) || observerId === undefined || taxonId === undefined) return null;
  return { uuid: uuid.toLowerCase(), observerId, taxonId, qualityGrade, observedOn };
}

export function readObserver([observer = '', login = '', name = '']: readonly string[]): ObserverRow | null {
  const id = positive(observer);
  const credit = name.trim() === '' ? login.trim() : name.trim();
  return id === null || credit === '' ? null : { id, credit };
}

export function readPhoto(cells: readonly string[]): DumpPhoto | null {
  const [photo = '', uuid = '', observer = '', extension = '', licence = ''] = cells;
  const id = positive(photo);
  const observerId = positiveOrNothing(observer);
  if (id === null || observerId === undefined || !UUID.test(uuid) || !/^[A-Za-z0-9]{1,5}$/.test(extension)) return null;
  return { id, observationUuid: uuid.toLowerCase(), observerId, extension, licence };
}

/** Reads ids from the root down to the parent. The dump joins them as `48460/1/47120`; its documentation says with `\`. */
function idsOf(ancestry: string): readonly number[] {
  return ancestry === '' || ancestry === String.raw`\N` ? [] : ancestry.split(/[/\\]/).map(Number);
}

/** For a root the cell is empty, or PostgreSQL's `\N`. */
const ANCESTRY = /^(?:\d+(?:[/\\]\d+)*|\\N)?$/;

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

function positive(cell: string): number | null {
  return /^[1-9]\d{0,14}$/.test(cell) ? Number(cell) : null;
}

/** Undefined if the cell is neither empty (or PostgreSQL's `\N`) nor a number. */
function positiveOrNothing(cell: string): number | null | undefined {
  return cell === '' || cell === String.raw`\N` ? null : (positive(cell) ?? undefined);
}

/** The versions of the files of a dump. Files without any version are left out. */
export type DumpVersions = Readonly<Partial<Record<OpenDataFile, RemoteVersion>>>;

/** True if all files have a version. Only then can a walk be resumed. */
export function isIdentified(dump: DumpVersions): boolean {
  return isSameDump(dump, dump);
}

export function isSameDump(a: DumpVersions, b: DumpVersions): boolean {
  return OPEN_DATA_FILES.every((file) => {
    const [one, other] = [a[file], b[file]];
    return one !== undefined && other !== undefined && isSameVersion(one, other);
  });
}

interface PhotoContext extends Pick<PhotoDates, 'takenAt'> {
  readonly wnid: Wnid;
  readonly size: PhotoSize;
  readonly mediaUrl: string;
  readonly credit: string | null;
}

const INATURALIST_OPEN_DATA = 'inaturalist-open-data';

/** Keys of the bucket are case-sensitive, so the extension keeps its case. An owner is credited by name, otherwise by number. */
export function openDataPhoto(row: DumpPhoto, { wnid, size, mediaUrl, credit, takenAt }: PhotoContext): FoundPhoto {
  const licence = inaturalistLicence(row.licence);
  const named = storableText(credit ?? '');
  const numbered = row.observerId === null ? null : `iNaturalist user ${row.observerId}`;
  return {
    source: INATURALIST_OPEN_DATA,
    sourceId: String(row.id),
    label: wnid,
    url: `${mediaUrl}/photos/${row.id}/${size}.${row.extension}`,
    licence: storableText(licence.id),
    licenceUrl: licence.url,
    creator: named === '' ? numbered : named,
    pageUrl: `${WEBSITE}/observations/${row.observationUuid}`,
    takenAt,
    problem: null,
  };
}
