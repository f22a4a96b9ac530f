import type { SheetPhoto } from './sheet/card.tsx';

export interface HandedPhoto extends SheetPhoto {
  readonly name: string;
}

export interface PhotoPlaces {
  readonly pathOf: (sha256: HandedPhoto['sha256']) => string;
  /** Absolute path of the folder that holds the bytes of all photos. */
  readonly blobsFolder: string;
  readonly ensemble: readonly string[];
}
