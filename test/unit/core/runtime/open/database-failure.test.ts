import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  databaseFailure,
  fatalFailure,
  explainFailure,
} from '../../../../../src/core/runtime/open/database-failure.process.ts';
import { StopTheRun, UsageError } from '../../../../../src/core/kernel/errors.ts';

function errorWith(code: string | undefined, message = 'as the server put it'): Error {
  return Object.assign(new Error(message), code === undefined ? {} : { code });
}

describe('databaseFailure', () => {
  it.each([
    ['53100', 'could not extend file "base/1/2": No space left on device', 'disk-full'],
    ['25P03', 'terminating connection due to idle-in-transaction timeout', 'database-gone'],
    ['57P01', 'terminating connection due to unexpected postmaster exit', 'database-gone'],
    ['57P03', 'the database system is starting up', 'database-gone'],
    ['ECONNREFUSED', 'connect ECONNREFUSED 127.0.0.1:5432', 'database-gone'],
    ['53300', 'sorry, too many clients already', 'database-gone'],
    ['ENOTFOUND', 'getaddrinfo ENOTFOUND postgres', 'database-gone'],
    ['EAI_AGAIN', 'getaddrinfo EAI_AGAIN postgres', 'database-gone'],
    ['EHOSTUNREACH', 'connect EHOSTUNREACH 192.0.2.1:5432', 'database-gone'],
    ['ETIMEDOUT', 'read ETIMEDOUT', 'database-gone'],
    [undefined, 'timeout expired', 'database-gone'],
    ['ENOENT', 'connect ENOENT /data/postgres/socket/.s.PGSQL.5432', 'database-gone'],
    [undefined, 'Connection terminated unexpectedly', 'database-gone'],
    [undefined, 'Client has encountered a connection error and is not queryable', 'database-gone'],
  ])('takes code %s, "%s", for %s, in the words of the server', (code, message, expected) => {
    const failure = databaseFailure(errorWith(code, message));
    expect(failure).toBeInstanceOf(StopTheRun);
    expect([failure?.code, failure?.message]).toEqual([expected, expect.stringContaining(message)]);
  });

  it('reports the answer of every address of a name', () => {
    const each = ['::1', '127.0.0.1'].map((address) =>
      errorWith('ECONNREFUSED', `connect ECONNREFUSED ${address}:5432`),
    );
    const failure = databaseFailure(Object.assign(new AggregateError(each), { code: 'ECONNREFUSED' }));
    expect(failure?.message).toContain(
      'unreachable: connect ECONNREFUSED ::1:5432, connect ECONNREFUSED 127.0.0.1:5432',
    );
  });

  it.each([
    ['a violated constraint', errorWith('23505')],
    ['a missing file', errorWith('ENOENT', "ENOENT: no such file or directory, open 'x'")],
    ['a defect', new TypeError('x is not a function')],
    ['no error at all', 'text'],
  ])('does not take %s for one', (_, error) => {
    expect(databaseFailure(error)).toBeNull();
  });
});

describe('fatalFailure', () => {
  it('ends a run for errors that another try cannot fix: a full disk, or an error that was raised to end it', () => {
    const raised = new StopTheRun('no', { code: 'model' });
    expect(fatalFailure(raised)).toBe(raised);
    expect(fatalFailure(errorWith('53100'))?.code).toBe('disk-full');
  });

  it('lets a job be tried again after a lost connection, and leaves other errors alone', () => {
    expect(fatalFailure(errorWith('57P01'))).toBeNull();
    expect(fatalFailure(new UsageError('no', { code: 'usage' }))).toBeNull();
  });
});

/** A file system without a free byte. */
const FULL = '/proc';
const GONE = Object.assign(new Error('terminating connection due to unexpected postmaster exit'), { code: '57P01' });

describe('toldFailure', () => {
  it('names the disk as a possible cause if the database is on a full disk', async ({ skip }) => {
    skip(!existsSync(FULL), `no ${FULL} to stand for a full disk`);
    expect(await explainFailure(GONE, FULL)).toMatchObject({
      code: 'database-gone',
      message: expect.stringMatching(/The disk of the data folder '\/proc' has 0\.0 MB left, which may be the reason/),
    });
  });

  it('does not mention disks if the database is elsewhere', async () => {
    expect(await explainFailure(GONE, null)).toMatchObject({
      code: 'database-gone',
      message: expect.not.stringContaining('disk'),
    });
  });

  it('returns other errors unchanged', async () => {
    const other = new Error('something else');
    expect(await explainFailure(other, FULL)).toBe(other);
  });
});
