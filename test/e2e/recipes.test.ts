import { execFile } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { declarationsOf } from '../../scripts/declarations.ts';
import { blocksOf, isShell, type Block } from '../support/recipes/blocks.ts';
import { helpExamples } from '../support/recipes/help.ts';
import { makeReader } from '../support/recipes/reader.ts';
import { openShell, type Shell } from '../support/recipes/shell.ts';
import { suiteFolder } from '../support/process-tree.ts';
import { catalogueOf, useSharedServer } from '../support/shared-server.ts';
import { repositoryRoot } from '../support/winnow.ts';

useSharedServer();

/** Pages whose recipes make what those of other pages use come first. */
const FIRST = ['README.md', 'docs/README.md', 'docs/collections.md', 'docs/crawling.md', 'docs/filtering.md'];
const GUIDES = readdirSync(path.join(repositoryRoot, 'docs')).filter((name) => name.endsWith('.md'));
const PAGES = [...new Set([...FIRST, ...GUIDES.map((name) => `docs/${name}`), 'CONTRIBUTING.md', 'RELEASING.md'])];
const TIMEOUT_MS = 600_000;
const NO_VERDICTS = 'sha256,wnid,verdict,reviewer\n';

const folder = suiteFolder();
let shell: Shell;
beforeAll(async () => {
  const reader = await makeReader(folder.at());
  shell = await openShell(reader.folder, reader.home);
}, TIMEOUT_MS);

/** Numbers of recipes that ran and that are marked, by kind. */
const counts = new Map<string, number>();
const count = (kind: string): void => void counts.set(kind, (counts.get(kind) ?? 0) + 1);
afterAll(() => {
  shell?.close();
  console.log(`recipes: ${[...counts].map(([kind, number]) => `${kind} ${number}`).join(', ')}`);
});

const blocksIn = (page: string, text: string): readonly Block[] => blocksOf(page, text).filter(isShell);
const blocksOfPage = (page: string): readonly Block[] =>
  blocksIn(page, readFileSync(path.join(repositoryRoot, page), 'utf8'));

interface Recipe extends Pick<Block, 'place' | 'text' | 'mark'> {
  /** The recipe is typed as a user types it who has installed the command `winnow`. */
  readonly withWinnow?: boolean;
}

/** Runs recipes one after the other. Returns one text for each that fails. */
async function failuresOf(what: string, recipes: readonly Recipe[]): Promise<readonly string[]> {
  const failures: string[] = [];
  for (const { place, text, mark, withWinnow = false } of recipes) {
    count(mark ?? what);
    if (mark !== null) continue;
    const { code, stderr } = await shell.run(text, { withWinnow });
    if (code !== 0) failures.push(`${place} ended with ${code}\n${text}${stderr.slice(-1000)}`);
  }
  return failures;
}

describe.each(PAGES.filter((page) => blocksOfPage(page).length > 0))('the commands in %s', (page) => {
  it('run as they stand', { timeout: TIMEOUT_MS }, async () => {
    expect(await failuresOf('blocks', blocksOfPage(page))).toEqual([]);
  });
});

describe('commands that winnow prints', { timeout: TIMEOUT_MS }, () => {
  it('run as they stand in the card of a set', async () => {
    const card = blocksIn('README.md', readFileSync(folder.at('exports', 'v1', 'README.md'), 'utf8'));
    const inSet = card.map((block) => ({ ...block, text: `cd exports/v1\n${block.text}` }));
    expect([card.length, await failuresOf('blocks of the card', inSet)]).toEqual([1, []]);
  });

  it('run as they stand after next:', async () => {
    const printed = shell.printed.flatMap((text) => [
      ...text.matchAll(/^(?:next:)? +(winnow .*|node .*winnow\.cjs .*)$/gm),
    ]);
    // The first `next:` line of each command is enough: the others differ in names only.
    const commands = new Map(
      printed
        .map(([, command = '']) => command.replace(/^node \S+winnow\.cjs/, 'winnow'))
        .toReversed()
        .map((command) => [command.split(' ')[1] ?? '', command]),
    );
    // Words such as DIR stand for something that the reader chooses.
    const recipes = [...commands.values()].map((text) => ({
      place: 'next:',
      text: `${text}\n`,
      mark: /(?<=\s)[A-Z]{3,}(?=\s|$)/.test(text) ? ('own' as const) : null,
      withWinnow: true,
    }));
    expect(recipes.length).toBeGreaterThan(3);
    expect(await failuresOf('next', recipes)).toEqual([]);
  });

  it('run as they stand in the examples of --help', async () => {
    await shell.run('winnow unpause all', { withWinnow: true });
    writeFileSync(folder.at('verdicts.csv'), NO_VERDICTS);
    // These begin in a folder without exports and collections of the user.
    for (const name of ['exports/v1', 'exports/v2', 'home/backups', 'reports', 'plan-1', 'evidence'])
      rmSync(folder.at(name), { recursive: true, force: true });
    for (const name of ['birds', 'dragonflies', 'mine'])
      rmSync(folder.at('config', 'collections', `${name}.yaml`), { force: true });
    const recipes = helpExamples().map(({ command, ...rest }) => ({ ...rest, text: `${command}\n`, withWinnow: true }));
    expect(recipes.length).toBeGreaterThan(100);
    expect(await failuresOf('examples of --help', recipes)).toEqual([]);
  });
});

describe('the first example of docs/library.md', { timeout: TIMEOUT_MS }, () => {
  const example = (): string =>
    blocksOf('docs/library.md', readFileSync(path.join(repositoryRoot, 'docs', 'library.md'), 'utf8'))[0]?.text ?? '';

  it('compiles in strict TypeScript', async () => {
    // As the package brings them. Compiling all sources takes ten times as long.
    for (const [file, text] of declarationsOf('index.ts')) {
      mkdirSync(path.dirname(folder.at('types', file)), { recursive: true });
      writeFileSync(folder.at('types', file), text);
    }
    writeFileSync(folder.at('example.mts'), example());
    const options = {
      extends: path.join(repositoryRoot, 'tsconfig.json'),
      compilerOptions: {
        noEmit: true,
        strict: true,
        types: ['node'],
        typeRoots: [path.join(repositoryRoot, 'node_modules', '@types')],
        paths: { 'winnow-images': [folder.at('types', 'index.d.ts')] },
      },
      include: [],
      files: ['example.mts'],
    };
    writeFileSync(folder.at('tsconfig.example.json'), JSON.stringify(options));
    const tsc = path.join(repositoryRoot, 'node_modules', 'typescript', 'bin', 'tsc');
    const { stdout } = await promisify(execFile)(process.execPath, [tsc, '--project', 'tsconfig.example.json'], {
      cwd: folder.at(),
    }).catch((error: { stdout: string }) => error);
    expect(stdout).toBe('');
    count('library examples compiled');
  });

  it('runs on a folder of photos', async () => {
    rmSync(folder.at('exports'), { recursive: true, force: true });
    writeFileSync(folder.at('verdicts.csv'), NO_VERDICTS);
    writeFileSync(folder.at('example.mjs'), example());
    const env = { ...process.env, DATABASE_URL: await catalogueOf(folder.at('data')), WINNOW_FILTER_THREADS: '1' };
    const { stdout } = await promisify(execFile)(process.execPath, ['example.mjs'], { cwd: folder.at(), env });
    expect(stdout).toContain('ok: true');
    count('library examples run');
  });
});
