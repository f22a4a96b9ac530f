import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { withComment } from '../copies.ts';
import { repositoryRoot } from '../winnow.ts';

let samples: readonly Buffer[] | null = null;

/** One of the sample photos, chosen by the number, with a comment that makes its bytes the picture's own. */
export function samplePicture(number: number, name: string): Buffer {
  samples ??= readSamples();
  const sample = samples[number % samples.length];
  if (sample === undefined) throw new Error('Expected JPEG files in test/fixtures/samples/photos');
  return withComment(sample, `photo ${name}`);
}

function readSamples(): Buffer[] {
  const folder = path.join(repositoryRoot, 'test', 'fixtures', 'samples', 'photos');
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.jpg'))
    .toSorted()
    .map((name) => readFileSync(path.join(folder, name)));
}
