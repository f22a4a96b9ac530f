import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { toldFailure } from '../../../../src/app/open/full-disk.ts';

/** A file system without a free byte. */
const FULL = '/proc';
const GONE = Object.assign(new Error('terminating connection due to unexpected postmaster exit'), { code: '57P01' });

describe('toldFailure', () => {
  it('names the disk as a possible cause if the database is on a full disk', async ({ skip }) => {
    skip(!existsSync(FULL), `no ${FULL} to stand for a full disk`);
    expect(await toldFailure(GONE, FULL)).toMatchObject({
      code: 'database-gone',
      message: expect.stringMatching(/The disk of the data folder '\/proc' has 0\.0 MB left, which may be the reason/),
    });
  });

  it('does not mention disks if the database is elsewhere', async () => {
    expect(await toldFailure(GONE, null)).toMatchObject({
      code: 'database-gone',
      message: expect.not.stringContaining('disk'),
    });
  });

  it('returns other errors unchanged', async () => {
    const other = new Error('something else');
    expect(await toldFailure(other, FULL)).toBe(other);
  });
});
