import * as z from 'zod';
import { httpUrl, perMinute, setting } from '../setting.ts';
import { defineSource } from './source.ts';

const BUCKET = 'https://inaturalist-open-data.s3.amazonaws.com';

export const inaturalistOpenData = defineSource({
  name: 'inaturalist-open-data',
  key: 'inaturalistOpenData',
  isSearched: false,
  line: 'inaturalist',
  title: 'iNaturalist Open Data',
  homepage: 'https://github.com/inaturalist/inaturalist-open-data',
  collectionType: 'Secondary Data analysis',
  settings: {
    url: setting(
      z.string().trim().min(1).describe('a folder or an http(s) URL'),
      BUCKET,
      'Folder or URL of the open-data dump (taxa, observations, observers, photos .csv.gz).',
    ),
    mediaUrl: setting(httpUrl(), BUCKET, 'Address of the bucket with the photos of the dump.'),
    mediaRequestsPerMinute: setting(perMinute(), 1_200, 'Photos a minute from the bucket of mediaUrl.'),
  },
  // Amazon provides the bucket for downloads. iNaturalist's own budgets do not apply to it.
  limits: ({ mediaUrl, mediaRequestsPerMinute }) => ({
    mediaHosts: [new URL(mediaUrl).host],
    mediaRequestsPerMinute,
  }),
  addresses: ({ url, mediaUrl }) => [url, mediaUrl],
});
