import { sha256Of } from '../tools/sha256.ts';

/** The file of a class's page. A long id, or one with other characters than letters, digits, `_` and `-`, is hashed. */
export function classFile(wnid: string): string {
  const isSafe = /^[\w-]{1,64}$/.test(wnid);
  const name = isSafe ? wnid : sha256Of(wnid).slice(0, 16);
  return `class-${name}.html`;
}
