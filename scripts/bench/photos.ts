import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';

const SAMPLES = fileURLToPath(new URL('../../test/fixtures/samples/photos/', import.meta.url));
/** A tile of a mosaic. It is a little smaller than the samples, so that it has as much detail as a photo of its size. */
const TILE = { width: 256, height: 192 };
const MOSAICS = 64;
const JPEG_QUALITY = 90;

/**
 * The bundled photos unchanged (most have 320 x 214 pixels), or mosaics of them with the given longer side. Enlarged photos
 * would be easier to decode than real ones.
 *
 * @param sidePixels 0 for the photos unchanged
 */
export async function photosToServe(sidePixels: number): Promise<Buffer[]> {
  const samples = readdirSync(SAMPLES, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.jpg'))
    .toSorted()
    .map((name) => readFileSync(`${SAMPLES}${name}`));
  if (sidePixels === 0) return samples;
  const tiles = await Promise.all(samples.map((sample) => sharp(sample).resize(TILE).toBuffer()));
  return Promise.all(Array.from({ length: MOSAICS }, (_, number) => mosaic(tiles, { number, sidePixels })));
}

/** A mosaic of shape 4:3. Tiles that do not fit are cut. */
async function mosaic(
  tiles: readonly Buffer[],
  { number, sidePixels }: { number: number; sidePixels: number },
): Promise<Buffer> {
  const size = { width: sidePixels, height: Math.round((sidePixels * 3) / 4) };
  const columns = Math.ceil(size.width / TILE.width);
  const rows = Math.ceil(size.height / TILE.height);
  const placed = Array.from({ length: columns * rows }, (_, i) => ({
    input: tiles[(number * columns * rows + i) % tiles.length] ?? Buffer.alloc(0),
    left: (i % columns) * TILE.width,
    top: Math.floor(i / columns) * TILE.height,
  }));
  const canvas = { width: columns * TILE.width, height: rows * TILE.height, channels: 3, background: 'white' } as const;
  const whole = await sharp({ create: canvas }).composite(placed).png({ compressionLevel: 0 }).toBuffer();
  return sharp(whole)
    .extract({ left: 0, top: 0, ...size })
    .jpeg({ quality: JPEG_QUALITY })
    .toBuffer();
}
