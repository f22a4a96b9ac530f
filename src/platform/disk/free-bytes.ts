import { statfs } from 'node:fs/promises';

/** Free bytes on the disk of an existing file or folder, without the reserve for root. */
export async function freeBytesOn(path: string): Promise<number> {
  const { bavail, bsize } = await statfs(path);
  return bavail * bsize;
}
