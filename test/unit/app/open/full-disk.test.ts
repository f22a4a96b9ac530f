import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { toldFailure } from '../../../../src/app/open/full-disk.ts';

/** A file system without a free byte. */
const FULL = '/proc';
const GONE = Object.assign(new Error('terminating connection due to unexpected postmaster exit'), { code: '57P01' });

describe('toldFailure', () => {
  it('says that the disk may be why where the database is on one that is full', async ({ skip }) => {
    skip(!existsSync(FULL), `no ${FULL} to stand for a full disk`);
    expect(await toldFailure(GONE, FULL)).toMatchObject({
      code: 'database-gone',
      message: expect.stringMatching(/The disk of the data folder '\/proc' has 0\.0 MB left, which may be the reason/),
    });
  });

  it('says nothing of disks where the database is elsewhere', async () => {
    expect(await toldFailure(GONE, null)).toMatchObject({
      code: 'database-gone',
      message: expect.not.stringContaining('disk'),
    });
  });

  it('leaves what is no failure of the database as it is', async () => {
    const other = new Error('something else');
    expect(await toldFailure(other, FULL)).toBe(other);
  });
});
