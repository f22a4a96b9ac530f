import { describe, expect, it } from 'vitest';
import type { DeskView } from '../../../../src/core/review/desk/known-photos.repository.ts';
import type { ReviewFilter } from '../../../../src/core/review/desk/desk.ts';
import { countFacets, listCovers, type FacetPart } from '../../../../src/core/review/desk/facets.repository.ts';
import { recordAction } from '../../../../src/core/review/events/record-action.process.ts';
import { useDatabase } from '../../../support/database.ts';
import { useListedPhotos } from './listed-photos.ts';

const database = useDatabase();
const PHOTOS = [
  ['a', 'n01', 'n03', 0.01],
  ['b', 'n01', 'n03', 0.02],
  ['c', 'n01', 'n02', 0.03],
  ['d', 'n02', 'n03', 0.04],
] as const;

const listed = useListedPhotos(database, PHOTOS);
const { viewOf, photo } = listed;

let sequence = 0;
async function reject(view: DeskView, name: string): Promise<void> {
  const value = { verdict: 'reject', reason: 'wrong-class', shownBy: 'grid' } as const;
  const action = { kind: 'verdict', subjects: [photo(name)], value } as const;
  const at = new Date().toISOString();
  sequence += 1;
  await recordAction(database.db, view, {
    client: view.reviewer,
    action: { ...action, sequence, at },
    leaseMs: 60_000,
  });
}

async function countsOf(part: FacetPart, filter: ReviewFilter, view = viewOf('ann')): Promise<Record<string, number>> {
  const { counts } = await countFacets(database.db, view, { filter, cap: 15 });
  return Object.fromEntries(counts.filter(({ facet }) => facet === part).map(({ value, photos }) => [value, photos]));
}

describe('counting what other filters would show', () => {
  it('counts the values of a part under all other parts of the filter', async () => {
    await reject(viewOf('ann'), 'a');
    expect(await countsOf('state', { state: 'open' })).toEqual({ open: 3, rejected: 1 });
    expect(await countsOf('predicted', { state: 'open' })).toEqual({ n03: 2, n02: 1 });
    expect(await countsOf('predicted', { state: 'open', wnid: 'n01' })).toEqual({ n03: 1, n02: 1 });
    expect(await countsOf('reason', { state: 'rejected' })).toEqual({ 'wrong-class': 1 });
    expect(await countsOf('reason', { state: 'open' })).toEqual({});
    expect(await countsOf('source', { pMax: 0.025 })).toEqual({ folder: 2 });
  });

  it('counts a photo that waits for a blind second verdict as open', async () => {
    await reject(viewOf('ann', 1), 'a');
    expect(await countsOf('state', {}, viewOf('bob', 1))).toEqual({ open: 4 });
    expect(await countsOf('reason', {}, viewOf('bob', 1))).toEqual({});
  });

  it('finds confusions with open quota and open photos, the emptiest first', async () => {
    await reject(viewOf('ann'), 'c');
    const { confusions } = await countFacets(database.db, viewOf('ann'), { filter: {}, cap: 15 });
    expect(confusions).toEqual([
      { wnid: 'n01', confusionWnid: 'n03', open: 2, accepted: 0 },
      { wnid: 'n02', confusionWnid: 'n03', open: 1, accepted: 0 },
    ]);
    const none = await countFacets(database.db, viewOf('ann'), { filter: {}, cap: 0 });
    expect(none.confusions).toEqual([]);
  });
});

it('the covers of the start page are the first photos of each class', async () => {
  const covers = await listCovers(database.db, viewOf('ann'));
  expect(Object.fromEntries(covers.map(({ wnid, photos }) => [wnid, photos.length]))).toEqual({ n01: 3, n02: 1 });
});
