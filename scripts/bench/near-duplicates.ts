import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { confirms, FINE_HASH_BYTES, type FineHash } from '../../src/photo/fine-hash.ts';
import { HashIndex } from '../../src/photo/hash-index.ts';
import type { ParsedHash } from '../../src/photo/perceptual-hash.ts';
import { seededRandom, type Random } from '../../test/support/random.ts';
import { measureHashQuality, type HashQuality } from './hash-quality.ts';
import { preparePython } from './python-environment.ts';
import { hostOfRun, writeReport } from './report.ts';

const execute = promisify(execFile);
const ROOT = fileURLToPath(new URL('../../', import.meta.url));
/** Git ignores it. */
const ENVIRONMENT = path.join(ROOT, '.venv-near-duplicates');
const PACKAGES = ['faiss-cpu==1.15.1', 'imagededup==0.3.3.post2'];
const PEERS_TIMEOUT_MS = 1_800_000;
/** Number of hashes, from the start of the list, that each program searches for. */
const QUERIES = 10_000;
/** The search with its second step, which the peers do not have. */
const CONFIRMED = 'winnow, each match confirmed by the finer hash';
/** imagededup answers tens of queries a second. */
const IMAGEDEDUP_QUERIES = 100;

export interface NearDuplicatesBench {
  readonly hashes: number;
  /** Bits. */
  readonly distance: number;
  readonly rounds: number;
  readonly peers: boolean;
  /** Regions to cut out of each photo for pairs of unrelated pictures. 0: quality is not measured. */
  readonly regions: number;
  /** A folder of photos in addition to the samples. */
  readonly more?: string;
  readonly workFolder: string;
  readonly out: string;
  readonly signal: AbortSignal;
}

interface Result {
  readonly name: string;
  readonly threads: number;
  readonly queries: number;
  /** By the clock. */
  readonly perSecond: number;
  /** By processor time, which other programs on the machine do not change. */
  readonly perCpuSecond: number;
  /** Digest of every answer. */
  readonly answers: string;
}

/**
 * Searches for every hash among all hashes and measures queries a second, next to faiss and imagededup with the same hashes
 * in the same run. Then it measures how well both hashes together tell copies from other photos.
 */
export async function benchNearDuplicates(bench: NearDuplicatesBench): Promise<void> {
  const hashes = hashesLikePhotos(bench.hashes);
  const queries = Math.min(QUERIES, bench.hashes);
  const results = [
    ownResult(hashes, { name: 'winnow', queries, fineHashes: null }, bench),
    ownResult(hashes, { name: CONFIRMED, queries, fineHashes: fineHashesLike(hashes) }, bench),
    ownResult(hashes, { name: 'winnow', queries: IMAGEDEDUP_QUERIES, fineHashes: null }, bench),
  ];
  const python = bench.peers
    ? await preparePython({ environment: ENVIRONMENT, packages: PACKAGES, mark: 'installed', signal: bench.signal })
    : { why: 'not asked for (--peers)' };
  if (typeof python === 'string') results.push(...(await peerResults(python, hashes, bench)));
  else console.log(`peers left out: ${python.why}`);
  const different = disagreements(results);
  print(results);
  const quality = bench.regions === 0 ? null : await measureHashQuality({ ...bench, more: bench.more ?? null });
  if (quality !== null) printQuality(quality);
  await writeReport(bench.out, {
    benchmark: 'near-duplicates',
    host: hostOfRun(),
    hashes: bench.hashes,
    distance: bench.distance,
    results,
    quality,
  });
  if (different.length > 0) throw new Error(`Expected equal answers but these differ: ${different.join(', ')}`);
}

/** Three of four hashes are unrelated. One of four differs in a few bits from an earlier one, as copies of photos do. */
function hashesLikePhotos(count: number): ParsedHash[] {
  const random = seededRandom(1);
  const word = (): number => random.below(2 ** 32) | 0;
  const hashes: ParsedHash[] = [];
  for (let i = 0; i < count; i += 1) {
    const original = hashes[random.below(i)];
    hashes.push(original === undefined || i % 4 > 0 ? { hi: word(), lo: word() } : near(original, random));
  }
  return hashes;
}

function near({ hi, lo }: ParsedHash, random: Random): ParsedHash {
  let [high, low] = [hi, lo];
  for (let changes = random.below(11); changes > 0; changes -= 1) {
    const bit = random.below(64);
    if (bit < 32) high ^= 1 << bit;
    else low ^= 1 << (bit - 32);
  }
  return { hi: high, lo: low };
}

/** Hashes that are not alike. A comparison takes the same time for any result. */
function fineHashesLike(hashes: readonly ParsedHash[]): FineHash[] {
  const random = seededRandom(2);
  return hashes.map(() => Int8Array.from({ length: FINE_HASH_BYTES }, () => random.below(255) - 127));
}

interface OwnSearch {
  readonly name: string;
  readonly queries: number;
  /** Null if matches are not confirmed. */
  readonly fineHashes: readonly FineHash[] | null;
}

/** Searches for the first `queries` hashes among all of them. The fastest round counts. */
function ownResult(
  hashes: readonly ParsedHash[],
  { name, queries, fineHashes }: OwnSearch,
  bench: NearDuplicatesBench,
): Result {
  const index = new HashIndex();
  for (const hash of hashes) index.add(hash);
  const sought = hashes.slice(0, queries);
  let best: Result | null = null;
  for (let round = 0; round < bench.rounds; round += 1) {
    bench.signal.throwIfAborted();
    const [startMs, startCpu] = [performance.now(), process.cpuUsage()];
    const answers = sought.map((hash, i) => {
      const matches = index.allWithin(hash, bench.distance);
      return fineHashes === null
        ? matches
        : matches.filter((position) => confirms(fineHashes[i] ?? null, fineHashes[position] ?? null));
    });
    const seconds = (performance.now() - startMs) / 1_000;
    const { user, system } = process.cpuUsage(startCpu);
    const rate = { perSecond: queries / seconds, perCpuSecond: (queries * 1e6) / (user + system) };
    if (best === null || rate.perSecond > best.perSecond)
      best = { name, threads: 1, queries, ...rate, answers: digest(answers) };
  }
  if (best === null) throw new RangeError('Expected at least one round');
  return best;
}

function digest(answers: readonly Int32Array[]): string {
  const sha256 = createHash('sha256');
  for (const positions of answers) {
    sha256.update(Int32Array.of(positions.length));
    sha256.update(positions);
  }
  return sha256.digest('hex');
}

async function peerResults(
  python: string,
  hashes: readonly ParsedHash[],
  { distance, rounds, workFolder, signal }: NearDuplicatesBench,
): Promise<Result[]> {
  await mkdir(workFolder, { recursive: true });
  const file = path.join(workFolder, 'hashes.bin');
  const bytes = Buffer.alloc(8 * hashes.length);
  for (const [i, { hi, lo }] of hashes.entries()) bytes.writeInt32BE(lo, bytes.writeInt32BE(hi, 8 * i));
  await writeFile(file, bytes);
  const script = path.join(ROOT, 'scripts', 'bench', 'near-duplicate-peers.py');
  const numbers = [Math.min(QUERIES, hashes.length), IMAGEDEDUP_QUERIES, distance, rounds].map(String);
  const options = { timeout: PEERS_TIMEOUT_MS, signal, maxBuffer: 64 * 2 ** 20 };
  const { stdout } = await execute(python, [script, file, ...numbers], options);
  const { results }: { results: Result[] } = JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
  return results;
}

/** Names of the programs whose answers to the same queries differ from winnow's. */
function disagreements(results: readonly Result[]): string[] {
  return results.flatMap(({ name, queries, answers }) => {
    const own = results.find((result) => result.name === 'winnow' && result.queries === queries);
    return name === CONFIRMED || own === undefined || own.answers === answers ? [] : [name];
  });
}

function print(results: readonly Result[]): void {
  const own = results.find(({ name }) => name === 'winnow');
  console.log('queries/s  per CPU second  threads  queries  winnow is faster by');
  for (const { name, threads, queries, perSecond, perCpuSecond } of results) {
    const ratio = name === 'winnow' || name === CONFIRMED ? '' : `${((own?.perSecond ?? 0) / perSecond).toFixed(1)} x`;
    const columns = [
      Math.round(perSecond).toString().padStart(9),
      Math.round(perCpuSecond).toString().padStart(14),
      String(threads).padStart(7),
      String(queries).padStart(7),
      ratio.padStart(10),
    ];
    console.log(`${columns.join('  ')}  ${name}`);
  }
}

function printQuality({ photos, bytesAPhoto, unrelated, copies }: HashQuality): void {
  const { pictures, blank, pairs, byDistance } = unrelated;
  console.log(`\n${photos} photos; ${bytesAPhoto} bytes a photo for both hashes`);
  console.log(`${pictures} regions of them (${blank} blank ones left out): ${pairs} pairs from different photos`);
  console.log('bits  64-bit matches  most similar  false matches  a pair, extrapolated  closest');
  for (const { distance, matches, mostSimilar, closest, falseMatches, extrapolated } of byDistance) {
    const columns = [
      String(distance).padStart(4),
      String(matches).padStart(14),
      (mostSimilar?.toFixed(3) ?? '').padStart(12),
      String(falseMatches).padStart(13),
      (extrapolated?.toExponential(1) ?? 'too few matches').padStart(20),
    ];
    console.log(`${columns.join('  ')}  ${closest.join(' and ')}`);
  }
  console.log('\ncopies  found by 64 bits  confirmed');
  for (const { kind, copies: of, matched, confirmed } of copies) {
    console.log(
      `${String(of).padStart(6)}  ${String(matched).padStart(16)}  ${String(confirmed).padStart(9)}  ${kind}`,
    );
  }
}
