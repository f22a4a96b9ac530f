import { readFileSync } from 'node:fs';
import process from 'node:process';
import { type FeatureMatrix, frechetDistance } from '../../src/report/metrics/frechet.ts';

/**
 * Computes the Frechet distance of two files of features, in a process of its own so that its memory can be measured. Arguments:
 * both files (32-bit, little-endian, a photo a row), rows, columns. Prints one JSON object, as frechet-peer.py does.
 */
const [first = '', second = '', rows = '', columns = ''] = process.argv.slice(2);

function featuresOf(file: string): FeatureMatrix {
  const bytes = readFileSync(file);
  const values = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / Float32Array.BYTES_PER_ELEMENT);
  return { rows: Number(rows), columns: Number(columns), values };
}

const [a, b] = [featuresOf(first), featuresOf(second)];
const loadedBytes = process.memoryUsage().rss;
const startMs = performance.now();
const start = process.cpuUsage();
const distance = frechetDistance(a, b);
const { user, system } = process.cpuUsage(start);
console.log(
  JSON.stringify({
    distance,
    seconds: (performance.now() - startMs) / 1000,
    cpuSeconds: (user + system) / 1e6,
    loadedBytes,
    peakBytes: process.resourceUsage().maxRSS * 1024,
  }),
);
