import type { Wnid } from '../../../kernel/ids.ts';
import { inaturalistLicence } from '../inaturalist/licence.ts';
import type { PhotoSize } from '../inaturalist/photo.ts';
import { storableText } from '../text.ts';
import { WEBSITE } from '../inaturalist/observations.ts';
import type { FoundPhoto } from '../source.ts';
import type { PhotoRow } from './rows.ts';

const INATURALIST_OPEN_DATA = 'inaturalist-open-data';

export interface OpenPhotoContext {
  readonly wnid: Wnid;
  readonly size: PhotoSize;
  readonly mediaUrl: string;
  readonly credit: string | null;
}

/**
 * Converts a row of the dump to a photo. The file name keeps the case of its extension, because the keys of the bucket are
 * case-sensitive. A known owner is always credited: by name or login, otherwise by number.
 */
export function openDataPhoto(row: PhotoRow, { wnid, size, mediaUrl, credit }: OpenPhotoContext): FoundPhoto {
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
    problem: null,
  };
}
