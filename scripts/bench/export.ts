import { spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { sql } from 'kysely';
import { openApp } from '../../src/app/open/app.ts';
import { openWorkspace, type Workspace } from '../../src/app/open/workspace.ts';
import { usableCollection } from '../../src/collection/collection.process.ts';
import { loadConfig } from '../../src/config/load-config.ts';
import { softmax } from '../../src/evidence/softmax.ts';
import { openLogger } from '../../src/platform/log/logger.ts';
import { withComment } from '../../test/support/copies.ts';
import { makeShortlistOf } from '../../test/support/made-shortlist.ts';
import { photosToServe } from './photos.ts';
import { hostOfRun, writeReport } from './report.ts';
import { runProgram } from './run-program.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const PROGRAM = path.join(ROOT, 'src', 'cli', 'winnow.mjs');
const COLLECTION = 'imagenet-a';

export interface ExportBench {
  /** Sizes of the sets: accepted photos. */
  readonly photos: readonly number[];
  /** Longer side of the photos, in pixels; 0: the samples as they are. */
  readonly side: number;
  readonly out: string;
  readonly signal: AbortSignal;
}

interface Result {
  readonly photos: number;
  /** Size of the pictures and all tables. */
  readonly megabytes: number;
  readonly seconds: number;
  readonly peakMegabytes: number;
  readonly cpuSeconds: number;
  /** `cp -r` of the exported folder, right afterwards. */
  readonly copySeconds: number;
}

/** Exports sets of accepted photos, each by its own command, and copies each folder with `cp -r` for comparison. */
export async function benchExport(bench: ExportBench): Promise<void> {
  const results: Result[] = [];
  for (const photos of bench.photos) {
    const result = await measure(photos, bench);
    results.push(result);
    const { megabytes, seconds, peakMegabytes, cpuSeconds, copySeconds } = result;
    console.log(
      `${photos} photos, ${megabytes.toFixed(0)} MB: ${seconds.toFixed(1)} s (CPU ${cpuSeconds.toFixed(1)} s), ` +
        `${(megabytes / seconds).toFixed(1)} MB/s, cp -r ${(megabytes / copySeconds).toFixed(1)} MB/s, ` +
        `peak memory ${peakMegabytes.toFixed(0)} MB`,
    );
  }
  const [first, last] = [results[0], results.at(-1)];
  if (first !== undefined && last !== undefined && last !== first)
    console.log(
      `peak memory of ${last.photos} photos: ${(last.peakMegabytes / first.peakMegabytes).toFixed(2)} x that of ${first.photos}`,
    );
  await writeReport(bench.out, { benchmark: 'export', host: hostOfRun(), side: bench.side, results });
}

async function measure(photos: number, { side, signal }: ExportBench): Promise<Result> {
  const folder = await mkdtemp(path.join(tmpdir(), 'winnow-bench-export-'));
  try {
    const data = path.join(folder, 'data');
    await makeAccepted(data, photos, await photosToServe(side));
    const out = path.join(folder, 'revision');
    const flags = ['export', '--collection', COLLECTION, '--data', data, '--out', out, '--json'];
    const run = await runProgram({
      name: 'winnow',
      command: [process.execPath, PROGRAM, ...flags],
      cwd: ROOT,
      signal,
    });
    const { bytes }: { bytes: number } = JSON.parse(run.stdout);
    const copiedAtMs = performance.now();
    spawnSync('cp', ['-r', out, path.join(folder, 'copy')], { stdio: 'inherit' });
    const copySeconds = (performance.now() - copiedAtMs) / 1_000;
    const used = run.used.groups.get('winnow');
    return {
      photos,
      megabytes: bytes / 1e6,
      seconds: (run.endedAtMs - run.startedAtMs) / 1_000,
      peakMegabytes: (used?.peakBytes ?? 0) / 1e6,
      cpuSeconds: (used?.cpu.user ?? 0) + (used?.cpu.system ?? 0),
      copySeconds,
    };
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Fills a data folder with accepted photos of all classes, each with bytes of its own. */
async function makeAccepted(dataDir: string, photos: number, pictures: readonly Buffer[]): Promise<void> {
  const { config } = await loadConfig({ argvSettings: [], configFile: undefined, collectionSettings: undefined });
  const log = openLogger({ level: 'warn', format: 'text' }, process.stderr);
  const app = await openApp({ config, log, dataDir, clientName: 'bench' });
  try {
    const workspace = await openWorkspace(app, (await usableCollection(COLLECTION)).collection);
    const first = Array.from({ length: photos }, (_, i) =>
      withComment(pictures[i % pictures.length] ?? Buffer.alloc(0), `photo ${i}`),
    );
    await makeShortlistOf(workspace, { photos, first });
    const { collectionId, wnids } = workspace.scope;
    // All photos are made for the first class. Spread over all classes, they are like a real set.
    const wnid = sql`(${wnids}::text[])[1 + photo_id % ${wnids.length}::int]`;
    await sql`update decision set wnid = ${wnid} where collection_id = ${collectionId}`.execute(app.db);
    await sql`update shortlist_entry set wnid = ${wnid} where collection_id = ${collectionId}`.execute(app.db);
    await sql`update candidate c set wnid = ${wnid} from picture p where p.id = c.picture_id`.execute(app.db);
    await giveEvidence(workspace);
    // The photos are spread over few confusions, so no cap may leave them out.
    await sql`update shortlist set cap = 1000000 where collection_id = ${collectionId}`.execute(app.db);
    await sql`
      insert into verdict (collection_id, wnid, sha256, state)
      select e.collection_id, e.wnid, f.sha256, 'accepted' from shortlist_entry e join photo f on f.id = e.photo_id
      where e.collection_id = ${collectionId}`.execute(app.db);
    await sql`
      insert into review_event (collection_id, sha256, wnid, reviewer, client, sequence, kind, value)
      select v.collection_id, v.sha256, v.wnid, 'bench', 'bench', row_number() over (order by v.sha256), 'verdict',
        '{"verdict": "accept", "reason": null, "shownBy": "grid", "isBlind": true}'::jsonb
      from verdict v where v.collection_id = ${collectionId}`.execute(app.db);
    await sql`vacuum analyze`.execute(app.db);
  } finally {
    await app.close();
  }
}

/** The logit of the class that a photo is taken for. All others are 0. */
const CONFIDENT = 8;

/** Gives every photo the evidence that its decision needs: all crops of all members, with logits. */
async function giveEvidence({ app, scope, ensemble }: Workspace): Promise<void> {
  const { wnids, collectionId } = scope;
  const logits = wnids.map((_, confusion) =>
    Buffer.from(Float32Array.from(wnids, (_each, at) => (at === confusion ? CONFIDENT : 0)).buffer),
  );
  const [confusionProb = 0, trueProb = 0] = softmax([CONFIDENT, ...wnids.slice(1).map(() => 0)]);
  // The class of a photo is not the one that it is taken for.
  await sql`
    update decision d set confusion_wnid = (${wnids}::text[])[1 + (array_position(${wnids}::text[], d.wnid) + 6) % ${wnids.length}::int],
      confusion_prob = ${confusionProb}, max_true_prob = ${trueProb} where collection_id = ${collectionId}`.execute(
    app.db,
  );
  await sql`
    insert into evidence (photo_id, member_id, crop, top1, top1_prob, true_classes, true_probs, logits)
    select d.photo_id, m.id, c, array_position(${wnids}::text[], d.confusion_wnid) - 1, ${confusionProb}::float8,
      array[array_position(${wnids}::text[], d.wnid) - 1]::smallint[], array[${trueProb}::float8],
      (${logits}::bytea[])[array_position(${wnids}::text[], d.confusion_wnid)]
    from decision d cross join unnest(${ensemble.memberIds}::int[]) as m(id) cross join generate_series(0, 9) as c
    where d.collection_id = ${collectionId}`.execute(app.db);
}
