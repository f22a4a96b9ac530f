import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { sql } from 'kysely';
import { beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { EngineTally } from '../../../../../src/core/filter/engine/engine-tally.ts';
import { startEngine } from '../../../../../src/core/filter/engine/thread-pool.process.ts';
import { CrashSafeEngine } from '../../../../../src/core/filter/run/crash-safe-engine.process.ts';
import { noEvidence } from '../../../../../src/core/models/evidence/evidence.ts';
import type { Sha256 } from '../../../../../src/core/kernel/ids.ts';
import { recordDeath } from '../../../../../src/core/runtime/work/in-flight.repository.ts';
import { openLogger } from '../../../../../src/core/platform/log/logger.ts';
import { applicationName, useDatabase } from '../../../../support/database.ts';
import { suiteFolder } from '../../../../support/process-tree.ts';
import { sha256Of } from '../../../../support/sha256.ts';
import { engineSpec, putSamples, taskOf, type EngineSpec } from './spec.ts';

const database = useDatabase();
const folder = suiteFolder();
let blobsDir = '';
let photos: Sha256[] = [];
beforeAll(async () => {
  blobsDir = folder.at('blobs');
  photos = await putSamples(blobsDir, 4);
});

async function newGuarded(changes: Partial<EngineSpec> = {}): Promise<CrashSafeEngine> {
  const log = openLogger({ level: 'silent', format: 'json' }, process.stderr);
  const connection = { url: database.url, applicationName: applicationName() };
  const spec = await engineSpec(blobsDir, changes);
  const engine = new CrashSafeEngine({ connection, log }, { spec, threads: 1, work: 'filter' });
  onTestFinished(() => engine.close());
  return engine;
}

/** Two members that load at once. */
async function smallMembers(): Promise<EngineSpec['members']> {
  const file = fileURLToPath(new URL('../../../../fixtures/onnx/five-nchw.onnx', import.meta.url));
  const { members } = await engineSpec(blobsDir);
  const sha256 = sha256Of(await readFile(file));
  const input = {
    size: 32,
    shorterSide: 36,
    isSquare: false,
    interpolation: 'bilinear-antialias',
    mean: [127, 127, 127],
    std: [128, 128, 128],
  } as const;
  const graph = { backbone: { file, sha256, input, inputName: 'image' }, head: { output: 'logits' } };
  return members.map((member) => ({ ...member, ...graph, mask: [0, 1, 2, 3, 4] }));
}

async function suspects(): Promise<string[]> {
  const { rows } = await sql<{ item: string }>`select item from suspect order by item`.execute(database.db);
  return rows.map(({ item }) => item);
}

describe('a guarded engine', () => {
  it('gives suspects, which run in a child process, the same results as others, and clears them', async () => {
    const tasks = photos.map((sha256, i) => taskOf(sha256, i));
    const members = await smallMembers();
    const tally = new EngineTally(1);
    const plain = await startEngine(await engineSpec(blobsDir, { members }), 1, tally);
    const wanted = await plain.evaluate(tasks);
    await plain.close();
    expect(new Set(wanted.map((one) => JSON.stringify(one))).size).toBe(photos.length);
    const [first = '', second = ''] = photos;
    await sql`insert into suspect (item, work) values (${first}, 'filter'), (${second}, 'filter'), ('other', 'filter')`.execute(
      database.db,
    );
    const guarded = await newGuarded({ members });
    const results = await Promise.all([guarded.evaluate(tasks.slice(0, 2)), guarded.evaluate(tasks.slice(2))]);
    expect(results.flat()).toEqual(wanted);
    expect(await suspects()).toEqual(['other']);
    expect((await sql`select 1 from in_flight`.execute(database.db)).rows).toEqual([]);
    expect(guarded.work).toMatchObject({ photos: tally.work.photos, threads: 1 });
    expect(guarded.work.crops).toBeGreaterThanOrEqual(photos.length);
  });

  it('does not run a photo that killed two processes but describes its deaths, and begins nothing when asked to stop', async () => {
    const [innocent, guilty] = [photos[2] ?? '', photos[3] ?? ''];
    const death = { at: '2026-11-25T10:00:00.000Z', how: 'SIGBUS', doing: null, said: '' };
    for (let i = 0; i < 2; i += 1) await recordDeath(database.db, { item: guilty, work: 'filter', death });
    const guarded = await newGuarded({ members: await smallMembers() });
    const results = await guarded.evaluate(photos.slice(2).map((sha256) => taskOf(sha256, 0)));
    expect(results[0]?.problem).toBeNull();
    expect(results[1]).toEqual({
      fresh: noEvidence(2),
      problem: { kind: 'poison', detail: expect.stringContaining('twice (SIGBUS, 2026-11-25T10:00:00.000Z;') },
    });
    expect(await suspects()).toEqual([guilty, 'other'].toSorted());
    // When asked to stop it begins nothing, and suspects stay suspect.
    await sql`insert into suspect (item, work) values (${innocent}, 'filter')`.execute(database.db);
    guarded.requestStop();
    const stopped = await guarded.evaluate(photos.slice(1, 3).map((sha256) => taskOf(sha256, 0)));
    expect(stopped).toEqual([0, 1].map(() => ({ fresh: noEvidence(2), problem: null })));
    expect(await suspects()).toContain(innocent);
  });

  it('condemns both photos of a batch that kill the process, and clears those that were in flight with them', async () => {
    await sql`truncate suspect, in_flight`.execute(database.db);
    for (const sha256 of photos)
      await sql`insert into suspect (item, work) values (${sha256}, 'filter')`.execute(database.db);
    const [, first = '', , second = ''] = photos;
    const guarded = await newGuarded({ members: await smallMembers() });
    // Applies to processes that are started from here on.
    vi.stubEnv('NODE_OPTIONS', `--import=${new URL('../../../../support/deadly-photo.mjs', import.meta.url).href}`);
    vi.stubEnv('WINNOW_TEST_DEADLY', `${first} thread SIGSEGV,${second} thread SIGABRT`);
    onTestFinished(() => void vi.unstubAllEnvs());
    const results = await guarded.evaluate(photos.map((sha256) => taskOf(sha256, 0)));
    const twice = (how: string): object => ({
      kind: 'poison',
      detail: expect.stringMatching(new RegExp(`twice \\(${how} while decoding it, .*; ${how} while decoding it, `)),
    });
    expect(results.map(({ problem }) => problem)).toEqual([null, twice('SIGSEGV'), null, twice('SIGABRT')]);
    expect(await suspects()).toEqual([first, second].toSorted());
  });
});
