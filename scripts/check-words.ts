import { readFileSync } from 'node:fs';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { repositoryFiles } from './words/repository-files.ts';
import { findRetiredWords, parsePatterns } from './words/retired-words.ts';

/** Refuses retired words in comments, messages, titles and documentation. Part of `npm run check`. */
const LIST = 'config/tools/retired-words.txt';
const READ = /\.([cm]?[jt]sx?|md|ya?ml|py|sh|css|html|as)$|(^|\/)(Dockerfile|run)$/;
/** Texts that others wrote, and the list itself. */
const OTHERS = /^(assets\/(?!fetch\.py)|test\/fixtures\/|config\/classes\/)|^LICENSE/;

process.chdir(fileURLToPath(new URL('../', import.meta.url)));
const patterns = parsePatterns(readFileSync(LIST, 'utf8'));
const files = repositoryFiles().filter((file) => READ.test(file) && !OTHERS.test(file));
const finds = files.flatMap((file) =>
  findRetiredWords(file, readFileSync(file, 'utf8'), patterns).map(
    ({ line, words }) => `${file}:${line} says '${words}'`,
  ),
);
for (const find of finds) console.error(find);
if (finds.length > 0)
  console.error(`Expected none of the words of ${LIST}. CONTRIBUTING.md, "Plain words", says what to write instead.`);
console.log(`${files.length} files, ${finds.length} finds`);
process.exitCode = finds.length > 0 || files.length === 0 ? 1 : 0;
