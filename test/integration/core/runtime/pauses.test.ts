import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { beforeEach, describe, expect, it } from 'vitest';
import { PauseWatch } from '../../../../src/core/runtime/open/pause-watch.process.ts';
import {
  endPauses,
  pauseStages,
  readPauses,
  reportInFlight,
  runningJobs,
} from '../../../../src/core/collection/pause.repository.ts';
import type { PausableStage, StagePlace } from '../../../../src/core/collection/pause.ts';
import { useDatabase } from '../../../support/database.ts';
import { collection, emptyCatalogue } from '../../../support/catalogue-fixtures.ts';

const database = useDatabase();
let birds = 0;
let fish = 0;

beforeEach(async () => {
  await emptyCatalogue(database.db);
  await sql`delete from running_jobs`.execute(database.db);
  birds = (await collection(database.db, 'birds')).collectionId;
  fish = (await collection(database.db, 'fish')).collectionId;
});

async function pause(stages: PausableStage[], collectionId: number | null, by = 'ann'): Promise<void> {
  await pauseStages(database.db, { stages, collectionId, by, endWorkers: false });
}

async function endWorkers(): Promise<void> {
  await pauseStages(database.db, { stages: ['filter'], collectionId: null, by: 'bo', endWorkers: true });
}

async function age(seconds: number): Promise<void> {
  await sql`update pause set since = since - ${seconds} * interval '1 second'`.execute(database.db);
  await sql`update running_jobs set seen_at = seen_at - ${seconds} * interval '1 second'`.execute(database.db);
}

const named = async (collectionId: number | null): Promise<string[]> =>
  (await readPauses(database.db, collectionId)).map(({ stage, collection: of, by }) => `${stage} ${of ?? 'all'} ${by}`);

describe('a pause', () => {
  it('is of one collection or of every one, and both hold', async () => {
    await pause(['filter', 'fetch'], birds);
    await pause(['fetch'], null);
    expect([await named(birds), await named(fish), await named(null)]).toEqual([
      ['fetch all ann', 'fetch birds ann', 'filter birds ann'],
      ['fetch all ann'],
      ['fetch all ann', 'fetch birds ann', 'filter birds ann'],
    ]);
  });

  it('belongs to the first of two operators who order it at once', async () => {
    await Promise.all([pause(['fetch', 'filter'], null, 'ann'), pause(['filter', 'fetch'], null, 'ann')]);
    await pause(['fetch'], null, 'bo');
    expect(await named(null)).toEqual(['fetch all ann', 'filter all ann']);
  });

  it('is ended only by an order that names it', async () => {
    await pause(['fetch'], birds);
    await pause(['fetch'], null);
    const ends = (collectionId: number | null): Promise<readonly string[]> =>
      endPauses(database.db, { stages: ['fetch', 'filter'], collectionId });
    expect([await ends(fish), await ends(null), await ends(null), await named(null)]).toEqual([
      [],
      ['fetch'],
      [],
      ['fetch birds ann'],
    ]);
  });

  it('is deleted with its collection', async () => {
    await pause(['fetch'], birds);
    await database.db.deleteFrom('collection').where('id', '=', birds).execute();
    expect(await named(null)).toEqual([]);
  });
});

describe('jobs in flight of a paused stage', () => {
  const inHand = async (collectionId: number | null): Promise<unknown> =>
    (await readPauses(database.db, collectionId)).map((one) => [one.inHand, one.isDrained]);

  it('is the sum of what all processes report for the collection', async () => {
    await pause(['fetch'], null);
    await reportInFlight(database.db, randomUUID(), [
      { stage: 'fetch', collectionId: birds, jobs: 3 },
      { stage: 'filter', collectionId: birds, jobs: 1 },
    ]);
    await reportInFlight(database.db, randomUUID(), [{ stage: 'fetch', collectionId: fish, jobs: 4 }]);
    expect([await inHand(birds), await inHand(fish), await inHand(null)]).toEqual([
      [[3, false]],
      [[4, false]],
      [[7, false]],
    ]);
  });

  it('is zero only after every process has had time to notice the pause', async () => {
    await pause(['fetch'], null);
    const before = await inHand(birds);
    await age(4);
    expect([before, await inHand(birds)]).toEqual([[[0, false]], [[0, true]]]);
  });

  it('does not count a process that has not reported for long', async () => {
    await pause(['fetch'], null);
    await reportInFlight(database.db, randomUUID(), [{ stage: 'fetch', collectionId: birds, jobs: 3 }]);
    await age(4);
    const soon = await inHand(birds);
    await age(7);
    expect([soon, await inHand(birds)]).toEqual([[[3, false]], [[0, true]]]);
  });

  it('is the last report of a process', async () => {
    const process = randomUUID();
    await pause(['fetch'], null);
    await age(4);
    const said: unknown[] = [];
    for (const jobs of [2, 1, 0]) {
      await reportInFlight(database.db, process, [{ stage: 'fetch', collectionId: birds, jobs }]);
      said.push(await inHand(birds));
    }
    expect(said).toEqual([[[2, false]], [[1, false]], [[0, true]]]);
  });
});

describe('a process that works', () => {
  const filterOf = (collectionId: number): StagePlace => ({ stage: 'filter', collectionId });
  const newWatch = (lines: string[] = []): PauseWatch =>
    new PauseWatch({ db: database.db, log: { info: (line) => lines.push(line) } });

  it('reports its jobs of a stage that is not paused, and deletes the reports of processes that were killed', async () => {
    await reportInFlight(database.db, randomUUID(), [{ stage: 'fetch', collectionId: fish, jobs: 4 }]);
    await age(11);
    const watch = newWatch();
    let jobs = 2;
    watch.join({ ...filterOf(birds), runningJobs: () => jobs });
    const counted: unknown[] = [];
    for (jobs of [2, 0]) {
      await watch.refresh();
      const { rows } = await sql`select stage, collection_id, jobs from running_jobs`.execute(database.db);
      counted.push([await runningJobs(database.db, birds), rows.length]);
    }
    expect(counted).toEqual([
      [{ discover: 0, fetch: 0, filter: 2 }, 1],
      [{ discover: 0, fetch: 0, filter: 0 }, 0],
    ]);
  });

  it('notices a pause, reports it once with its jobs in flight, and notices its end', async () => {
    const lines: string[] = [];
    const watch = newWatch(lines);
    let jobs = 2;
    watch.join({ ...filterOf(birds), runningJobs: () => jobs });
    await watch.look();
    await pause(['filter'], birds);
    await watch.refresh();
    const heard = [watch.isPaused(filterOf(birds)), watch.isPaused(filterOf(fish)), watch.text()];
    const [{ inHand } = { inHand: 0 }] = await readPauses(database.db, birds);
    jobs = 0;
    await watch.refresh();
    const [{ inHand: later } = { inHand: -1 }] = await readPauses(database.db, birds);
    await endPauses(database.db, { stages: ['filter'], collectionId: birds });
    await watch.refresh();
    expect([heard, inHand, later, watch.isPaused(filterOf(birds)), lines]).toEqual([
      [true, false, expect.stringContaining('filter of birds is paused since')],
      2,
      0,
      false,
      [expect.stringContaining('by ann'), 'no stage is paused any more'],
    ]);
  });

  it('ends if it ran when workers were told to end, and stays if it started later', async () => {
    const before = newWatch();
    await before.look();
    await pause(['filter'], null, 'ann');
    await before.refresh();
    const merelyPaused = before.mustEnd(filterOf(birds));
    await endWorkers();
    const after = newWatch();
    await after.look();
    await before.refresh();
    const ends = [merelyPaused, before.mustEnd(filterOf(birds)), after.mustEnd(filterOf(birds))];
    await endWorkers();
    await after.refresh();
    expect([ends, after.mustEnd(filterOf(birds)), after.isPaused(filterOf(birds))]).toEqual([
      [false, true, false],
      true,
      true,
    ]);
  });
});
