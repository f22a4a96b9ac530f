import { describe, expect, it } from 'vitest';
import { HostRounds } from '../../../../../src/core/crawl/fetch/host-rounds.ts';

const awake = (): boolean => false;

describe('HostRounds', () => {
  it('serves every host before it reads the list of hosts again', async () => {
    const walks = [['a', 'b', 'c', 'd', 'e'], ['x']];
    const rounds = new HostRounds(async () => walks.shift() ?? [], 2);
    const turns = [];
    for (let i = 0; i < 5; i += 1) turns.push(await rounds.next(awake));
    expect(turns).toEqual([['a', 'b'], ['c', 'd'], ['e'], ['x'], []]);
  });

  it('skips resting hosts, and reads the list once more if all rest', async () => {
    let walks = 0;
    const rounds = new HostRounds(async () => {
      walks += 1;
      return ['a', 'b', 'c', 'd', 'e'];
    }, 2);
    expect(await rounds.next((host) => 'abd'.includes(host))).toEqual(['c']);
    expect(await rounds.next((host) => 'abd'.includes(host))).toEqual(['e']);
    expect([await rounds.next(() => true), walks]).toEqual([[], 2]);
  });
});
