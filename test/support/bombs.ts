import { crc32, deflate, gzip } from 'node:zlib';

export type Bombs = Awaited<ReturnType<typeof makeBombs>>;

/**
 * Makes short answers that are long once they are unpacked, off the main thread, so that nothing else waits: 200 MB of zeros in
 * 195 kB, and a valid black PNG of 400 megapixels, one bit each, in 49 kB.
 */
export async function makeBombs() {
  const [gzipped, png] = await Promise.all([compress(gzip, Buffer.alloc(200_000_000)), blackPng(20_000)]);
  return { gzip: gzipped, png };
}

function compress(method: typeof gzip, bytes: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    method(bytes, (error, result) => (error === null ? resolve(result) : reject(error)));
  });
}

/** A valid black PNG, one bit a pixel, of `side` x `side` pixels. */
export async function blackPng(side: number): Promise<Buffer> {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(side, 0);
  header.writeUInt32BE(side, 4);
  header[8] = 1;
  const rows = await compress(deflate, Buffer.alloc((1 + Math.ceil(side / 8)) * side));
  const chunks = [chunk('IHDR', header), chunk('IDAT', rows), chunk('IEND', Buffer.alloc(0))];
  return Buffer.concat([Buffer.from('\u0089PNG\r\n\u001a\n', 'latin1'), ...chunks]);
}

function chunk(type: string, content: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(content.length);
  const checked = Buffer.concat([Buffer.from(type), content]);
  const checksum = Buffer.alloc(4);
  checksum.writeUInt32BE(crc32(checked));
  return Buffer.concat([length, checked, checksum]);
}
