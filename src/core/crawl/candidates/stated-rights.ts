import { normaliseLicence, UNKNOWN_LICENCE } from '../../collection/licence.ts';
import type { FoundPhoto } from '../sources/source.ts';

/** The curator's statement on photos whose source gives no licence. */
export interface StatedRights {
  readonly licence: string;
  readonly creator: string | null;
}

/** A licence that the source gives is never replaced, nor is a creator that it names. */
export function withStatedRights(photo: FoundPhoto, { licence, creator }: StatedRights): FoundPhoto {
  if (photo.licence !== UNKNOWN_LICENCE) return photo;
  const { id, url } = normaliseLicence(licence);
  const source = { rightsBy: 'curator', sourceCreator: photo.creator } as const;
  return { ...photo, licence: id, licenceUrl: url, creator: photo.creator ?? creator, ...source };
}
