import { describe, expect, it } from 'vitest';
import {
  chooseControls,
  droppedRow,
  type DroppedPhoto,
  type ListedPhoto,
} from '../../../../src/core/shortlist/controls.ts';
import { sha256Of } from '../../../support/sha256.ts';

const WNID = 'n01440764';

function listed(name: string, source = 'folder'): ListedPhoto {
  return { sha256: sha256Of(name), wnid: WNID, perceptualHash: sha256Of(name).slice(0, 16), source };
}

function dropped(name: string, changes: Partial<DroppedPhoto> = {}): DroppedPhoto {
  return { ...listed(name), maxTrueProb: 0.7, isReviewed: false, ...changes };
}

function chosen(photos: readonly ListedPhoto[], controls: number): string[] {
  const names = new Map('abcdefghij'.split('').map((name) => [sha256Of(name), name]));
  const found = chooseControls(photos, { cap: 1, nearDuplicateDistance: 6, controls });
  return found.map(({ sha256 }) => names.get(sha256) ?? '?').toSorted();
}

describe('the controls of a class', () => {
  it('are the first photos of the draw', () => {
    expect(chosen([listed('z'), dropped('d'), dropped('b'), dropped('a')], 2)).toEqual(['b', 'd']);
  });

  it('are taken from the sources in the shares of the listed photos, then from any source', () => {
    const set = [listed('w', 'flickr'), listed('x', 'flickr'), listed('y', 'flickr'), listed('z', 'inaturalist')];
    const pool = 'abcdef'.split('').map((name) => dropped(name, { source: name < 'e' ? 'inaturalist' : 'flickr' }));
    expect(chosen([...set, ...pool], 4)).toEqual(['a', 'b', 'e', 'f']);
    expect(chosen([...set, ...pool], 2)).toEqual(['e', 'f']);
  });

  it('are shared by largest remainder, and between equal remainders by the names of the sources', () => {
    const listedOf = (source: string, photos: number) =>
      Array.from({ length: photos }, (_, i) => listed(`${source} ${i}`, source));
    const pool = 'abcdef'.split('').map((name) => dropped(name, { source: name < 'd' ? 'inaturalist' : 'flickr' }));
    // Shares of 2.14 and 0.86 places.
    expect(chosen([...listedOf('inaturalist', 5), ...listedOf('flickr', 2), ...pool], 3)).toEqual(['a', 'b', 'd']);
    expect(chosen([...listedOf('flickr', 5), ...listedOf('inaturalist', 2), ...pool], 3)).toEqual(['a', 'd', 'e']);
    expect(chosen([...listedOf('inaturalist', 1), ...listedOf('flickr', 1), ...pool], 1)).toEqual(['d']);
  });

  it('are no near-duplicates of listed photos or of each other', () => {
    const { perceptualHash } = listed('z');
    const same = { perceptualHash: 'ffffffff00000000' };
    const pool = [dropped('a', { perceptualHash }), dropped('b', same), dropped('c', same), dropped('d')];
    expect(chosen([listed('z'), ...pool], 3)).toEqual(['b', 'd']);
  });

  it('are none in a class without a listed photo, except the reviewed ones', () => {
    expect(chosen([dropped('a'), dropped('b')], 2)).toEqual([]);
    expect(chosen([dropped('a'), dropped('b', { isReviewed: true })], 2)).toEqual(['b']);
  });

  it('stay controls once they are reviewed', () => {
    const pool = [dropped('a'), dropped('b'), dropped('c', { isReviewed: true })];
    expect(chosen([listed('z'), ...pool], 2)).toEqual(['a', 'c']);
  });

  it('have no rank, and their class as prediction', () => {
    expect(droppedRow(dropped('a'), 'control')).toMatchObject({ state: 'control', rank: null, confusionWnid: WNID });
  });
});
