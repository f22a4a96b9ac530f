import { readFile } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { createGunzip, gzip } from 'node:zlib';
import * as z from 'zod';
import { sha256Schema, type ModelCard } from '../collection/cards/model-card.ts';
import { displayPath } from '../config/root.ts';
import { quote } from '../tools/quote.ts';
import { linesOf } from '../kernel/lines.ts';
import { messageOf, UsageError } from '../kernel/errors.ts';
import { jsonOf } from '../kernel/json.ts';
import { sha256Of } from '../tools/sha256.ts';
import { FINE_HASH_BYTES } from './hashes/fine-hash.ts';
import { KnownPictures } from './known-pictures.ts';

export const HEAD_PHOTOS = 'head-photos';

const photoSchema = z.object({
  /** `train/` or `val/`, and the path in that folder. */
  path: z.string().min(1),
  sha256: sha256Schema,
  originalSha256: sha256Schema.nullable(),
  perceptualHash: z.string().regex(/^[0-9a-f]{16}$/),
  fineHash: z.string().regex(new RegExp(`^[0-9a-f]{${2 * FINE_HASH_BYTES}}$`)),
});

export type HeadPhoto = Readonly<z.output<typeof photoSchema>>;

export async function headPhotosFile(photos: readonly HeadPhoto[]): Promise<Buffer> {
  // One string of all lines could be longer than strings can be.
  return promisify(gzip)(Buffer.concat(photos.map((photo) => Buffer.from(`${JSON.stringify(photo)}\n`))));
}

/** @throws UsageError `head-photos` if the file is absent or damaged */
export async function* readHeadPhotos({
  name,
  references,
}: Pick<ModelCard, 'name'> & { readonly references: NonNullable<ModelCard['references']> }): AsyncGenerator<HeadPhoto> {
  try {
    const bytes = await readFile(references.path);
    const sha256 = sha256Of(bytes);
    if (sha256 !== references.sha256)
      throw new Error(`its SHA-256 is ${sha256}, but the card says ${references.sha256}`);
    for await (const { number, text } of linesOf(Readable.from([bytes]).pipe(createGunzip()))) {
      const photo = photoSchema.safeParse(jsonOf(text));
      if (!photo.success) throw new Error(`line ${number} is no photo`);
      yield photo.data;
    }
  } catch (error) {
    throw new UsageError(
      `Cannot read which photos the head '${name}' was fitted on, from ${quote(displayPath(references.path))}: ${messageOf(error)}. Put the file back, or fit the head again: winnow models remove ${name}, then winnow finetune`,
      { code: HEAD_PHOTOS, cause: error },
    );
  }
}

/** The photos of a head; `unknown` for a head that was made without its reference set; null for a head from text or any other model. */
export type HeadPhotos = KnownPictures | 'unknown' | null;

/** The photos that a model was fitted and measured with, if it is a head. Throws UsageError `head-photos`. */
export async function fittedPhotosOf(card: ModelCard): Promise<HeadPhotos> {
  const { head, references } = card;
  if (head === undefined || head.text === true) return null;
  if (references === undefined) return 'unknown';
  const known = new KnownPictures();
  for await (const photo of readHeadPhotos({ ...card, references })) known.add(photo);
  return known;
}
