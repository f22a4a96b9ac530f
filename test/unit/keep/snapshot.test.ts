import { expect, it } from 'vitest';
import { snapshotId, mergeTakedowns, type Takedown } from '../../../src/keep/snapshot.ts';
import { sha256Of } from '../../support/sha256.ts';

function takedown(changes: Partial<Takedown>): Takedown {
  return {
    sha256: null,
    source: null,
    sourceId: null,
    url: null,
    reason: 'asked',
    at: '2026-11-01T00:00:00.000Z',
    ...changes,
  };
}

it('takedowns of two lists are joined by their targets, and each keeps its first time', () => {
  const photo = takedown({ sha256: sha256Of('wren') });
  const url = takedown({ url: 'https://host.example/a.jpg', at: '2026-11-02T00:00:00.000Z' });
  const place = takedown({ source: 'flickr', sourceId: '1', at: '2026-11-03T00:00:00.000Z' });
  const again = takedown({ sha256: sha256Of('wren'), at: '2026-11-09T00:00:00.000Z', reason: 'asked again' });
  expect(mergeTakedowns([again, place], [url, photo])).toEqual([photo, url, place]);
  expect(mergeTakedowns([], [])).toEqual([]);
});

it('the id of a snapshot sorts by time and is a file name on every system', () => {
  expect(snapshotId('2026-11-27T04:45:26.047Z')).toBe('2026-11-27T04-45-26-047Z');
});
