import { stringify } from 'csv-stringify/sync';
import type { ReportedPhoto } from './reported-photo.repository.ts';

const COLUMNS = [
  'sha256',
  'wnid',
  'confusionWnid',
  'maxTrueProb',
  'confusionProb',
  'isListed',
  'verdict',
  'tags',
  'source',
  'licence',
  'creator',
] as const;

export function photosCsv(photos: readonly ReportedPhoto[]): string {
  const rows = photos.map((photo) => {
    const cells = { ...photo, ...photo.rights, isListed: photo.rank !== null, tags: photo.tags.join(' ') };
    return COLUMNS.map((name) => cells[name]);
  });
  return stringify([[...COLUMNS], ...rows], { record_delimiter: '\n', cast: { boolean: (value) => String(value) } });
}
