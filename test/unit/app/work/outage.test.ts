import { describe, expect, it } from 'vitest';
import { Outage } from '../../../../src/app/work/outage.ts';

/** The logged messages, by level. */
function recordingLog(): { lines: string[]; log: ConstructorParameters<typeof Outage>[0] } {
  const lines: string[] = [];
  const log = {
    info: (message: string) => void lines.push(`info ${message}`),
    warn: (_fields: object, message: string) => void lines.push(`warn ${message}`),
  };
  return { lines, log };
}

const gone = (): Promise<void> => Promise.reject(Object.assign(new Error('connect refused'), { code: 'ECONNREFUSED' }));
const well = (): Promise<void> => Promise.resolve();

describe('an outage of the database', () => {
  it('is reported when it begins and when it ends, and lasts until the work succeeds', async () => {
    const { lines, log } = recordingLog();
    const outage = new Outage(log);
    await outage.bridge(gone);
    await outage.bridge(gone);
    expect([outage.isOn, lines]).toEqual([true, ['warn PostgreSQL is unreachable; waiting for it']]);
    await outage.bridge(well);
    await outage.bridge(well);
    expect([outage.isOn, lines.slice(1)]).toEqual([false, ['info PostgreSQL is reachable again']]);
  });

  it('ends the run once no caller waits any longer', async () => {
    await expect(new Outage(recordingLog().log, 0).bridge(gone)).rejects.toMatchObject({ code: 'database-gone' });
  });

  it('is not reported for other errors', async () => {
    const outage = new Outage(recordingLog().log);
    await expect(outage.bridge(() => Promise.reject(new Error('no such table')))).rejects.toThrow('no such table');
    await expect(
      outage.bridge(() => Promise.reject(Object.assign(new Error('full'), { code: '53100' }))),
    ).rejects.toThrow('full');
    expect(outage.isOn).toBe(false);
  });
});
