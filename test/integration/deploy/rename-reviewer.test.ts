import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { sql } from 'kysely';
import { expect, it } from 'vitest';
import { storeCriteria } from '../../../src/core/review/desk/criteria.repository.ts';
import { recordAction } from '../../../src/core/review/events/record-action.process.ts';
import { verdictProblems } from '../../../src/core/review/events/verdict-audit.repository.ts';
import { lettersOf } from '../../../src/core/review/people/letters.repository.ts';
import { useDatabase } from '../../support/database.ts';
import { repositoryRoot } from '../../support/winnow.ts';
import { useListedPhotos } from '../core/review/listed-photos.ts';

const database = useDatabase();
const listed = useListedPhotos(database, [
  ['jay', 'n01', 'n03', 0.1],
  ['kite', 'n02', 'n03', 0.1],
]);

async function accept(reviewer: string, photo: string): Promise<void> {
  const value = { verdict: 'accept', reason: null, shownBy: 'confusions' } as const;
  const subjects = [listed.photo(photo)];
  const action = { kind: 'verdict', sequence: 1, at: new Date().toISOString(), subjects, value } as const;
  await recordAction(database.db, listed.viewOf(reviewer), { client: `tab of ${photo}`, action, leaseMs: 60_000 });
}

/** Runs a file of psql with its variables. psql leaves the server at an error, which ends the transaction. */
async function psql(file: string, variables: Readonly<Record<string, string>>): Promise<void> {
  const text = await readFile(path.join(repositoryRoot, file), 'utf8');
  const filled = text.replaceAll(/:'(\w+)'/g, (_, name: string) => `'${variables[name]?.replaceAll("'", "''")}'`);
  await database.db.connection().execute(async (connection) => {
    try {
      await sql.raw(filled).execute(connection);
    } catch (error) {
      await sql`rollback`.execute(connection);
      throw error;
    }
  });
}

/** The tables in which any value has the text. */
async function tablesWith(text: string): Promise<readonly string[]> {
  const { rows } = await sql<{ name: string }>`
    select c.relname as name from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind = 'r'
    and query_to_xml(format('select 1 from %I as t where t::text like %L', c.relname, '%' || ${text} || '%'), true, true, '')::text <> ''
    order by 1`.execute(database.db);
  return rows.map(({ name }) => name);
}

it('rename-reviewer.sql removes a name from all tables but the activity log, and keeps letters and verdicts', async () => {
  const { db } = database;
  const { collectionId } = listed.scope;
  await accept("Ana O'Hara", 'jay');
  await accept('bo', 'kite');
  await storeCriteria(db, collectionId, { text: 'clear photos', by: "Ana O'Hara" });
  for (const reviewer of ["Ana O'Hara", 'bo']) {
    await sql`
      insert into quiz_question (collection_id, reviewer, place, sha256, wnid, is_practice, photos)
      values (${collectionId}, ${reviewer}, 1, decode(${listed.photo('jay').sha256}, 'hex'), 'n01', false, 100)`.execute(
      db,
    );
    await sql`
      insert into quiz_answer (collection_id, reviewer, place, wnid, ms)
      values (${collectionId}, ${reviewer}, 1, 'n01', 500)`.execute(db);
  }
  await sql`insert into activity (who, place, action) values ('Ana O''Hara', '::1', 'log-in')`.execute(db);
  await sql`insert into session (id, role, name, place, until) values (sha256('x'), 'reviewer', 'Ana O''Hara', '::1', now())`.execute(
    db,
  );
  await sql`insert into pause (stage, collection_id, paused_by) values ('fetch', ${collectionId}, 'Ana O''Hara')`.execute(
    db,
  );
  expect(await tablesWith('Ana O')).toEqual([
    'activity',
    'pause',
    'quiz_answer',
    'quiz_question',
    'review_criteria',
    'review_event',
    'session',
    'verdict',
  ]);

  await expect(psql('config/deploy/rename-reviewer.sql', { old: "Ana O'Hara", new: 'bo' })).rejects.toThrow(
    "Expected a name that nobody has, but someone is called 'bo' already. Nothing was changed.",
  );
  await psql('config/deploy/rename-reviewer.sql', { old: "Ana O'Hara", new: 'p7' });

  expect(await tablesWith('Ana O')).toEqual(['activity']);
  expect(await tablesWith('p7')).toEqual([
    'pause',
    'quiz_answer',
    'quiz_question',
    'review_criteria',
    'review_event',
    'verdict',
  ]);
  expect(await lettersOf(db, listed.scope)).toEqual(
    new Map([
      ['p7', 'A'],
      ['bo', 'B'],
    ]),
  );
  expect(await verdictProblems(db)).toEqual({ checked: 2, problems: [] });
});
