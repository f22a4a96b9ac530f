import { createReadStream, createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import type { SelectedPhoto, Split } from './select.ts';
import { linesOf } from '../../kernel/lines.ts';

/** A file keeps the catalogue snapshot short, and memory small while pictures are copied for hours. */
export async function writePlan(file: string, photos: AsyncIterable<SelectedPhoto>): Promise<void> {
  await pipeline(
    photos,
    async function* (planned: AsyncIterable<SelectedPhoto>) {
      for await (const photo of planned) yield `${JSON.stringify(photo)}\n`;
    },
    createWriteStream(file, { flags: 'wx' }),
  );
}

export async function* readPlan(file: string): AsyncGenerator<SelectedPhoto> {
  for await (const { text } of linesOf(createReadStream(file))) {
    const planned: SelectedPhoto = JSON.parse(text);
    yield planned;
  }
}

export async function* chosenPhotos(file: string, split: Split): AsyncGenerator<SelectedPhoto> {
  for await (const planned of readPlan(file)) if (planned.leftOut === null && planned.split === split) yield planned;
}
