import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { createInterface } from 'node:readline/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import * as z from 'zod';
import {
  isUnnamed,
  NAME_RULES,
  NAMED_FILES,
  parseNames,
  withNames,
  type NamedFile,
  type Names,
} from './release-names.ts';

/** `npm run release`: checks a version, packs it and tags it. RELEASING.md says how to use it. It publishes and pushes nothing. */
const USAGE = 'Usage: npm run release [-- --dry-run | --repository URL --author NAME --contact ADDRESS]';
/** In .gitignore. */
const TARGET = 'data/release';
const MAX_BYTES = 60_000_000;
const NEEDED = [
  'dist/main.mjs',
  ...['discover', 'fetch', 'filter', 'server'].map((name) => `dist/workers/${name}.mjs`),
  'src/cli/winnow.cjs',
  'LICENSE',
  'THIRD-PARTY-LICENSES.md',
];

const packedSchema = z.tuple([
  z.object({ filename: z.string(), size: z.number(), files: z.array(z.object({ path: z.string() })) }),
]);

function git(...args: string[]): string {
  return execFileSync('git', args, { encoding: 'utf8' }).trim();
}

function unnamedFiles(): readonly NamedFile[] {
  return NAMED_FILES.filter((file) => isUnnamed(file, readFileSync(file, 'utf8')));
}

/** The names that are given, and on a terminal those that the user types. */
async function askForNames(given: Partial<Names>): Promise<Partial<Names>> {
  if (!process.stdin.isTTY) return given;
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  const names: Partial<Record<keyof Names, string>> = { ...given };
  for (const key of ['repository', 'author', 'contact'] as const)
    names[key] ??= (await terminal.question(`${NAME_RULES[key].what}: `)).trim();
  terminal.close();
  return names;
}

/** Writes the names into the files that have none. Returns the exit code. */
async function writeNames(files: readonly NamedFile[], given: Partial<Names>): Promise<number> {
  const names = parseNames(await askForNames(given));
  if (!('repository' in names)) {
    for (const problem of names) console.error(problem);
    console.error(`Without names there is no release: ${files.join(', ')} name nobody. Nothing was changed.`);
    return 1;
  }
  for (const file of files) writeFileSync(file, withNames(file, readFileSync(file, 'utf8'), names));
  console.log(
    `Wrote the names into ${files.join(', ')}. Look at \`git diff\`, commit it, and run \`npm run release\` again.`,
  );
  return 1;
}

function problemsOf(version: string, tag: string): string[] {
  const changed = git('status', '--porcelain');
  const changelog = readFileSync('CHANGELOG.md', 'utf8');
  const [, unreleased = ''] = /^## \[Unreleased\]\n([^]*?)^## /m.exec(changelog) ?? [];
  const cited = /^version: (.*)$/m.exec(readFileSync('CITATION.cff', 'utf8'))?.[1];
  const known = /^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version);
  return [
    ...(changed === '' ? [] : [`The tree is not clean. Commit or remove:\n${changed}`]),
    ...(known ? [] : [`Expected a version like 1.2.3 in package.json but received '${version}'.`]),
    ...(git('tag', '--list', tag) === '' ? [] : [`The tag ${tag} exists. Give package.json a new version.`]),
    ...(new RegExp(`^## \\[${version.replaceAll('.', '\\.')}\\] - \\d{4}-\\d\\d-\\d\\d$`, 'm').test(changelog)
      ? []
      : [`CHANGELOG.md has no line '## [${version}] - YYYY-MM-DD'.`]),
    ...(unreleased.trim() === '' ? [] : [`CHANGELOG.md has changes under Unreleased. Move them to ${version}.`]),
    ...(cited === version ? [] : [`CITATION.cff has the version '${cited}' instead of '${version}'.`]),
  ];
}

/** Builds the program, because npm runs `prepare`. */
function pack(folder: string): { problems: string[]; file: string } {
  const args = ['pack', '--json', '--pack-destination', folder];
  const output = execFileSync('npm', args, { encoding: 'utf8', maxBuffer: 64 * 2 ** 20 });
  const [{ filename, size, files }] = packedSchema.parse(JSON.parse(output.slice(output.search(/^\[/m))));
  const packed = new Set(files.map((file) => file.path));
  const file = path.join(folder, filename);
  console.log(`packed ${filename}: ${files.length} files, ${(size / 1e6).toFixed(1)} MB`);
  return {
    file,
    problems: [
      ...(size <= MAX_BYTES ? [] : [`The package has ${size} bytes, more than ${MAX_BYTES}.`]),
      ...NEEDED.filter((name) => !packed.has(name)).map((name) => `The package lacks ${name}.`),
    ],
  };
}

/** Returns the exit code. */
function dryRun(version: string, tag: string): number {
  const folder = mkdtempSync(path.join(tmpdir(), 'winnow-release-'));
  try {
    const problems = [...problemsOf(version, tag), ...pack(folder).problems];
    const unnamed = unnamedFiles();
    for (const problem of problems) console.log(`problem: ${problem}`);
    for (const file of unnamed) console.log(`no names: ${file}`);
    console.log(
      problems.length + unnamed.length === 0
        ? `\`npm run release\` would pack ${version} into ${TARGET} and tag it as ${tag}. Nothing was changed.`
        : `\`npm run release\` would refuse: ${problems.length} problems, ${unnamed.length} files without names. Nothing was changed.`,
    );
    return problems.length === 0 ? 0 : 1;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function release(version: string, tag: string): number {
  const problems = problemsOf(version, tag);
  if (problems.length === 0) {
    mkdirSync(TARGET, { recursive: true });
    const { file, problems: packing } = pack(TARGET);
    problems.push(...packing);
    if (packing.length === 0) {
      git('tag', '--annotate', tag, '--message', `winnow ${version}`);
      console.log(`tagged ${tag}. To publish it:\n  git push origin ${tag}\n  npm publish ${file}`);
      return 0;
    }
  }
  for (const problem of problems) console.error(problem);
  return 1;
}

process.chdir(fileURLToPath(new URL('../', import.meta.url)));
const text = { type: 'string' } as const;
const flags = { 'dry-run': { type: 'boolean' }, repository: text, author: text, contact: text } as const;
const { version } = z.object({ version: z.string() }).parse(JSON.parse(readFileSync('package.json', 'utf8')));
const tag = `v${version}`;
try {
  const { 'dry-run': isDryRun = false, ...names } = parseArgs({ options: flags }).values;
  const unnamed = unnamedFiles();
  if (isDryRun) process.exitCode = dryRun(version, tag);
  else process.exitCode = unnamed.length > 0 ? await writeNames(unnamed, names) : release(version, tag);
} catch (error) {
  if (!(error instanceof TypeError)) throw error;
  console.error(`${error.message}\n${USAGE}`);
  process.exitCode = 2;
}
