import type { SheetPhoto } from './sheet/card.tsx';

/** A listed photo with the names of its classes, as it is exported to other tools. */
export interface HandedPhoto extends SheetPhoto {
  /** The name of the class or concept that the photo was searched as. */
  readonly name: string;
}

/** Where the photos' bytes are. */
export interface PhotoPlaces {
  /** Absolute path of a photo's bytes. */
  readonly pathOf: (sha256: HandedPhoto['sha256']) => string;
  /** Absolute path of the folder that holds the bytes of all photos. */
  readonly blobsFolder: string;
  /** Names of the models. */
  readonly ensemble: readonly string[];
}
