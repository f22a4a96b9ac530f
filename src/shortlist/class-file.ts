import { createHash } from 'node:crypto';

/** The file of a class's page. A long id, or one with other characters than letters, digits, `_` and `-`, is hashed. */
export function classFile(wnid: string): string {
  const isSafe = /^[\w-]{1,64}$/.test(wnid);
  const name = isSafe ? wnid : createHash('sha256').update(wnid).digest('hex').slice(0, 16);
  return `class-${name}.html`;
}
