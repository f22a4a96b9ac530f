import { describe, expect, it } from 'vitest';
import { blobPlaceOf, isSamePlace, placeText } from '../../../../../src/core/platform/blobs/blob-place.ts';

const nothing = { url: null, endpoint: null, region: null, pathStyle: null };
const minio = { ...nothing, url: 's3://photos/lab/', endpoint: 'http://me:secret@127.0.0.1:9000/x' };

describe('blobPlaceOf', () => {
  it('is the folder blobs below the data folder, unless a bucket is named', () => {
    expect(blobPlaceOf(nothing, '/data')).toEqual({ kind: 'folder', folder: '/data/blobs' });
  });

  it('makes of a URL a bucket and a prefix with one slash at its end', () => {
    const prefixOf = (url: string) => blobPlaceOf({ ...nothing, url }, '/data');
    expect(prefixOf('s3://photos')).toMatchObject({ kind: 's3', bucket: 'photos', prefix: '' });
    expect(prefixOf('s3://photos/')).toMatchObject({ bucket: 'photos', prefix: '' });
    expect(prefixOf('s3://photos//lab/one//')).toMatchObject({ bucket: 'photos', prefix: 'lab/one/' });
  });

  it("leaves Amazon's region to its client, and addresses other services by path", () => {
    expect(blobPlaceOf({ ...nothing, url: 's3://photos' }, '/data')).toMatchObject({ region: null, pathStyle: false });
    expect(blobPlaceOf(minio, '/data')).toMatchObject({ region: 'us-east-1', pathStyle: true });
    const given = { ...minio, region: 'garage', pathStyle: false };
    expect(blobPlaceOf(given, '/data')).toMatchObject({ region: 'garage', pathStyle: false });
  });
});

it('placeText names the bucket and the service, and no password', () => {
  expect(placeText(blobPlaceOf(nothing, '/data'))).toBe('/data/blobs');
  expect(placeText(blobPlaceOf({ ...nothing, url: 's3://photos' }, '/data'))).toBe('s3://photos/');
  expect(placeText(blobPlaceOf(minio, '/data'))).toBe('s3://photos/lab/ at http://127.0.0.1:9000');
});

it('isSamePlace goes by what is named, however it is written', () => {
  const place = (url: string | null, endpoint: string | null = null) =>
    blobPlaceOf({ ...nothing, url, endpoint }, '/data');
  expect(isSamePlace(place('s3://photos/lab'), place('s3://photos/lab/'))).toBe(true);
  expect(isSamePlace(place('s3://photos/lab'), place('s3://photos/lab', 'http://h:1'))).toBe(false);
  expect(isSamePlace(place(null), place('s3://photos'))).toBe(false);
});
