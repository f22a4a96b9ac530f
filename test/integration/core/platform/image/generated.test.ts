import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { inspect } from '../../../../../src/core/photo/inspect.process.ts';
import { addPrivateFacts, insertSegment, lacksExiftool } from '../../../../support/photo-metadata.ts';
import { noiseBytes } from '../../../../unit/core/photo/pixels/noise.ts';
import { pngChunk, pngFile } from './png-file.ts';

const LIMITS = { maxPixels: 1_000_000, minSidePixels: 1, maxAspectRatio: 100 };
const size = { width: 48, height: 40 };
const noise = sharp(noiseBytes(48 * 40 * 3), { raw: { ...size, channels: 3 } });
const SOURCE_TYPES = 'http://cv.iptc.org/newscodes/digitalsourcetype/';
const typed = (term: string): string =>
  `<Iptc4xmpExt:DigitalSourceType>${SOURCE_TYPES}${term}</Iptc4xmpExt:DigitalSourceType>`;
const withPng = (type: string, content: string): Buffer =>
  pngFile({
    ...size,
    bitDepth: 8,
    colour: 'rgb',
    rows: noiseBytes(48 * 40 * 3),
    extra: [pngChunk(type, Buffer.from(content))],
  });

/** The parts of a JUMBF box in APP11 segments: identifier, instance, number, length and type of the box, then the content. */
function withBoxes(jpeg: Buffer, parts: readonly string[]): Buffer {
  return parts.toReversed().reduce((bytes, part, i) => {
    const header = Buffer.from(`JP\0\x01\0\0\0${String.fromCharCode(parts.length - i)}\0\x01\0\0jumb`, 'latin1');
    return insertSegment(bytes, 0xeb, Buffer.concat([header, Buffer.from(part)]));
  }, jpeg);
}

async function withRiff(type: string, content: string): Promise<Buffer> {
  const webp = await noise.clone().webp().toBuffer();
  const odd = content.length % 2 === 1 ? `${content} ` : content;
  const length = Buffer.alloc(4);
  length.writeUInt32LE(odd.length);
  const grown = Buffer.concat([webp, Buffer.from(type), length, Buffer.from(odd)]);
  grown.writeUInt32LE(grown.length - 8, 4);
  return grown;
}

const xmp = (text: string): Buffer => Buffer.from(`http://ns.adobe.com/xap/1.0/\0<x:xmpmeta>${text}</x:xmpmeta>`);
const extended = (text: string): Buffer => Buffer.from(`http://ns.adobe.com/xmp/extension/\0${'G'.repeat(40)}${text}`);
const jpeg = (): Promise<Buffer> => noise.clone().jpeg().toBuffer();
const cut = (text: string, at: number): [string, string] => [text.slice(0, at), text.slice(at)];

const GENERATED: Record<string, () => Promise<Buffer> | Buffer> = {
  'the XMP of a JPEG': async () => insertSegment(await jpeg(), 0xe1, xmp(typed('trainedAlgorithmicMedia'))),
  'an XMP attribute without an address': async () =>
    insertSegment(await jpeg(), 0xe1, xmp('Iptc4xmpExt:DigitalSourceType="compositeWithTrainedAlgorithmicMedia"')),
  'XMP that continues in a second segment': async () => {
    const [first, second] = cut(typed('algorithmicMedia'), 60);
    return insertSegment(insertSegment(await jpeg(), 0xe1, extended(second)), 0xe1, extended(first));
  },
  'the C2PA manifest of a JPEG': async () =>
    withBoxes(await jpeg(), [`\u0001digitalSourceTypex!${SOURCE_TYPES}trainedAlgorithmicMedia`]),
  'a C2PA manifest in two segments': async () =>
    withBoxes(await jpeg(), cut(`${SOURCE_TYPES}trainedAlgorithmicMedia`, 50)),
  'the XMP of a PNG': () => withPng('iTXt', `XML:com.adobe.xmp\0\0\0\0\0${typed('trainedAlgorithmicMedia')}`),
  'the C2PA manifest of a PNG': () => withPng('caBX', `${SOURCE_TYPES}compositeWithTrainedAlgorithmicMedia`),
  'the XMP of a WebP': () => withRiff('XMP ', typed('trainedAlgorithmicMedia')),
  'the C2PA manifest of a WebP': () => withRiff('C2PA', `${SOURCE_TYPES}algorithmicMedia`),
};

const PHOTOS: Record<string, () => Promise<Buffer> | Buffer> = {
  'says that a camera took it': async () => insertSegment(await jpeg(), 0xe1, xmp(typed('digitalCapture'))),
  'was enhanced by an algorithm': async () => insertSegment(await jpeg(), 0xe1, xmp(typed('algorithmicallyEnhanced'))),
  'names the term in a description only': async () =>
    insertSegment(await jpeg(), 0xe1, xmp('<dc:description>no trainedAlgorithmicMedia</dc:description>')),
  'has the term in its comment only': async () =>
    insertSegment(await jpeg(), 0xfe, Buffer.from(typed('algorithmicMedia'))),
  'says nothing': jpeg,
};

describe('a picture that a source gives', () => {
  it.each(Object.entries(GENERATED))('is refused as ai-generated if %s says so', async (_, make) => {
    expect(await inspect(await make(), LIMITS)).toMatchObject({
      ok: false,
      state: 'dropped',
      reason: 'ai-generated',
      detail: expect.stringMatching(/digital source type \w*lgorithmicMedia$/),
    });
  });

  it.each(Object.entries(PHOTOS))('is accepted if it %s', async (_, make) => {
    expect(await inspect(await make(), LIMITS)).toMatchObject({ ok: true });
  });

  it('is refused if exiftool wrote the digital source type', async (context) => {
    const missing = await lacksExiftool();
    context.skip(missing !== '', missing);
    for (const bytes of [await jpeg(), await noise.clone().png().toBuffer(), await noise.clone().webp().toBuffer()]) {
      const tag = `-XMP-iptcExt:DigitalSourceType=${SOURCE_TYPES}trainedAlgorithmicMedia`;
      expect(await inspect(await addPrivateFacts(bytes, tag), LIMITS)).toMatchObject({ reason: 'ai-generated' });
    }
  });
});

describe('what XMP says about data mining', () => {
  const DMI = 'http://ns.useplus.org/ldf/vocab/DMI-';
  it.each([
    [`<plus:DataMining>${DMI}PROHIBITED</plus:DataMining>`, 'DMI-PROHIBITED'],
    [`<x plus:DataMining="${DMI}PROHIBITED-EXCEPTSEARCHENGINEINDEXING"/>`, 'DMI-PROHIBITED-EXCEPTSEARCHENGINEINDEXING'],
    [`<p:DataMining rdf:resource='${DMI}ALLOWED'/>`, 'DMI-ALLOWED'],
    [`<plus:OtherConstraints>${DMI}PROHIBITED</plus:OtherConstraints>`, null],
  ])('%s is found as %j', async (text, expected) => {
    const found = await inspect(insertSegment(await jpeg(), 0xe1, xmp(text)), LIMITS);
    expect(found).toMatchObject({ ok: true, dataMining: expected });
  });
});
