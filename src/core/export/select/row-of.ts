import type { Sha256 } from '../../kernel/ids.ts';
import type { PictureChange } from '../../kernel/picture-change.ts';
import { attributionText, rightsTexts, webAddress } from '../card/attribution.ts';
import type { PhotoRow } from './photo-row.ts';
import type { Protocol } from '../protocol.ts';
import { photoId } from '../revisions/revision-id.ts';
import type { SelectedPhoto } from './select.ts';
import type { Mode } from '../../kernel/mode.ts';
import { EXPORT_MODES } from '../modes.ts';

export interface ExportedFile {
  readonly extension: 'jpg' | 'png';
  readonly sha256: Sha256;
  readonly change: PictureChange;
  readonly width: number;
  readonly height: number;
}

export interface RowContext {
  readonly mode: Mode;
  readonly classOf: ReadonlyMap<string, Protocol['classes'][number]>;
  /** True if the collection has controls. */
  readonly hasSplit: boolean;
  /** The name of a photo's file in its folder, if it is not the id. Called with each photo in order. */
  readonly nameFor: ((row: PhotoRow, photo: SelectedPhoto) => string) | null;
}

function originalOf(photo: SelectedPhoto, { width, height }: ExportedFile) {
  return {
    original_width: photo.originalWidth ?? width,
    original_height: photo.originalHeight ?? height,
    origin: photo.origin ?? '',
    restrictions: [...(photo.restrictions ?? [])],
    usage_signals: [...(photo.signals ?? [])],
    taken_at: photo.takenAt ?? '',
    uploaded_at: photo.uploadedAt ?? '',
  };
}

export function rowOf(photo: SelectedPhoto, file: ExportedFile, context: RowContext): PhotoRow {
  const { folder, rights, confusionWnid, confusionProb, decidedBy } = photo;
  const label = context.classOf.get(folder);
  if (rights === null || confusionWnid === null || confusionProb === null || decidedBy === null || label === undefined)
    throw new Error(`Expected rights, a confusion and a verdict of the photo ${photo.sha256} in ${folder}`);
  const id = photoId(photo.sha256);
  const { page_url, creator, license, license_url } = rightsTexts(rights);
  const origin = {
    file_name: `${folder}/${id}.${file.extension}`,
    id,
    label: label.label,
    wnid: folder,
    class_name: label.name,
    sha256: file.sha256,
    original_sha256: photo.sha256,
    source: rights.source,
    source_id: rights.sourceId,
    // The address of a file would tell strangers the folders of this machine.
    source_url: webAddress(rights.url),
    page_url,
    creator,
    license,
    license_url,
  };
  const content = {
    width: file.width,
    height: file.height,
    ...originalOf(photo, file),
    max_true_prob: photo.maxTrueProb,
    predicted_wnid: confusionWnid,
    predicted_prob: confusionProb,
    tags: [...photo.tags],
    decided_by: decidedBy,
    also_wnids: [...photo.alsoWnids],
    ...(EXPORT_MODES[context.mode].hasSearchedWnid ? { searched_wnid: photo.wnid } : {}),
    ...(context.hasSplit ? { split: photo.split } : {}),
    ...(photo.isImported ? { evidence: 'imported' as const } : {}),
  };
  const attribution = attributionText({
    ...origin,
    ...content,
    change: file.change,
    isStated: rights.rightsBy === 'curator',
  });
  const row = { ...origin, attribution, ...content };
  return context.nameFor === null || photo.split === 'control'
    ? row
    : { ...row, file_name: `${folder}/${context.nameFor(row, photo)}` };
}
