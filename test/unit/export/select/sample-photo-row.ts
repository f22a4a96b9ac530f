import { photoRowSchema, type PhotoRow } from '../../../../src/export/select/photo-row.ts';
import { sha256Of } from '../../../support/sha256.ts';

export function photoRow(given: Partial<PhotoRow> = {}): PhotoRow {
  const sha256 = sha256Of(given.id ?? 'photo');
  return photoRowSchema.parse({
    file_name: `n01440764/${given.id ?? 'p0'}.jpg`,
    id: 'p0',
    label: 0,
    wnid: 'n01440764',
    class_name: 'tench',
    sha256,
    original_sha256: sha256,
    source: 'inaturalist',
    source_id: '17',
    source_url: 'https://static.example.org/17/original.jpg',
    page_url: 'https://www.example.org/photos/17',
    creator: 'Ana Dias',
    license: 'CC-BY-NC-4.0',
    license_url: 'https://creativecommons.org/licenses/by-nc/4.0/',
    attribution: '',
    width: 640,
    height: 480,
    max_true_prob: 0.1,
    predicted_wnid: 'n01443537',
    predicted_prob: 0.6,
    tags: [],
    decided_by: 'single',
    ...given,
  });
}
