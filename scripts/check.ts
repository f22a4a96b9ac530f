import { spawn, type ChildProcess } from 'node:child_process';
import { availableParallelism, constants } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import pLimit from 'p-limit';

const ROOT = fileURLToPath(new URL('../', import.meta.url));
const BIN = path.join(ROOT, 'node_modules', '.bin');
/** Milliseconds that a part gets to end after Ctrl-C, before it is killed. */
const GRACE_MS = 2000;

interface Part {
  readonly name: string;
  /** A program of node_modules/.bin or `node`, and its arguments. */
  readonly command: readonly [program: string, ...args: string[]];
  /** Lines of the output that are printed even if the part passed. */
  readonly notes?: RegExp;
}

/** Longest first, so that the part that starts last is short. */
const PARTS: readonly Part[] = [
  {
    name: 'unit',
    command: ['vitest', 'run', '--config=config/tools/vitest.config.ts', '--project', 'unit'],
    notes: /^(?:skipped: .*|\d+ passed, .*)$/gm,
  },
  {
    name: 'types, lint',
    // Each file is checked under the nearest tsconfig.json: pages under that of `src/web/pages`.
    command: [
      'oxlint',
      '--config=config/tools/oxlint.json',
      '--type-check',
      '--deny-warnings',
      '--ignore-pattern=test/fixtures',
      '.',
    ],
  },
  {
    name: 'boundaries',
    command: ['node', '--import', 'tsx', 'scripts/check-boundaries.ts'],
    notes: /\(\d+ modules, .*\)/g,
  },
  { name: 'unused', command: ['knip', '--config=config/tools/knip.json', '--treat-config-hints-as-errors'] },
  { name: 'addresses', command: ['node', '--import', 'tsx', 'scripts/check-addresses.ts'] },
  { name: 'licences', command: ['node', '--import', 'tsx', 'scripts/licences.ts', '--check'] },
  { name: 'python', command: ['node', '--import', 'tsx', 'scripts/check-python.ts'] },
  { name: 'words', command: ['node', '--import', 'tsx', 'scripts/check-words.ts'] },
  { name: 'format', command: ['oxfmt', '--config=config/tools/oxfmt.json', '--check', '.'] },
];

interface Outcome {
  readonly part: Part;
  readonly passed: boolean;
  readonly seconds: number;
  /** Standard output and standard error, in the order in which they came. */
  readonly output: string;
}

const running = new Set<ChildProcess>();
let interruptedBy: NodeJS.Signals | undefined;

/** Runs one part in its own process group, so that programs that it starts end with it. */
async function run(part: Part): Promise<Outcome> {
  const [program, ...args] = part.command;
  const startMs = performance.now();
  const child = spawn(program === 'node' ? process.execPath : path.join(BIN, program), args, {
    cwd: ROOT,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    // The tools are scripts that look up `node` in the PATH. They must find the one that runs this file.
    env: { ...process.env, PATH: `${path.dirname(process.execPath)}${path.delimiter}${process.env['PATH'] ?? ''}` },
  });
  running.add(child);
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output += text));
  const passed = await new Promise<boolean>((resolve) => {
    child.once('error', (error) => {
      output += `Expected to start ${program} but: ${error.message}. Run \`npm ci\` first.\n`;
      resolve(false);
    });
    child.once('close', (code, signal) => {
      if (signal !== null) output += `${program} was ended by ${signal}\n`;
      resolve(code === 0);
    });
  });
  running.delete(child);
  return { part, passed, seconds: (performance.now() - startMs) / 1000, output };
}

function printLine({ part, passed, seconds, output }: Outcome): void {
  const [last, ...others] = (part.notes === undefined ? [] : (output.match(part.notes) ?? [])).toReversed();
  const line = `${passed ? 'ok  ' : 'FAIL'}  ${part.name.padEnd(10)}  ${seconds.toFixed(1).padStart(5)} s  ${last ?? ''}`;
  console.log([line.trimEnd(), ...others.toReversed().map((note) => `      ${note}`)].join('\n'));
}

function interrupt(signal: NodeJS.Signals): void {
  interruptedBy = signal;
  endAll('SIGTERM');
  setTimeout(() => endAll('SIGKILL'), GRACE_MS).unref();
}

function endAll(signal: NodeJS.Signals): void {
  for (const { pid } of running) {
    try {
      if (pid !== undefined) process.kill(-pid, signal);
    } catch {
      // The group has already ended.
    }
  }
}

/** Runs the named parts, or all parts but those that are named with a minus in front. Returns the exit code. */
async function check(names: readonly string[]): Promise<number> {
  const known = PARTS.map(({ name }) => name);
  const unknown = names.find((name) => !known.includes(name.replace(/^-/, '')));
  if (unknown !== undefined) {
    console.error(`Expected parts out of ${known.join(', ')} but received ${unknown}`);
    return 2;
  }
  const wanted = names.filter((name) => !name.startsWith('-'));
  const parts = PARTS.filter(
    ({ name }) => (wanted.length === 0 || wanted.includes(name)) && !names.includes(`-${name}`),
  );
  const limit = pLimit(Math.max(2, availableParallelism()));
  const work = parts.map((part) =>
    limit(async () => {
      if (interruptedBy !== undefined) return undefined;
      const outcome = await run(part);
      if (interruptedBy === undefined) printLine(outcome);
      return outcome;
    }),
  );
  const outcomes = await Promise.all(work);
  if (interruptedBy !== undefined) return 128 + constants.signals[interruptedBy];
  const failed = outcomes.filter((outcome) => outcome !== undefined).filter(({ passed }) => !passed);
  for (const { part, output } of failed) console.log(`\n--- ${part.name}: ${part.command.join(' ')}\n${output.trim()}`);
  if (failed.length > 0) console.log(`\n${failed.length} of ${parts.length} parts failed`);
  return failed.length > 0 ? 1 : 0;
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, interrupt);
// The reader has left, as in `npm run check | head`.
process.stdout.once('error', () => interrupt('SIGPIPE')).on('error', () => undefined);
process.exitCode = await check(process.argv.slice(2));
