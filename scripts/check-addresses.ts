import { readFileSync } from 'node:fs';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { repositoryFiles } from './words/repository-files.ts';

/**
 * Text that ties a file to one machine or one network. `npm ci` must use the registry that the user's npm is set to, and a path
 * of one machine means nothing on another.
 */
const FORBIDDEN = [
  {
    what: 'the host of a package registry',
    pattern: /\bregistry\.[\w-]+\.\w+|\b(?:npmjs|pypi|pythonhosted)\.(?:org|com)\b|\bcrates\.io\b|\bdebian\.org\b/gi,
  },
  { what: 'a folder of one machine', pattern: /(?<![\w.~-])\/(?:work|root)\/[\w.-]*/g },
  { what: 'the address of a package', pattern: /"resolved": *"[^"]*"/g },
];

/**
 * One line for each find. A file with a zero byte in its first 8,000 bytes is skipped, because git also treats it as
 * binary.
 */
function findsIn(file: string): readonly string[] {
  const bytes = readFileSync(file);
  if (bytes.subarray(0, 8000).includes(0)) return [];
  const lines = bytes.toString('utf8').split('\n');
  return lines.flatMap((line, index) =>
    FORBIDDEN.flatMap(({ what, pattern }) =>
      Array.from(line.matchAll(pattern), ([found]) => `${file}:${index + 1} names ${what}: ${found.slice(0, 100)}`),
    ),
  );
}

process.chdir(fileURLToPath(new URL('../', import.meta.url)));
const files = repositoryFiles();
const finds = files.flatMap((file) => findsIn(file));
for (const find of finds) console.error(find);
if (finds.some((find) => find.startsWith('package-lock.json'))) {
  console.error(
    'Expected no addresses in package-lock.json: .npmrc leaves them out when `npm install` writes the file.',
  );
}
console.log(`${files.length} files, ${finds.length} finds`);
process.exitCode = finds.length > 0 || files.length === 0 ? 1 : 0;
