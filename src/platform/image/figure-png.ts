import sharp from 'sharp';

/** SVG has 96 units an inch here, PNG twice as many pixels. */
const DENSITY = 2 * 72;

let added: Promise<unknown> | null = null;

/**
 * Draws an SVG file as PNG, two pixels for each unit, without metadata. The same SVG and font give the same bytes on one machine.
 *
 * A machine without fonts would draw boxes instead of letters (fontconfig finds none; measured with an empty `FONTCONFIG_FILE`).
 * So the font is added to those that fontconfig knows in this process: libvips does that for the `fontfile` of a text.
 *
 * @param fontFile absolute path of a TrueType font whose family the SVG names
 */
export async function figurePng(svg: string, fontFile: string): Promise<Buffer> {
  added ??= sharp({ text: { text: 'x', fontfile: fontFile, width: 10 } })
    .png()
    .toBuffer();
  await added;
  return sharp(Buffer.from(svg), { density: DENSITY }).png({ compressionLevel: 9 }).toBuffer();
}
