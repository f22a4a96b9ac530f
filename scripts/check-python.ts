import { readFileSync } from 'node:fs';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { PositionEncoding, Workspace } from '@astral-sh/ruff-wasm-nodejs';
import { repositoryFiles } from './words/repository-files.ts';

/** Looks for errors in the Python files, with ruff and its rules for likely faults. Part of `npm run check`. */
interface Find {
  readonly code: string | null;
  readonly message: string;
  readonly start_location: { readonly row: number };
}

const RULES = ['E4', 'E9', 'F', 'B', 'PLE'];

process.chdir(fileURLToPath(new URL('../', import.meta.url)));
const ruff = new Workspace({ 'target-version': 'py38', lint: { select: RULES } }, PositionEncoding.Utf16);
const files = repositoryFiles().filter((file) => file.endsWith('.py'));
const finds = files.flatMap((file) => {
  const found: readonly Find[] = ruff.check(readFileSync(file, 'utf8'));
  return found.map(({ code, message, start_location: { row } }) => `${file}:${row} ${code ?? ''} ${message}`);
});
for (const find of finds) console.error(find);
console.log(`${files.length} files, ${finds.length} finds`);
process.exitCode = finds.length > 0 || files.length === 0 ? 1 : 0;
