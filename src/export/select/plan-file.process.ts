import { createReadStream, createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import type { SelectedPhoto } from './select.ts';
import { linesOf } from '../../kernel/lines.ts';

/** A photo that was listed or reviewed, with its folder. */
export interface PlannedPhoto {
  readonly photo: SelectedPhoto;
  /** Its folder in `test/`, if the revision has the photo. */
  readonly folder: string;
}

/**
 * Writes the photos of a revision to a file, one JSON object per line. This keeps the catalogue snapshot short, and memory
 * small while pictures are copied for hours.
 */
export async function writePlan(file: string, photos: AsyncIterable<PlannedPhoto>): Promise<void> {
  await pipeline(
    photos,
    async function* (planned: AsyncIterable<PlannedPhoto>) {
      for await (const photo of planned) yield `${JSON.stringify(photo)}\n`;
    },
    createWriteStream(file, { flags: 'wx' }),
  );
}

export async function* readPlan(file: string): AsyncGenerator<PlannedPhoto> {
  for await (const { text } of linesOf(createReadStream(file))) {
    const planned: PlannedPhoto = JSON.parse(text);
    yield planned;
  }
}

/** The photos of the plan that the revision has. */
export async function* chosenPhotos(file: string): AsyncGenerator<PlannedPhoto> {
  for await (const planned of readPlan(file)) if (planned.photo.leftOut === null) yield planned;
}
