import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { fiftyOneMetadata, fiftyOneSamples } from '../../../../src/core/shortlist/fiftyone.ts';
import type { HandedPhoto, PhotoPlaces } from '../../../../src/core/shortlist/handed-photo.ts';
import { labelStudioTasks } from '../../../../src/core/shortlist/label-studio.ts';
import { shortlistClass } from '../../../../src/core/shortlist/shortlist.ts';
import { keptPhoto } from './sample-rows.ts';
import { repositoryRoot } from '../../../support/winnow.ts';
import { sampleRights } from '../../../support/sample-rights.ts';

const places: PhotoPlaces = {
  pathOf: (sha256) => `/home/me/my data/blobs/${sha256.slice(0, 2)}/${sha256}`,
  blobsFolder: '/home/me/my data/blobs',
  ensemble: ['one', 'two'],
};

function handed(name: string, wnid: string): HandedPhoto {
  const [row] = shortlistClass([keptPhoto(name, { wnid })], { cap: 1, nearDuplicateDistance: 0 });
  if (row === undefined) throw new Error('Expected a row');
  const rights = sampleRights({ creator: 'Ann "A."' });
  return { ...row, rights, name: `name of ${wnid}`, confusionName: 'banjo' };
}

const shown = (json: string): string => JSON.stringify(JSON.parse(json), null, 2);
const file = (name: string): string => path.join(repositoryRoot, `test/fixtures/shortlists/${name}.json`);

describe('labelStudioTasks', () => {
  it('makes a task of each photo, addressed below the folder of the blobs, with the confusion as its prediction', async () => {
    await expect(shown(labelStudioTasks([handed('one', 'n01')], places))).toMatchFileSnapshot(file('label-studio'));
  });

  it('tells two classes of one name apart by their ids, in the choices and in the prediction', () => {
    const [task] = JSON.parse(labelStudioTasks([{ ...handed('one', 'n01'), name: 'banjo' }], places));
    expect(task.data.choices).toEqual([{ value: 'banjo (n01)' }, { value: 'banjo (n02787622)' }, { value: 'neither' }]);
    expect(task.predictions[0].result[0].value).toEqual({ choices: ['banjo (n02787622)'] });
  });

  it('is an empty list where nothing is listed', () => {
    expect(labelStudioTasks([], places)).toBe('[]\n');
  });
});

describe('fiftyOneSamples', () => {
  const samplesOf = (...photos: HandedPhoto[]) => JSON.parse(fiftyOneSamples(photos, places)).samples;

  it('has the class searched as, the prediction with its confidence, p, rank and rights of each photo, and no other label', async () => {
    await expect(shown(fiftyOneSamples([handed('one', 'n01')], places))).toMatchFileSnapshot(file('fiftyone'));
  });

  it('makes a sample of each row, whose ids differ from one another and are the same every time', () => {
    const photos = [handed('one', 'n01'), handed('two', 'n01'), handed('one', 'n02')];
    const samples = samplesOf(...photos);
    const ids = samples.flatMap((one: Record<'_id' | 'searched_as' | 'prediction', { _id: object }>) =>
      [one, one.searched_as, one.prediction].map(({ _id }) => JSON.stringify(_id)),
    );
    expect(new Set(ids).size).toBe(9);
    expect(samplesOf(...photos)).toEqual(samples);
  });
});

describe('fiftyOneMetadata', () => {
  const metadata = JSON.parse(fiftyOneMetadata({ collection: 'birds', ensemble: ['one', 'two'] }));

  it('declares a dataset of images in the format of a stated release', () => {
    expect(metadata).toMatchObject({ name: 'birds', media_type: 'image', info: { ensemble: ['one', 'two'] } });
    expect(metadata.version).toMatch(/^\d+\.\d+\.\d+$/);
  });

  it('declares every field that a sample has', () => {
    const { samples } = JSON.parse(fiftyOneSamples([handed('one', 'n01')], places));
    const declared = metadata.sample_fields.map(({ db_field }: { db_field: string }) => db_field);
    // FiftyOne sets these three when it imports the samples.
    const imported = ['created_at', 'last_modified_at', '_dataset_id'];
    expect(declared.toSorted()).toEqual([...Object.keys(samples[0]), ...imported].toSorted());
  });
});
