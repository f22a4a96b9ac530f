import { statfs } from 'node:fs/promises';

/** What may still be written to the disk of a file or folder that exists, without its reserve for root. */
export async function freeBytesOn(path: string): Promise<number> {
  const { bavail, bsize } = await statfs(path);
  return bavail * bsize;
}
