import sharp from 'sharp';

/** SVG has 96 units an inch here, PNG twice as many pixels. */
const DENSITY = 2 * 72;

let added: Promise<unknown> | null = null;

/**
 * Draws an SVG file as PNG, two pixels for each unit, without metadata. A machine without fonts would draw boxes
 * instead of letters, so the TrueType font that the SVG names is added to those that fontconfig knows in this process
 * (libvips does that for the `fontfile` of a text). The same SVG gives the same bytes on one machine.
 */
export async function figurePng(svg: string, fontFile: string): Promise<Buffer> {
  added ??= sharp({ text: { text: 'x', fontfile: fontFile, width: 10 } })
    .png()
    .toBuffer();
  await added;
  return sharp(Buffer.from(svg), { density: DENSITY }).png({ compressionLevel: 9 }).toBuffer();
}
