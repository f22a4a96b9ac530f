import { setImmediate } from 'node:timers/promises';
import { sql } from 'kysely';
import { pino, type Logger } from 'pino';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { InFlightItems } from '../../../../src/core/runtime/work/in-flight.process.ts';
import { setBytesState } from '../../../../src/core/photo/pruned.repository.ts';
import { takeDown } from '../../../../src/core/photo/takedown.repository.ts';
import {
  forgiveDeaths,
  recordDeath,
  removeInFlight,
  addInFlight,
} from '../../../../src/core/runtime/work/in-flight.repository.ts';
import { openPool } from '../../../../src/core/platform/postgres/open-database.ts';
import {
  candidate,
  collection,
  decideAs,
  emptyCatalogue,
  fetched,
  kept,
  photo,
  store,
} from '../../../support/catalogue-fixtures.ts';
import { applicationName, useDatabase } from '../../../support/database.ts';

const database = useDatabase();
beforeEach(() => sql`truncate in_flight, suspect`.execute(database.db));

/** The connection of a process; the process dies with it. */
function newLife() {
  const options = { url: database.url, applicationName: applicationName(), poolSize: 1, idleTimeoutMs: 0 };
  const db = openPool({ ...options, onConnectionLost: () => undefined });
  let isDead = false;
  const die = async (): Promise<void> => {
    if (isDead) return;
    isDead = true;
    const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(db);
    await db.destroy();
    const isThere = async (): Promise<boolean> => {
      const found = await sql`select 1 from pg_stat_activity where pid = ${rows[0]?.pid ?? 0}`.execute(database.db);
      return found.rows.length > 0;
    };
    await expect.poll(isThere, { timeout: 10_000 }).toBe(false);
  };
  onTestFinished(die);
  return { db, die };
}
type Life = ReturnType<typeof newLife>;

/** A program that is not started. */
const child = { module: new URL('none.mjs', import.meta.url), spec: null, limitMs: 1_000 };
const newInFlight = (log: Logger) => {
  const connection = { url: database.url, applicationName: applicationName() };
  return new InFlightItems({ connection, log }, { work: 'inspect', noun: 'picture', child });
};
const death = { at: '2026-11-25T10:00:00.000Z', how: 'SIGABRT', doing: null, said: '' };
const take = ({ db }: Life, items: readonly string[], open: readonly number[] = []) =>
  addInFlight(db, { work: 'filter', items, open });
const NONE = { photos: 0, pictures: 0 };
const items = (taken: { suspects: readonly { item: string }[] }): string[] =>
  taken.suspects.map(({ item }) => item).toSorted();

describe('work in flight', () => {
  it('is suspect to the next process once its own has died, and not while it lives', async () => {
    const [one, other] = [newLife(), newLife()];
    await take(one, ['a', 'b']);
    await take(one, ['c']);
    expect(await take(other, ['a', 'b', 'd'])).toMatchObject({ found: NONE, suspects: [] });
    await one.die();
    const taken = await take(other, ['b', 'c', 'd']);
    expect([taken.found, items(taken)]).toEqual([{ photos: 3, pictures: 0 }, ['b', 'c']]);
    const again = await take(newLife(), ['a', 'b']);
    expect([again.found, items(again)]).toEqual([NONE, ['a', 'b']]);
  });

  it('is forgotten once released, and no longer suspect once a process has survived it', async () => {
    const [one, other] = [newLife(), newLife()];
    const first = await take(one, ['a', 'b']);
    await removeInFlight(one.db, { id: first.id, work: 'filter', survived: ['a', 'b'] });
    await take(one, ['a', 'b', 'c']);
    await one.die();
    const { id, suspects } = await take(other, ['a', 'b', 'c']);
    expect(suspects).toHaveLength(3);
    await removeInFlight(other.db, { id, work: 'filter', survived: ['a', 'c'] });
    expect(items(await take(other, ['a', 'b', 'c']))).toEqual(['b']);
    // Another kind of work may still die of it.
    await removeInFlight(other.db, { id, work: 'inspect', survived: ['b'] });
    expect(items(await take(other, ['b']))).toEqual(['b']);
  });

  it('does not make a process suspect its own photos when its connection breaks', async () => {
    const [before, after] = [newLife(), newLife()];
    const { id } = await take(before, ['a']);
    await before.die();
    expect(await take(after, ['a'], [id])).toMatchObject({ found: NONE, suspects: [] });
    await removeInFlight(after.db, { id, work: 'filter', survived: ['a'] });
    expect(await take(newLife(), ['a'])).toMatchObject({ found: NONE, suspects: [] });
  });

  it('is found by exactly one of several processes that look at once', async () => {
    const [dead, ...living] = [newLife(), newLife(), newLife(), newLife()];
    for (let i = 0; i < 20; i += 1) await take(dead, [`${i}`, `${i + 1}`]);
    await dead.die();
    const taken = await Promise.all(living.map((life) => take(life, ['a'])));
    expect(taken.reduce((total, { found }) => total + found.photos, 0)).toBe(21);
  });
});

describe('a death in the middle of some work', () => {
  it('is reported as photos or as pictures by the process that finds it', async () => {
    const dead = newLife();
    await addInFlight(dead.db, { work: 'inspect', items: ['1', '2'], open: [] });
    await take(dead, ['a']);
    await dead.die();
    const told: string[] = [];
    const inFlight = newInFlight(pino({ level: 'warn' }, { write: (line: string) => void told.push(line) }));
    onTestFinished(() => inFlight.close());
    await inFlight.take(['3']);
    expect(told.join('')).toContain('what it had in flight (1 photo, 2 pictures) runs one at a time');
  });
});

describe('a suspect', () => {
  beforeEach(async () => {
    await emptyCatalogue(database.db);
    await database.db.deleteFrom('takedown').execute();
  });
  const suspects = async (): Promise<string[]> => {
    const { rows } = await sql<{ item: string }>`
      select item from suspect union all select unnest(items) from in_flight order by item`.execute(database.db);
    return rows.map(({ item }) => item);
  };
  const a = photo('a').sha256;
  const b = photo('b').sha256;
  const deadWith = async (...what: string[]): Promise<void> => {
    const dead = newLife();
    await take(dead, what);
    await dead.die();
  };

  it.each([
    ['taken down', async () => takeDown(database.db, { sha256: a }, 'asked to')],
    ['pruned', async (id: number) => database.db.transaction().execute((trx) => setBytesState(trx, [id], 'pruning'))],
    ['decided', async (id: number) => decideAs(database.db, await collection(database.db, 'birds'), [kept(id, 'n01')])],
  ])('ends when its photo is %s', async (_, end) => {
    const id = await fetched(database.db, [candidate('a')], 'a');
    await fetched(database.db, [candidate('b')], 'b');
    // Both are found as suspects; then one more process dies with both in flight.
    await deadWith(a, b);
    const life = newLife();
    await take(life, ['c']);
    await end(id);
    expect(await suspects()).toEqual([b, 'c'].toSorted());
  });

  it('is no photo that its process had decided, and no picture that it had settled', async () => {
    const id = await fetched(database.db, [candidate('a')], 'a');
    const dead = newLife();
    await take(dead, [a, b]);
    const [picture] = await database.db.selectFrom('picture').select('id').execute();
    await addInFlight(dead.db, { work: 'inspect', items: ['999999', String(picture?.id)], open: [] });
    await decideAs(database.db, await collection(database.db, 'birds'), [kept(id, 'n01')]);
    await dead.die();
    const { found } = await take(newLife(), ['c']);
    expect([found, await suspects()]).toEqual([{ photos: 1, pictures: 1 }, ['999999', b, 'c'].toSorted()]);
  });

  it('ends when its picture is settled, and is found behind a pooler that keeps the connection of a dead process', async () => {
    const { waiting } = await store(database.db, [candidate('a')]);
    const life = newLife();
    await addInFlight(life.db, { work: 'inspect', items: waiting.map(String), open: [] });
    // A pooler gives the connection another name when its process has ended.
    await sql`set application_name = ''`.execute(life.db);
    expect(await addInFlight(newLife().db, { work: 'inspect', items: ['0'], open: [] })).toMatchObject({
      found: { photos: 0, pictures: 1 },
    });
    await database.db.updateTable('picture').set({ state: 'dropped', reason: 'opted-out' }).execute();
    expect(await suspects()).toEqual(['0']);
  });
});

describe('deaths', () => {
  it('are counted by item and work, and may be forgiven by the kind of work; the item stays suspect', async () => {
    const life = newLife();
    const record = (item: string, work: string) => recordDeath(life.db, { item, work, death });
    await record('a', 'filter');
    expect(await record('a', 'filter')).toEqual([death, death]);
    expect(await record('a', 'inspect')).toEqual([death]);
    await record('b', 'filter with other models');
    await forgiveDeaths(life.db, 'inspect');
    const counts = async (): Promise<number[]> =>
      (await take(life, ['a', 'b'])).suspects.map(({ deaths }) => deaths.length).toSorted((a, b) => a - b);
    expect(await counts()).toEqual([0, 1, 2]);
    await forgiveDeaths(life.db, 'filter');
    expect(await counts()).toEqual([0, 0, 0]);
  });
});

describe('in-flight records that are closed', () => {
  it('reject callers that wait to add items, and let no caller wait for ever', async () => {
    const inFlight = newInFlight(pino({ level: 'silent' }));
    const held = await inFlight.take(['a']);
    const asked = Promise.allSettled(['b', 'c', 'd'].map((item) => inFlight.take([item])));
    // The first call is running by now.
    await setImmediate();
    await inFlight.close();
    await held.release();
    const late = Promise.allSettled([inFlight.take(['e'])]);
    const ends = [...(await asked), ...(await late)].map((end) => ('reason' in end ? end.reason.code : 'had'));
    expect(ends).toEqual(['had', 'in-flight-closed', 'in-flight-closed', 'in-flight-closed']);
  });
});
