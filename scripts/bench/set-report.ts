import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import type { Workspace } from '../../src/app/open/workspace.ts';
import { openOutsideModel } from '../../src/app/shortlist/outside-model.ts';
import { toSha256 } from '../../src/kernel/ids.ts';
import { storeOutsidePictures } from '../../src/report/outside-picture.repository.ts';
import { withComment } from '../../test/support/copies.ts';
import { seededRandom } from '../../test/support/random.ts';
import { COLLECTION, giveEvidence, makeAccepted } from './accepted-set.ts';
import { photosToServe } from './photos.ts';
import { hostOfRun, writeReport } from './report.ts';
import { runProgram } from './run-program.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const PROGRAM = path.join(ROOT, 'src', 'cli', 'winnow.cjs');
/** The model that was no member. */
const OUTSIDE = 'efficientnet-lite2';

export interface ReportBench {
  /** Accepted photos, and as many clean ones. */
  readonly photos: number;
  readonly out: string;
  readonly signal: AbortSignal;
}

/**
 * Makes a report of photos that every model has seen already, so that only the heatmaps of the gallery need a model. What is
 * measured is the rest.
 */
export async function benchReport({ photos, out, signal }: ReportBench): Promise<void> {
  const folder = await mkdtemp(path.join(tmpdir(), 'winnow-bench-report-'));
  try {
    const data = path.join(folder, 'data');
    const clean = path.join(folder, 'clean');
    const pictures = await photosToServe(0);
    await makeAccepted(data, {
      photos,
      pictures,
      more: (workspace) => letModelsSee(workspace, { clean, photos, pictures }),
    });
    const flags = ['--collection', COLLECTION, '--data', data, '--clean', clean, '--models', OUTSIDE, '--json'];
    const run = await runProgram({
      name: 'winnow',
      command: [process.execPath, PROGRAM, 'report', ...flags, '--out', path.join(folder, 'report')],
      cwd: ROOT,
      signal,
    });
    const used = run.used.groups.get('winnow');
    const result = {
      photos,
      seconds: (run.endedAtMs - run.startedAtMs) / 1_000,
      cpuSeconds: (used?.cpu.user ?? 0) + (used?.cpu.system ?? 0),
      peakMegabytes: (used?.peakBytes ?? 0) / 1e6,
    };
    console.log(
      `${photos} photos: ${result.seconds.toFixed(1)} s (CPU ${result.cpuSeconds.toFixed(1)} s), peak memory ${result.peakMegabytes.toFixed(0)} MB`,
    );
    await writeReport(out, { benchmark: 'report', host: hostOfRun(), result });
  } finally {
    await rm(folder, { recursive: true });
  }
}

interface Clean {
  readonly clean: string;
  readonly photos: number;
  readonly pictures: readonly Buffer[];
}

/** Writes the clean photos, and stores what all models say of them and of the set. */
async function letModelsSee(workspace: Workspace, { clean, photos, pictures }: Clean): Promise<void> {
  const { app, scope, ensemble } = workspace;
  const outside = await openOutsideModel(workspace, OUTSIDE);
  if (outside === 'member' || 'unknown' in outside) throw new Error(`Expected ${OUTSIDE} to be no member`);
  await giveEvidence(workspace, [outside.memberId]);
  const { next: draw } = seededRandom(1);
  for (const wnid of scope.wnids) await mkdir(path.join(clean, wnid), { recursive: true });
  for (let i = 0; i < photos; i += 1) {
    const bytes = withComment(pictures[i % pictures.length] ?? Buffer.alloc(0), `clean photo ${i}`);
    const at = i % scope.wnids.length;
    await writeFile(path.join(clean, scope.wnids[at] ?? '', `${i}.jpg`), bytes);
    const sha256 = toSha256(createHash('sha256').update(bytes).digest('hex'));
    const said = { sha256, top1: i % 10 === 0 ? (at + 1) % scope.wnids.length : at, top1Prob: draw() };
    for (const memberId of [outside.memberId, ...ensemble.memberIds])
      await storeOutsidePictures(app.db, memberId, [said]);
  }
}
