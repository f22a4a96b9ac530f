import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { backboneOf, headOf } from '../../../../../src/core/models/engine/ensemble.process.ts';
import type { EngineSpec } from '../../../../../src/core/filter/engine/messages.ts';
import { cardFor } from '../../../../../src/core/collection/cards/model-card.process.ts';
import type { EvaluationTask } from '../../../../../src/core/filter/engine/evaluated-photo.ts';
import { noEvidence } from '../../../../../src/core/models/evidence/evidence.ts';
import type { Sha256 } from '../../../../../src/core/kernel/ids.ts';
import { openBlobFolder } from '../../../../../src/core/platform/blobs/blob-folder.ts';
import { sha256Of } from '../../../../support/sha256.ts';

const SAMPLES = fileURLToPath(new URL('../../../../fixtures/samples/photos', import.meta.url));

export type { EngineSpec };

/** The two bundled members over the first hundred classes of ImageNet-1k. */
export async function engineSpec(blobsDir: string, changes: Partial<EngineSpec> = {}): Promise<EngineSpec> {
  const cards = await Promise.all(['efficientnet-lite0', 'efficientnet-lite1'].map((name) => cardFor(name)));
  const members = cards.map((card) => ({
    name: card.name,
    backbone: backboneOf(card),
    head: headOf(card),
    mask: Array.from({ length: 100 }, (_, i) => i),
  }));
  const policy = { threshold: 0.15, aggregation: 'max', members: 'any' } as const;
  const blobs = { kind: 'folder', folder: blobsDir } as const;
  return { members, policies: [policy], evaluate: 'needed', cropsPerPass: 2, blobs, ...changes };
}

export async function putSamples(blobsDir: string, count: number): Promise<Sha256[]> {
  const blobs = openBlobFolder(blobsDir);
  const hashes: Sha256[] = [];
  for (const folder of (await readdir(SAMPLES)).toSorted().slice(0, count)) {
    const [file = ''] = (await readdir(path.join(SAMPLES, folder))).toSorted();
    hashes.push(await putBytes(blobs, await readFile(path.join(SAMPLES, folder, file))));
  }
  return hashes;
}

export async function putBytes(blobs: ReturnType<typeof openBlobFolder>, bytes: Buffer): Promise<Sha256> {
  const sha256 = sha256Of(bytes);
  await blobs.put(sha256, bytes);
  return sha256;
}

export function taskOf(sha256: Sha256, truth: number): EvaluationTask {
  return { sha256, truths: [truth], evidence: noEvidence(2) };
}
