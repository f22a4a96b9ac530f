import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type Random, seededRandom } from '../../test/support/random.ts';
import { preparePython } from './python-environment.ts';
import { hostOfRun, writeReport } from './report.ts';
import { median } from './statistics.ts';

const execute = promisify(execFile);
const ROOT = fileURLToPath(new URL('../../', import.meta.url));
/** Git ignores it. */
const ENVIRONMENT = path.join(ROOT, '.venv-frechet');
const PACKAGES = ['pytorch-fid==0.3.0', 'scipy==1.17.1', 'numpy==2.4.6'];
const TIMEOUT_MS = 1_800_000;
/** Hidden causes that features share, so that they are correlated as a model's are. */
const FACTORS = 64;

export interface FrechetBench {
  /** Photos of each set. */
  readonly photos: number;
  /** Length of a feature vector. */
  readonly dimensions: number;
  readonly rounds: number;
  readonly peers: boolean;
  readonly workFolder: string;
  readonly out: string;
  readonly signal: AbortSignal;
}

/** What frechet-alone.ts and frechet-peer.py print. */
interface Measured {
  readonly distance: number;
  readonly seconds: number;
  /** On all processors. */
  readonly cpuSeconds: number;
  /** Memory of the process once it has read both sets of features, and the most that it used. */
  readonly loadedBytes: number;
  readonly peakBytes: number;
}

/** Measures the Frechet distance of two sets of features, next to pytorch-fid's function on the same features. */
export async function benchFrechet(bench: FrechetBench): Promise<void> {
  await mkdir(bench.workFolder, { recursive: true });
  const folder = await mkdtemp(path.join(bench.workFolder, 'frechet-'));
  try {
    const files = [path.join(folder, 'a'), path.join(folder, 'b')];
    for (const [i, file] of files.entries()) await writeFile(file, featuresLikeModels(bench, i));
    await measure(bench, [...files, `${bench.photos}`, `${bench.dimensions}`]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function measure(bench: FrechetBench, files: readonly string[]): Promise<void> {
  const python = bench.peers ? await pythonOf(bench) : { why: 'not asked for (--peers)' };
  const programs = new Map([['winnow', [process.execPath, '--import', 'tsx', scriptOf('frechet-alone.ts')]]]);
  if (typeof python === 'string') programs.set('pytorch-fid', [python, scriptOf('frechet-peer.py')]);
  else console.log(`pytorch-fid left out: ${python.why}`);
  const rounds = [...programs.keys()].map((name) => ({ name, runs: new Array<Measured>() }));
  for (let round = 0; round < bench.rounds; round += 1) {
    for (const { name, runs } of rounds) {
      const [program = '', ...args] = programs.get(name) ?? [];
      const options = { cwd: ROOT, timeout: TIMEOUT_MS, signal: bench.signal };
      const measured: Measured = JSON.parse((await execute(program, [...args, ...files], options)).stdout);
      runs.push(measured);
    }
  }
  const results = rounds.map(({ name, runs }) => ({ name, ...mediansOf(runs) }));
  for (const { name, seconds, cpuSeconds, loadedBytes, peakBytes, distance } of results) {
    const memory = `peak ${Math.round(peakBytes / 1e6)} MB (${Math.round(loadedBytes / 1e6)} MB when loaded)`;
    console.log(`${name}: ${seconds.toFixed(1)} s, ${cpuSeconds.toFixed(1)} CPU s, ${memory}, distance ${distance}`);
  }
  const [ours, theirs] = results;
  if (ours !== undefined && theirs !== undefined) console.log(`difference: ${ours.distance - theirs.distance}`);
  const { photos, dimensions } = bench;
  await writeReport(bench.out, { benchmark: 'frechet', host: hostOfRun(), photos, dimensions, results });
}

function scriptOf(name: string): string {
  return fileURLToPath(new URL(name, import.meta.url));
}

/** The Python that WINNOW_INTEROP_PYTHON names has pytorch-fid. Without that, pip installs it once. */
async function pythonOf({ signal }: FrechetBench): Promise<string | { readonly why: string }> {
  const given = process.env['WINNOW_INTEROP_PYTHON'] ?? '';
  if (given !== '') return given;
  return preparePython({ environment: ENVIRONMENT, packages: PACKAGES, mark: 'installed', signal });
}

function mediansOf(runs: readonly Measured[]): Measured {
  const of = (pick: (run: Measured) => number): number => median(runs.map(pick));
  return {
    distance: of(({ distance }) => distance),
    seconds: of(({ seconds }) => seconds),
    cpuSeconds: of(({ cpuSeconds }) => cpuSeconds),
    loadedBytes: of(({ loadedBytes }) => loadedBytes),
    peakBytes: of(({ peakBytes }) => peakBytes),
  };
}

/** Non-negative correlated features, as after a ReLU. The variances of the factors fall, and differ from set to set. */
function featuresLikeModels({ photos, dimensions }: FrechetBench, set: number): Float32Array {
  const loadings = normals(seededRandom(1), dimensions * FACTORS);
  const random = seededRandom(2 + set);
  const values = new Float32Array(photos * dimensions);
  for (let row = 0; row < photos; row += 1) {
    const factors = normals(random, FACTORS).map((value, k) => value / (k + 1) ** (0.5 + set / 10));
    for (let column = 0; column < dimensions; column += 1) {
      let value = random.next() / 2 + set / 20;
      for (let k = 0; k < FACTORS; k += 1) value += (factors[k] ?? 0) * (loadings[column * FACTORS + k] ?? 0);
      values[row * dimensions + column] = Math.max(0, value);
    }
  }
  return values;
}

/** Numbers with mean 0 and variance 1, as sums of uniform numbers. */
function normals(random: Random, count: number): Float64Array {
  return Float64Array.from({ length: count }, () => {
    let sum = 0;
    for (let i = 0; i < 12; i += 1) sum += random.next();
    return sum - 6;
  });
}
