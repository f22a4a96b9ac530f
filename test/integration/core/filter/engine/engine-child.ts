/**
 * An engine in a child process, to see how that process ends: `engine-child.ts BLOBS MODE`. It prints the results of its
 * batches as one line of JSON. Modes: `close` closes while batches are in flight and one waits; `stop` first asks for the
 * end; `run` waits for all batches; `wrong-model` starts with a damaged model file.
 */
import { readdir } from 'node:fs/promises';
import { startEngine, type FilterEngine } from '../../../../../src/core/filter/engine/thread-pool.process.ts';
import { noEvidence } from '../../../../../src/core/models/evidence/evidence.ts';
import { codeOf } from '../../../../../src/core/kernel/errors.ts';
import { toSha256 } from '../../../../../src/core/kernel/ids.ts';
import { openBlobFolder } from '../../../../../src/core/platform/blobs/blob-folder.ts';
import { engineSpec, taskOf, type EngineSpec } from './spec.ts';

const [blobsDir = '', mode = ''] = process.argv.slice(2);
/**
 * Batches of three photos: each of two threads gets up to ten photos, so a part of the fourth batch and all of the fifth
 * wait.
 */
const BATCHES = 5;

async function batches(engine: FilterEngine): Promise<Promise<string>[]> {
  const hashes: string[] = [];
  for await (const { sha256 } of openBlobFolder(blobsDir).list()) if (sha256 !== null) hashes.push(sha256);
  const tasks = hashes.map((sha256) => ({ ...taskOf(toSha256(sha256), 50), evidence: noEvidence(1) }));
  return Array.from({ length: BATCHES }, async () => {
    try {
      const results = await engine.evaluate(tasks);
      const cells = results.flatMap((result) => result.fresh.flat());
      return cells.every((cell) => cell !== null) ? 'whole' : 'part';
    } catch (error) {
      return codeOf(error) ?? 'unknown';
    }
  });
}

async function main(spec: EngineSpec): Promise<object> {
  const engine = await startEngine(spec, 2);
  const running = await batches(engine);
  // Long before a thread has finished a photo and gets another one.
  if (mode !== 'run') await new Promise((resolve) => setTimeout(resolve, 20));
  if (mode === 'stop') engine.requestStop();
  if (mode !== 'run') await engine.close();
  const ends = await Promise.all(running);
  await engine.close();
  return { ends };
}

await readdir(blobsDir);
const both = await engineSpec(blobsDir, { evaluate: 'all', cropsPerPass: 1 });
// How the process ends does not depend on the number of members.
const spec = { ...both, members: both.members.slice(1) };
const damaged = {
  ...spec,
  members: spec.members.map((member) => ({
    ...member,
    backbone: { ...member.backbone, sha256: toSha256('0'.repeat(64)) },
  })),
};
try {
  process.stdout.write(`${JSON.stringify(await main(mode === 'wrong-model' ? damaged : spec))}\n`);
} catch (error) {
  process.stdout.write(`${JSON.stringify({ error: codeOf(error) })}\n`);
}
