import { sql } from 'kysely';
import { beforeAll, expect, it } from 'vitest';
import { NO_TOKENS, useDashboard } from './support.ts';

const dashboard = useDashboard();
let server: string;

beforeAll(async () => {
  server = await dashboard.serve(NO_TOKENS);
});

const gallery = (day: number, path = 'photos', signal: AbortSignal | null = null): Promise<Response> =>
  fetch(`${server}/c/demo/api/${path}?date=2026-11-${String(day).padStart(2, '0')}`, { signal });

it.each(['photos', 'photos/csv'])(
  'a person who asks for many %s at once is told when to ask again, until one of them is left',
  async (path) => {
    const status = async (asked: Promise<Response>): Promise<unknown> => (await asked).status;
    const leaving = new AbortController();
    let asked: Promise<unknown>[] = [];
    await dashboard.app.db.transaction().execute(async (trx) => {
      await sql`lock table picture in access exclusive mode`.execute(trx);
      asked = [1, 2, 3, 4, 5, 6, 7].map((day) => status(gallery(day, path)));
      const left = gallery(8, path, leaving.signal).catch((error: Error) => error.name);
      await expect
        .poll(async () => {
          const more = await gallery(9, path, AbortSignal.timeout(1_000)).catch(() => null);
          return more === null ? null : [more.status, more.headers.get('retry-after'), await more.json()];
        })
        .toEqual([429, '5', { error: 'Too many readings of yours wait or run; ask again later' }]);
      leaving.abort();
      expect(await left).toBe('AbortError');
      const again = status(gallery(10, path));
      asked.push(again);
      const waits = new Promise((resolve) => setTimeout(resolve, 1_000, 'waits'));
      expect(await Promise.race([again, waits])).toBe('waits');
    });
    expect(await Promise.all(asked)).toEqual(Array.from({ length: 8 }, () => 200));
  },
);
