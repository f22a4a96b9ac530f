import { expect, it } from 'vitest';
import { People } from '../../../../../src/core/review/people/people.ts';

const review = (reviewer: string, verdict: 'accept' | 'reject') => ({
  reviewer,
  verdict,
  blindVerdict: verdict,
});
const at = (reviewer: string, seconds: number, kind: 'verdict' | 'import' = 'verdict') => ({
  reviewer,
  kind,
  at: new Date(Date.UTC(2026, 0, 1, 0, 0, seconds)).toISOString(),
});

it('the hours of a reviewer leave out pauses of more than a minute, and what was imported', () => {
  const people = new People();
  // By photo, so not in the order of time.
  people.add({ reviews: [], events: [at('ana', 90), at('ana', 0), at('bo', 0)] });
  people.add({ reviews: [], events: [at('ana', 30), at('ana', 151), at('ana', 160), at('cy', 1, 'import')] });
  expect(people.lines().map(({ reviewer, hours }) => [reviewer, Math.round(hours * 3600)])).toEqual([
    ['ana', 30 + 60 + 9],
    ['bo', 0],
  ]);
});

it('a reviewer has photos, a rate of acceptance, and an agreement over those that were judged twice', () => {
  const people = new People();
  people.add({ reviews: [review('ana', 'accept'), review('bo', 'accept')], events: [] });
  people.add({ reviews: [review('ana', 'accept'), review('bo', 'reject')], events: [] });
  people.add({ reviews: [review('ana', 'reject')], events: [] });
  people.add({ reviews: [review('ana', 'accept')], events: [] });
  expect(people.lines()).toEqual([
    {
      reviewer: 'ana',
      photos: 4,
      hours: 0,
      accepted: 3,
      acceptanceRate: 0.75,
      secondPassPhotos: 2,
      agreement: 0.5,
    },
    { reviewer: 'bo', photos: 2, hours: 0, accepted: 1, acceptanceRate: 0.5, secondPassPhotos: 2, agreement: 0.5 },
  ]);
});
