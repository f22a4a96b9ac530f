import { describe, expect, it } from 'vitest';
import { toSha256 } from '../../../../src/core/kernel/ids.ts';
import { acceptanceRows } from '../../../../src/measure/report/acceptance.ts';
import { choosePhotos } from '../../../../src/measure/report/chosen-photos.ts';
import { countsBy, licencesOf } from '../../../../src/measure/report/counts.ts';
import { CropTally } from '../../../../src/measure/report/crop-tally.ts';
import { chooseGallery } from '../../../../src/measure/report/choose-gallery.ts';
import { isZeroByRule } from '../../../../src/core/collection/modes.ts';
import { impliedFor, ruleSentences } from '../../../../src/measure/report/method.ts';
import type { ReportedPhoto } from '../../../../src/measure/report/reported-photo.repository.ts';
import { sampleRights } from '../../../support/sample-rights.ts';

const photo = (number: number, more: Partial<ReportedPhoto> = {}): ReportedPhoto => ({
  photoId: number,
  sha256: toSha256(number.toString(16).padStart(64, '0')),
  wnid: 'a',
  confusionWnid: 'b',
  confusionProb: 0.5,
  maxTrueProb: 0.06,
  rank: 1,
  verdict: 'accepted',
  tags: [],
  alsoWnids: [],
  uploadedAt: null,
  rights: sampleRights(),
  ...more,
});

describe('choosePhotos', () => {
  const accepted = photo(1);
  const listed = photo(2, { verdict: 'unreviewed' });
  const kept = photo(3, { rank: null });

  it('takes the accepted photos, or else the listed ones, or else all', () => {
    const choose = (photos: ReportedPhoto[]) => choosePhotos(photos, { wanted: null, mode: 'A' });
    expect(choose([accepted, listed, kept])).toEqual({ which: 'accepted', photos: [accepted] });
    expect(choose([listed, kept])).toEqual({ which: 'listed', photos: [listed] });
    expect(choose([kept])).toEqual({ which: 'kept', photos: [kept] });
  });

  it('takes what is asked for, even if there is none', () => {
    expect(choosePhotos([listed], { wanted: 'accepted', mode: 'A' })).toEqual({ which: 'accepted', photos: [] });
    expect(choosePhotos([accepted, kept], { wanted: 'kept', mode: 'A' }).photos).toEqual([accepted, kept]);
  });

  it('leaves out bytes that are accepted for two classes, as an export does; in mode O the first concept has them', () => {
    const both = [photo(1), photo(1, { wnid: 'c' }), photo(2)];
    expect(choosePhotos(both, { wanted: null, mode: 'A' }).photos).toEqual([both[2]]);
    expect(choosePhotos(both, { wanted: null, mode: 'O' }).photos).toEqual([both[0], both[2]]);
  });
});

describe('CropTally', () => {
  const ten = (trueProbs: readonly number[], correct: readonly number[] = []) =>
    trueProbs.map((trueProb, crop) => ({ crop, trueProb, isCorrect: correct.includes(crop) }));
  const low = Array.from({ length: 10 }, () => 0.1);

  it('counts the crop that comes closest, the first of equals', () => {
    const tally = new CropTally();
    tally.add(ten(low));
    tally.add(ten(low.with(7, 0.4)));
    const { crops, photos } = tally.report('m', false);
    expect(photos).toBe(2);
    expect(crops.map(({ closest }) => closest)).toEqual([1, 0, 0, 0, 0, 0, 0, 1, 0, 0]);
    expect(crops[7]?.trueProb).toBeCloseTo(0.25, 12);
  });

  it('tells photos that the centre or its mirror gets right from those that only another crop does', () => {
    const tally = new CropTally();
    for (const correct of [[], [4], [4, 0], [9], [0, 3]]) tally.add(ten(low, correct));
    const counts = { centreCorrect: 3, anyCorrect: 4, onlyOffCentre: 1 };
    expect(tally.report('m', true)).toMatchObject({ ...counts, isMember: true });
  });

  it('leaves out a photo that lacks a crop', () => {
    const tally = new CropTally();
    tally.add(ten(low).slice(1));
    expect(tally.report('m', false)).toMatchObject({ photos: 0, anyCorrect: 0 });
  });
});

it('acceptanceRows counts accepted against rejected photos, and no others', () => {
  const photos = [
    photo(1),
    photo(2, { verdict: 'rejected', rights: sampleRights({ source: 'flickr' }), maxTrueProb: 0.15 }),
    photo(3, { verdict: 'unsure' }),
    photo(4, { verdict: 'rejected', maxTrueProb: 0 }),
  ];
  const rows = acceptanceRows(photos).map(({ by, key, accepted, rejected }) => [by, key, accepted, rejected]);
  expect(rows).toEqual([
    ['source', 'flickr', 0, 1],
    ['source', 'folder', 1, 1],
    ['class', 'a', 1, 2],
    ['score', '0.000-0.025', 0, 1],
    ['score', '0.050-0.075', 1, 0],
    ['score', '0.150-0.175', 0, 1],
  ]);
});

it('chooseGallery takes the surest photo of each confusion, in turn over the classes', () => {
  const photos = [
    photo(1, { confusionProb: 0.3 }),
    photo(2, { confusionProb: 0.9 }),
    photo(3, { confusionWnid: 'c', confusionProb: 0.4 }),
    photo(4, { wnid: 'd', confusionProb: 0.1 }),
  ];
  expect(chooseGallery(photos).map(({ photoId }) => photoId)).toEqual([2, 4, 3]);
});

describe('counts', () => {
  it('are sorted by number, then by key', () => {
    const photos = [photo(1, { tags: ['blur', 'dark'] }), photo(2, { tags: ['dark'] }), photo(3, { tags: ['angle'] })];
    expect(countsBy(photos, ({ tags }) => tags)).toEqual([
      ['dark', 2],
      ['angle', 1],
      ['blur', 1],
    ]);
  });

  it('give a licence the first address that one of its photos has', () => {
    const licenceUrl = 'https://creativecommons.org/publicdomain/zero/1.0/';
    const rows = licencesOf([sampleRights(), sampleRights({ licenceUrl })]);
    expect(rows).toEqual([{ licence: 'CC0-1.0', url: licenceUrl, photos: 2 }]);
  });
});

describe('the rule in words', () => {
  const policy = {
    threshold: 0.15,
    aggregation: 'max',
    members: 'any',
    cap: 15,
    nearDuplicateDistance: 6,
    nearDuplicateCosine: null,
    minConfidence: 0.9,
  } as const;

  it('says that a member is never right only where the rule implies it', () => {
    const implied = (changes: object) => impliedFor({ mode: 'A', policy: { ...policy, ...changes } });
    expect(implied({})).toContain('0 %');
    expect(isZeroByRule(policy)).toBe(true);
    for (const changes of [{ members: 'all' }, { aggregation: 'mean' }] as const) {
      expect(implied(changes)).not.toContain('0 %');
      expect(isZeroByRule({ ...policy, ...changes })).toBe(false);
    }
  });

  it('has the numbers of the policy', () => {
    expect(ruleSentences({ mode: 'A', policy }).join(' ')).toMatch(
      /any member .* any of its ten crops .* above 0\.15\. At most 15/,
    );
    expect(ruleSentences({ mode: 'O', policy }).join(' ')).toMatch(/at least 0\.9 .* At most 15/);
  });
});
