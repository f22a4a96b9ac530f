import { execFile } from 'node:child_process';
import { access, cp, mkdir } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { parse } from 'csv-parse/sync';
import { beforeAll, describe, expect, it } from 'vitest';
import type { DecisionLine } from '../../src/core/filter/run/decision-line.ts';
import { makeCopies } from '../support/copies.ts';
import { suiteFolder } from '../support/process-tree.ts';
import { jsonLines, repositoryRoot, winnow, type CommandResult } from '../support/winnow.ts';

/** As people name folders, and as PostgreSQL, shells and URLs do not like them. */
const DATA = `data of "Ann's" 100% 🐟 & co`;
const PHOTOS = `photos of "Ann's"\n100% 🐟 & co;`;
const LION = 'n02129165';
const COPIES = 24;

const program = path.join(repositoryRoot, 'src', 'cli', 'winnow.cjs');
const folder = suiteFolder();
const from = (): string => folder.at(PHOTOS);

async function run(...args: string[]): Promise<CommandResult> {
  return done(args, await winnow(inFolder(args), { cwd: folder.at('.') }));
}

const inFolder = (args: readonly string[]): string[] => [...args, '--collection', 'demo', '--data', DATA];

function done(args: readonly string[], result: CommandResult): CommandResult {
  expect([args, result.code, result.code === 0 ? '' : result.stderr]).toEqual([args, 0, '']);
  return result;
}

beforeAll(async () => {
  await makeCopies(from(), COPIES, { wnids: [LION, 'n01443537', 'n11939491'] });
  await mkdir(folder.at(PHOTOS, LION), { recursive: true });
  const lion = path.join(repositoryRoot, 'test', 'fixtures', 'samples', 'photos', LION, 'lion-lying.jpg');
  await cp(lion, folder.at(PHOTOS, LION, `it's "quoted",\n🦁.jpg`));
});

describe('results on stdout', () => {
  it('come from a relative data folder and a folder of photos, both with names that need care', async () => {
    const { stdout } = await run('run', '--from', from());
    expect(stdout).toContain(`found ${COPIES + 1} photos, ${COPIES + 1} of them new\nstored ${COPIES + 1} photos\n`);
    const hint = /^every class: +winnow (.*)$/m.exec(stdout)?.[1] ?? '';
    const script = `cd "$1" && node "$2" ${hint} --json 2>/dev/null`;
    const shell = await promisify(execFile)('sh', ['-c', script, 'sh', folder.at('.'), program]);
    expect(JSON.parse(shell.stdout)).toMatchObject({ totals: { found: COPIES + 1, fetched: COPIES + 1 } });
  });

  it('are nothing but JSON with --json, while logs and progress go to stderr', async () => {
    const commands = ['crawl', 'filter', 'shortlist', 'status', 'candidates', 'decisions', 'config'];
    const extra = (command: string): string[] => (command === 'crawl' ? ['--from', from()] : []);
    const outputs = await Promise.all(
      commands.map(async (command) => {
        const args = [command, ...extra(command), '--json'];
        return done(args, await winnow(inFolder(args), { cwd: folder.at('.') }));
      }),
    );
    for (const { stdout } of outputs) {
      expect(stdout.endsWith('\n')).toBe(true);
      expect(jsonLines<object>(stdout).length).toBeGreaterThan(0);
    }
  });

  it('are the same as CSV: every field of every row loads back', async () => {
    const [csv, json] = await Promise.all([run('decisions', '--format', 'csv'), run('decisions', '--json')]);
    const rows = parse<Record<string, string>>(csv.stdout, { columns: true });
    const expected = jsonLines<DecisionLine>(json.stdout).map((line) =>
      Object.fromEntries(Object.entries(line).map(([name, value]) => [name, cell(value)])),
    );
    expect(rows).toEqual(expected);
    expect(rows.map((row) => row['sourceId'])).toContainEqual(expect.stringContaining(`it's "quoted",\n🦁.jpg@`));
  });

  it('let the command end quietly if the reader stops early', async () => {
    for (const args of [['decisions', '--json'], ['candidates', '--format', 'csv'], ['decisions']]) {
      const script = `cd "$1" && shift && node "$@" 2>errors.txt | head -1; echo "$(cat errors.txt)" >&2`;
      const words = [folder.at('.'), program, ...args, '--collection', 'demo', '--data', DATA];
      const { stdout, stderr } = await promisify(execFile)('sh', ['-c', script, 'sh', ...words]);
      expect(stdout.trimEnd().split('\n')).toHaveLength(1);
      expect(stderr.replaceAll(/^\{"level":"info".*\n/gm, '').trim()).toBe('');
    }
  });

  it('that cannot be written are an error, not silence', async (context) => {
    const full = await access('/dev/full').then(
      () => true,
      () => false,
    );
    if (!full) context.skip('there is no /dev/full on this system');
    const script = `cd "$1" && shift && node "$@" >/dev/full 2>errors.txt; echo $?; tail -1 errors.txt`;
    const words = [folder.at('.'), program, 'decisions', '--json', '--collection', 'demo', '--data', DATA];
    const { stdout } = await promisify(execFile)('sh', ['-c', script, 'sh', ...words]);
    expect(stdout).toMatch(
      /^1\nwinnow: Expected to write the results to stdout but received 'no space left on device'/,
    );
  });
});

function cell(value: unknown): string {
  if (value === null) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

describe('a log line on a terminal', () => {
  it.for([
    { title: 'has colours', env: {}, hasColours: true },
    { title: 'has none where NO_COLOR is set', env: { NO_COLOR: '1' }, hasColours: false },
  ])('$title', async ({ env, hasColours }, context) => {
    const isThere = await promisify(execFile)('script', ['--version']).catch(() => null);
    if (isThere === null) context.skip('there is no program script to give a terminal');
    const { PATH = '', HOME = '' } = process.env;
    // Of a variable that stands for no setting it warns.
    const command = `'${process.execPath}' '${program}' collection list`;
    const terminal = { PATH, HOME, TERM: 'xterm-256color', WINNOW_NO_SETTING: '1', ...env };
    const { stdout } = await promisify(execFile)('script', ['-qec', command, '/dev/null'], { env: terminal });
    expect(stdout).toContain('WINNOW_NO_SETTING');
    expect(stdout.includes('\u001b[33m')).toBe(hasColours);
  });
});
