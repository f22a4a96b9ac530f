import type { Sha256 } from '../kernel/ids.ts';
import type { PhotoRow } from './photo-row.ts';
import type { Protocol } from './protocol.ts';
import { photoId } from './revision-id.ts';
import type { SelectedPhoto } from './select.ts';

/** The file of a photo in `test/`. */
export interface ExportedFile {
  readonly extension: 'jpg' | 'png';
  readonly sha256: Sha256;
  /** Pixels. */
  readonly width: number;
  readonly height: number;
}

/** What a row needs besides the photo and its file. */
export interface RowContext {
  readonly mode: 'A' | 'O';
  readonly classOf: ReadonlyMap<string, Protocol['classes'][number]>;
  /** The text of a source in the form in which tables have it. */
  readonly textsOf: (photo: SelectedPhoto) => Pick<PhotoRow, 'creator' | 'page_url' | 'license' | 'license_url'>;
  readonly attributionOf: (row: Omit<PhotoRow, 'attribution'>) => string;
  /** The name of a file without its extension: the id, unless other names are asked for. */
  readonly nameOf: (row: Pick<PhotoRow, 'id' | 'wnid'>, photo: SelectedPhoto) => string;
}

/**
 * The row of a photo in `test/metadata.jsonl`.
 *
 * @param folder its folder in `test/`
 */
export function rowOf(photo: SelectedPhoto, folder: string, file: ExportedFile, context: RowContext): PhotoRow {
  const { rights, confusionWnid, confusionProb, decidedBy } = photo;
  const label = context.classOf.get(folder);
  if (rights === null || confusionWnid === null || confusionProb === null || decidedBy === null || label === undefined)
    throw new Error(`Expected rights, a confusion and a verdict of the photo ${photo.sha256} in ${folder}`);
  const id = photoId(photo.sha256);
  const origin = {
    file_name: `${folder}/${context.nameOf({ id, wnid: folder }, photo)}.${file.extension}`,
    id,
    label: label.label,
    wnid: folder,
    class_name: label.name,
    sha256: file.sha256,
    original_sha256: photo.sha256,
    source: rights.source,
    source_id: rights.sourceId,
    // The address of a file would tell strangers the folders of this machine.
    source_url: /^https?:/i.test(rights.url) ? rights.url : '',
    ...context.textsOf(photo),
  };
  const content = {
    width: file.width,
    height: file.height,
    max_true_prob: photo.maxTrueProb,
    predicted_wnid: confusionWnid,
    predicted_prob: confusionProb,
    tags: [...photo.tags],
    decided_by: decidedBy,
    ...(context.mode === 'O' ? { searched_wnid: photo.wnid } : {}),
  };
  return { ...origin, attribution: context.attributionOf({ ...origin, ...content }), ...content };
}
