import { sql, type RawBuilder } from 'kysely';
import { describe, expect, it } from 'vitest';
import { MIGRATIONS } from '../../../../../src/core/platform/postgres/migrations/index.ts';
import { openDatabase } from '../../../../../src/core/platform/postgres/open-database.ts';
import { streamRows } from '../../../../../src/core/platform/postgres/query.ts';
import { collect } from '../../../../support/collect.ts';
import { applicationName, createDatabase, dropDatabase, useDatabase } from '../../../../support/database.ts';

const database = useDatabase({ poolSize: 1 });

function open(url: string): ReturnType<typeof openDatabase> {
  return openDatabase({
    url,
    applicationName: applicationName(),
    poolSize: 2,
    onConnectionLost(error) {
      throw error;
    },
  });
}

/** Expects that a catalogue cannot be opened after `change` has changed its list of migrations. */
async function expectRefusal(change: RawBuilder<unknown>, code: string, message: RegExp): Promise<void> {
  const url = await createDatabase('template');
  try {
    const db = await open(url);
    await change.execute(db);
    await db.destroy();
    await expect(open(url)).rejects.toMatchObject({
      name: 'UsageError',
      code,
      message: expect.stringMatching(message),
    });
  } finally {
    await dropDatabase(url);
  }
}

describe('openDatabase', () => {
  it('migrates an empty database once even if several commands start at the same time', async () => {
    const url = await createDatabase('nothing');
    try {
      const opened = await Promise.all(Array.from({ length: 5 }, () => open(url)));
      const { rows } = await sql<{ name: string }>`select name from kysely_migration order by name`.execute(
        opened[0] ?? database.db,
      );
      expect(rows.map((row) => row.name)).toEqual(Object.keys(MIGRATIONS));
      await Promise.all(opened.map((db) => db.destroy()));
      await (await open(url)).destroy();
    } finally {
      await dropDatabase(url);
    }
  });

  it('reports a server that cannot be reached', async () => {
    const nobody = 'postgres://nobody:secret@127.0.0.1:9/none';
    await expect(open(nobody)).rejects.toMatchObject({
      name: 'StopTheRun',
      message: expect.stringContaining('127.0.0.1:9'),
    });
    await expect(open(nobody)).rejects.not.toMatchObject({ message: expect.stringContaining('secret') });
  });

  it('refuses a catalogue that a newer version has changed', async () => {
    await expectRefusal(
      sql`insert into kysely_migration (name, timestamp) values ('9999-future', 'now')`,
      'schema-newer',
      /^The catalogue was made by a newer winnow: it has schema 9999 \('9999-future'\), and this winnow knows \d+\. Nothing was changed\./,
    );
  });

  it('refuses a catalogue of an older development version, and names the commit that reads it', async () => {
    await expectRefusal(
      sql`with gone as (delete from kysely_migration)
        insert into kysely_migration (name, timestamp) values ('0001-catalogue', 'then'), ('0021-notices', 'then')`,
      'schema-foreign',
      /older development version .*'0021-notices'.* new data folder \(--data DIR\).* commit [0-9a-f]{7}/,
    );
  });

  it('reads whole numbers as numbers, and refuses to round them', async () => {
    const { rows } = await sql`select ${2 ** 53 - 1}::bigint as most, count(*) as count`.execute(database.db);
    expect(rows).toEqual([{ most: 2 ** 53 - 1, count: 1 }]);
    await expect(sql`select 9007199254740993::bigint`.execute(database.db)).rejects.toThrow('9007199254740993');
  });

  it('reads floating point numbers to the last bit', async () => {
    const values = [0.1 + 0.2, 5e-324, 1.7976931348623157e308, 1 / 3];
    const { rows } = await sql<{ v: number[] }>`select ${values}::double precision[] as v`.execute(database.db);
    expect(rows[0]?.v).toEqual(values);
  });
});

describe('streamRows', () => {
  const numbers = (count: number) => sql<{ n: number }>`select generate_series(1, ${count})::bigint as n`;

  /** Open transactions and cursors of the only connection, which can answer only if it is free. */
  async function leftOpen(): Promise<unknown[]> {
    const { rows } = await sql`
      select (select count(*) from pg_cursors where name <> '') as cursors, pg_current_xact_id_if_assigned()::text as transaction`.execute(
      database.db,
    );
    return rows;
  }
  const nothing = [{ cursors: 0, transaction: null }];

  it('returns every row in order, chunk by chunk', async () => {
    for (const count of [0, 1, 499, 500, 501, 1_250]) {
      const rows = await collect(streamRows(database.db, numbers(count)));
      expect(rows.map((row) => row.n)).toEqual(Array.from({ length: count }, (_, i) => i + 1));
    }
    expect(await leftOpen()).toEqual(nothing);
  });

  it('returns its only connection when stopped early', async () => {
    for (const stopAfter of [1, 500, 777]) {
      let seen = 0;
      for await (const _ of streamRows(database.db, numbers(100_000))) {
        seen += 1;
        if (seen === stopAfter) break;
      }
      expect([seen, await leftOpen()]).toEqual([stopAfter, nothing]);
    }
  });

  it('returns its connection when the reader fails', async () => {
    const reading = async (): Promise<void> => {
      for await (const { n } of streamRows(database.db, numbers(2_000))) if (n === 600) throw new Error('disk full');
    };
    await expect(reading()).rejects.toThrow('disk full');
    expect(await leftOpen()).toEqual(nothing);
  });

  it('returns its connection when the query fails, at once or half-way', async () => {
    await expect(collect(streamRows(database.db, sql`select nonsense`))).rejects.toThrow('nonsense');
    const halfWay = sql`select 1 / (700 - n) as n from generate_series(1, 1000) as n`;
    await expect(collect(streamRows(database.db, halfWay))).rejects.toThrow('division by zero');
    expect(await leftOpen()).toEqual(nothing);
  });

  it('takes no connection before it is read', async () => {
    const unread = streamRows(database.db, numbers(10));
    expect(await leftOpen()).toEqual(nothing);
    await unread.return(undefined);
    expect(await leftOpen()).toEqual(nothing);
  });

  it('does not hold a large result in memory', async () => {
    const wide = sql<{
      n: number;
      text: string;
    }>`select n, repeat('x', 2000) as text from generate_series(1, 50000) as n`;
    const heapBefore = process.memoryUsage().heapUsed;
    let heapMost = 0;
    let rows = 0;
    for await (const _ of streamRows(database.db, wide)) {
      rows += 1;
      if (rows % 1_000 === 0) heapMost = Math.max(heapMost, process.memoryUsage().heapUsed);
    }
    expect(rows).toBe(50_000);
    // 100 MB of text in total. A chunk has one MB.
    expect(heapMost - heapBefore).toBeLessThan(60e6);
  });
});
