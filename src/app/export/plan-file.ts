import { createReadStream, createWriteStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { pipeline } from 'node:stream/promises';
import type { SelectedPhoto } from '../../export/select.ts';

/** A photo that was listed or reviewed, with its folder. */
export interface PlannedPhoto {
  readonly photo: SelectedPhoto;
  /** Its folder in `test/`, if the revision has the photo. */
  readonly folder: string;
}

/**
 * What a revision consists of, as a file of one JSON text a line. So the catalogue is read from one short snapshot, and
 * nothing of it is held in memory while pictures are copied for hours.
 */
export async function writePlan(file: string, photos: AsyncIterable<PlannedPhoto>): Promise<void> {
  await pipeline(
    photos,
    async function* (planned: AsyncIterable<PlannedPhoto>) {
      for await (const photo of planned) yield `${oneLineJson(photo)}\n`;
    },
    createWriteStream(file, { flags: 'wx' }),
  );
}

export async function* readPlan(file: string): AsyncGenerator<PlannedPhoto> {
  for await (const line of createInterface({ input: createReadStream(file), crlfDelay: Infinity })) {
    const planned: PlannedPhoto = JSON.parse(line);
    yield planned;
  }
}

/** The photos of the plan that the revision has. */
export async function* chosenPhotos(file: string): AsyncGenerator<PlannedPhoto> {
  for await (const planned of readPlan(file)) if (planned.photo.leftOut === null) yield planned;
}

/** Items in lists of at most `size`. */
export async function* inBatches<Item>(items: AsyncIterable<Item>, size: number): AsyncGenerator<Item[]> {
  let batch: Item[] = [];
  for await (const item of items) {
    batch.push(item);
    if (batch.length < size) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

/** `readline` also ends lines at the separators U+2028 and U+2029, which JSON leaves as they are. */
function oneLineJson(value: unknown): string {
  return JSON.stringify(value).replaceAll('\u2028', '\\u2028').replaceAll('\u2029', '\\u2029');
}
