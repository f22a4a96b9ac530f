import { describe, expect, it } from 'vitest';
import { fiftyOneLabels } from '../../../src/shortlist/fiftyone.ts';
import type { HandedPhoto, PhotoPlaces } from '../../../src/shortlist/handed-photo.ts';
import { labelStudioTasks } from '../../../src/shortlist/label-studio.ts';
import { shortlistClass } from '../../../src/shortlist/shortlist.ts';
import { sha256Of } from '../../support/sha256.ts';
import { keptPhoto } from './sample-rows.ts';

const places: PhotoPlaces = {
  pathOf: (sha256) => `/home/me/my data/blobs/${sha256.slice(0, 2)}/${sha256}`,
  dataDir: '/home/me/my data',
  ensemble: ['one', 'two'],
};

function handed(name: string, wnid: string): HandedPhoto {
  const [row] = shortlistClass([keptPhoto(name, { wnid })], { cap: 1, nearDuplicateDistance: 0 });
  if (row === undefined) throw new Error('Expected a row');
  const rights = {
    source: 'folder',
    sourceId: 'a.jpg',
    pageUrl: null,
    creator: 'Ann "A."',
    licence: 'CC0-1.0',
    licenceUrl: null,
  };
  return { ...row, ...rights, name: `name of ${wnid}`, confusionName: 'banjo' };
}

describe('labelStudioTasks', () => {
  it('makes a task a photo, addressed below the document root, with the confusion as its prediction', () => {
    const sha256 = sha256Of('one');
    expect(JSON.parse(labelStudioTasks([handed('one', 'n01')], places))).toEqual([
      {
        data: {
          image: `/data/local-files/?d=blobs/${sha256.slice(0, 2)}/${sha256}`,
          sha256,
          wnid: 'n01',
          name: 'name of n01',
          rank: 1,
          confusionWnid: 'n02787622',
          confusionName: 'banjo',
          maxTrueProb: 0.05,
          confusionProb: 0.5,
          source: 'folder',
          pageUrl: null,
          creator: 'Ann "A."',
          licence: 'CC0-1.0',
          licenceUrl: null,
        },
        predictions: [
          {
            model_version: 'one + two',
            score: 0.5,
            result: [{ from_name: 'class', to_name: 'image', type: 'choices', value: { choices: ['banjo'] } }],
          },
        ],
      },
    ]);
  });

  it('is an empty list where nothing is listed', () => {
    expect(labelStudioTasks([], places)).toBe('[]\n');
  });
});

describe('fiftyOneLabels', () => {
  it('names each photo once by its path, with a label for each class that it is listed under', () => {
    const file = places.pathOf(sha256Of('one'));
    const { classes, labels } = JSON.parse(
      fiftyOneLabels([handed('one', 'n01'), handed('two', 'n01'), handed('one', 'n02')], places),
    );
    expect(classes).toBeNull();
    expect(Object.keys(labels)).toEqual([file, places.pathOf(sha256Of('two'))]);
    expect(labels[file]).toMatchObject([
      { label: 'banjo', confidence: 0.5, attributes: { found_as: 'name of n01', found_as_wnid: 'n01', rank: 1 } },
      { label: 'banjo', confidence: 0.5, attributes: { found_as: 'name of n02', found_as_wnid: 'n02' } },
    ]);
  });
});
