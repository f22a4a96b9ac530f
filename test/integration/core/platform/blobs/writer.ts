/**
 * Writes blobs in a process of its own: `writer.ts FOLDER MODE`. It prints a line `stored SHA256` for each, and at the
 * end `failed` with the error as JSON. Modes: `once`; `endless`, until it is killed; `stuck`, which never renames.
 */
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { codeOf, messageOf } from '../../../../../src/core/kernel/errors.ts';
import { sha256Of } from '../../../../support/sha256.ts';

const [folder = '', mode = 'once'] = process.argv.slice(2);
const say = (line: string): boolean => process.stdout.write(`${line}\n`);

if (mode === 'stuck') {
  // From here on a write gets as far as it can without its last step.
  const rename = (): void => {
    say('renaming');
    setInterval(() => undefined, 60_000);
  };
  Object.assign(fs, { rename });
  syncBuiltinESMExports();
}
// It takes the functions of the file system when it is loaded.
const { openBlobFolder } = await import('../../../../../src/core/platform/blobs/blob-folder.ts');
const blobs = openBlobFolder(folder);
try {
  for (let left = mode === 'endless' ? Number.POSITIVE_INFINITY : 1; left > 0; left -= 1) {
    const bytes = randomBytes(200_000);
    const sha256 = sha256Of(bytes);
    await blobs.put(sha256, bytes);
    say(`stored ${sha256}`);
  }
} catch (error) {
  const name = error instanceof Error ? error.name : typeof error;
  say(`failed ${JSON.stringify({ name, code: codeOf(error), message: messageOf(error) })}`);
}
