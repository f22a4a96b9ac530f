import type { ListedPhoto } from './shortlist.repository.ts';

/** A listed photo with the names of its classes, as it is handed to other tools. */
export interface HandedPhoto extends ListedPhoto {
  /** Of the class or concept that it was found as. */
  readonly name: string;
  /** Of what it is taken for. */
  readonly confusionName: string;
}

/** Where the photos' bytes are. */
export interface PhotoPlaces {
  /** Absolute path of a photo's bytes. */
  readonly pathOf: (sha256: HandedPhoto['sha256']) => string;
  /** Absolute path of the data folder. */
  readonly dataDir: string;
  /** Names of the models. */
  readonly ensemble: readonly string[];
}

/** A photo's place, absolute and below the data folder (with slashes). */
export function placesOf(
  { sha256 }: Pick<HandedPhoto, 'sha256'>,
  { pathOf, dataDir }: PhotoPlaces,
): { readonly absolute: string; readonly relative: string } {
  const absolute = pathOf(sha256);
  return { absolute, relative: absolute.slice(dataDir.length).replaceAll('\\', '/').replace(/^\//, '') };
}
