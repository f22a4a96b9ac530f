import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { startEngine, type FilterEngine } from '../../../src/app/engine/engine.ts';
import { startGuardedEngine } from '../../../src/app/engine/guarded-engine.ts';
import { openHands } from '../../../src/app/in-hand.ts';
import { noEvidence } from '../../../src/evidence/evidence.ts';
import type { Sha256 } from '../../../src/kernel/ids.ts';
import { recordDeath } from '../../../src/photo/in-hand.repository.ts';
import { openLogger } from '../../../src/platform/log/logger.ts';
import { applicationName, useDatabase } from '../../support/database.ts';
import { engineSpec, putSamples, taskOf } from './spec.ts';

const database = useDatabase();
let blobsDir = '';
let photos: Sha256[] = [];
beforeAll(async () => {
  blobsDir = await mkdtemp(path.join(tmpdir(), 'winnow-guarded-'));
  photos = await putSamples(blobsDir, 4);
});
afterAll(() => rm(blobsDir, { recursive: true, force: true }));

async function newGuarded(): Promise<FilterEngine> {
  const log = openLogger({ level: 'silent', format: 'json' }, process.stderr);
  const connection = { url: database.url, applicationName: applicationName() };
  const hands = openHands({ connection, log }, { work: 'filter', noun: 'photo' });
  const engine = await startGuardedEngine({ spec: await engineSpec(blobsDir), threads: 1, hands });
  onTestFinished(() => engine.close());
  return engine;
}

async function suspects(): Promise<string[]> {
  const rows = await database.db.selectFrom('suspect').select('item').orderBy('item').execute();
  return rows.map(({ item }) => item);
}

describe('an engine whose photos are known to be in hand', () => {
  it('finds of suspects, which run in a process of their own, what it finds of all others, and clears them', async () => {
    const tasks = photos.map((sha256, i) => taskOf(sha256, i * 7));
    const plain = await startEngine(await engineSpec(blobsDir), 1);
    const wanted = await plain.evaluate(tasks);
    await plain.close();
    const [first = '', second = ''] = photos;
    await sql`insert into suspect (item, work) values (${first}, 'filter'), (${second}, 'filter'), ('other', 'filter')`.execute(
      database.db,
    );
    const guarded = await newGuarded();
    const results = await Promise.all([guarded.evaluate(tasks.slice(0, 2)), guarded.evaluate(tasks.slice(2))]);
    expect(results.flat()).toEqual(wanted);
    expect(await suspects()).toEqual(['other']);
    expect((await sql`select 1 from in_hand`.execute(database.db)).rows).toEqual([]);
    expect(guarded.work()).toMatchObject({ photos: plain.work().photos, threads: 1 });
    expect(guarded.work().crops).toBeGreaterThanOrEqual(photos.length);
  });

  it('does not run what two processes have died of, and says what is known of it; asked to stop it begins nothing', async () => {
    const [innocent, guilty] = [photos[2] ?? '', photos[3] ?? ''];
    const death = { at: '2026-11-25T10:00:00.000Z', how: 'SIGBUS', doing: null, said: '' };
    for (let i = 0; i < 2; i += 1) await recordDeath(database.db, { item: guilty, work: 'filter', death });
    const guarded = await newGuarded();
    const results = await guarded.evaluate(photos.slice(2).map((sha256) => taskOf(sha256, 0)));
    expect(results[0]?.problem).toBeNull();
    expect(results[1]).toEqual({
      fresh: noEvidence(2),
      problem: { kind: 'poison', detail: expect.stringContaining('twice (SIGBUS, 2026-11-25T10:00:00.000Z;') },
    });
    expect(await suspects()).toEqual([guilty, 'other'].toSorted());
    // Asked to stop it begins nothing, and suspects stay what they are.
    await sql`insert into suspect (item, work) values (${innocent}, 'filter')`.execute(database.db);
    guarded.requestStop();
    const stopped = await guarded.evaluate(photos.slice(1, 3).map((sha256) => taskOf(sha256, 0)));
    expect(stopped).toEqual([0, 1].map(() => ({ fresh: noEvidence(2), problem: null })));
    expect(await suspects()).toContain(innocent);
  });
});
